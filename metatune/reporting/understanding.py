"""Sections of a report about columns: what the model looks at, and how each was treated."""

from metatune.data.wording import counted
from metatune.reporting import markup, plots
from metatune.reporting.view import RunView
from metatune.reporting.wording import number, share
from metatune.storage.findings import ColumnFinding, Importances

__all__ = ["understanding_sections"]

_DRAWN = 15
_LISTED = 40
_MOST_COLUMNS = 300  # that are listed; a page of thousands helps nobody
_LONGEST = 60
_CHANCE = "cannot be told from chance"


def understanding_sections(view: RunView) -> list[markup.Section | None]:
    """Return the sections about importances and about columns."""
    return [_importances(view), _columns(view)]


def _importances(view: RunView) -> markup.Section | None:
    findings = view.findings
    found = findings.importances
    if found is None:
        if not findings.not_measured:
            return None
        said = f"Not measured: {markup.text(findings.not_measured)}."
        later = "With the rows at hand they can be: <code>metatune explain DIR --data FILE</code>."
        return markup.section(
            "importance", "What the model looks at", markup.paragraph(said, later)
        )
    shown = [one for one in found.columns if one.high > 0][:_DRAWN] or list(found.columns[:_DRAWN])
    picture = plots.importance_plot(
        [", ".join(one.columns) for one in shown],
        [one.mean for one in shown],
        [(one.low, one.high) for one in shown],
        found.metric,
    )
    return markup.section(
        "importance",
        "What the model looks at",
        markup.paragraph(*_said(found)),
        f'<div class="wide">{picture}</div>',
        _table(found),
        _dependences(found),
    )


def _said(found: Importances) -> list[str]:
    seen = (
        "that its members had not seen"
        if found.held_out
        else "that it was trained on, so that importances may be too large"
    )
    said = [
        f"What {markup.text(found.metric)} loses when the cells of a column are shuffled among "
        f"{counted(found.n_rows, 'row')} {seen} (permutation importance), with {share(0.9)} "
        "intervals. "
        f"With all columns as they are it is {number(found.score)} there.",
        "Columns that say the same share their importance: each can be missed while the other is "
        "there. An importance is no cause.",
    ]
    if found.n_left_out:
        said.append(f"For {counted(found.n_left_out, 'column')} the time did not suffice.")
    return said


def _table(found: Importances) -> str:
    rows = [
        (
            markup.name(", ".join(one.columns), _LONGEST),
            number(one.mean),
            f"{number(one.low)} to {number(one.high)}",
            markup.text(one.effect) if one.low > 0 else _CHANCE,
        )
        for one in found.columns[:_LISTED]
    ]
    more = len(found.columns) - _LISTED
    rest = markup.paragraph(f"{counted(more, 'further column')} matter less.", small=True)
    headings = ("column", "importance", "90 % interval", "effect")
    return markup.table(headings, rows, right=(1, 2)) + (rest if more > 0 else "")


def _dependences(found: Importances) -> str:
    drawn = [
        plots.dependence_plot(
            ", ".join(one.columns),
            one.dependence.labels,
            one.dependence.positions,
            list(zip(one.dependence.outputs, one.dependence.values, strict=True)),
            place=place,
        )
        for place, one in enumerate(found.columns)
        if one.dependence is not None
    ]
    if not drawn:
        return ""
    said = (
        "Mean prediction if the column had the value in all rows, the others left as they are "
        "(partial dependence). Where columns go together some of these rows do not exist."
    )
    inner = "".join(f"<div>{picture}</div>" for picture in drawn)
    return (
        f"<h3>How predictions follow the leading columns</h3>{markup.paragraph(said, small=True)}"
        f'<div class="plots">{inner}</div>'
    )


def _columns(view: RunView) -> markup.Section | None:
    columns = view.findings.columns
    rows = [_row(column, view.record.task.n_rows) for column in columns[:_MOST_COLUMNS]]
    more = len(columns) - len(rows)
    kinds: dict[str, int] = {}
    for column in columns[len(rows) :]:
        kinds[column.kind] = kinds.get(column.kind, 0) + 1
    listed = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    rest = markup.paragraph(f"And {counted(more, 'further column')}: {listed}.", small=True)
    if not rows:
        return None
    return markup.section(
        "columns",
        "How columns were understood",
        markup.table(("column", "kind", "missing", "distinct", "treatment"), rows, right=(2, 3)),
        rest if more > 0 else "",
    )


def _row(column: ColumnFinding, n_rows: int) -> tuple[str, ...]:
    missing = f"{100 * column.n_missing / max(1, n_rows):.3g} %" if column.n_missing else ""
    note = markup.text(column.note[:300])
    return (
        markup.name(column.name, _LONGEST),
        markup.text(column.kind),
        missing,
        f"{column.n_unique:,}",
        markup.cell(markup.text(column.treatment), small=note),
    )
