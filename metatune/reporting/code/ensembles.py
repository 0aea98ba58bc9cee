"""Code of an ensemble: the weighted mean of models, with a second layer that learns from them.

A second layer learned from what models of folds predicted for rows held out. The saved model has
those of all rows alone, so a script fits them again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metatune.reporting.code.members import SavedPart, SavedParts, SavedSecond
from metatune.reporting.code.models import PREDICTIONS, ModelCode, prediction_names
from metatune.reporting.code.writing import Raw, render

if TYPE_CHECKING:
    from metatune.evaluation.trial_data import TrialData

__all__ = ["ensemble_constants", "ensemble_source"]


def ensemble_constants(saved: SavedParts, data: "TrialData") -> dict[str, Any]:
    """Return the constants of a script about its second layer; none without one.

    Parameters
    ----------
    saved : SavedParts
    data : TrialData
    """
    if saved.second is None:
        return {}
    n_predictions = saved.second.learners[0].n_predictions
    return {
        PREDICTIONS: prediction_names(n_predictions, data.task.layout),
        "SHARES": [
            [(place, float(saved.parts[place].share)) for place in places]
            for places in saved.second.columns
        ],
    }


def ensemble_source(saved: SavedParts, codes: Sequence[ModelCode], data: "TrialData") -> list[str]:
    """Return the code of the weighted mean of several models.

    Parameters
    ----------
    saved : SavedParts
    codes : sequence of ModelCode
        One for each of its models.
    data : TrialData
    """
    coded = dict(zip(map(id, saved.everything), codes, strict=True))
    entries = []
    for part in saved.parts:
        weight, made = float(f"{part.weight:.17g}"), coded[id(part)].call
        held_out = Raw(text="None") if part.fold is None else part.fold
        entries.append((weight, held_out, made) if saved.is_averaged else (weight, made))
    what = "weight, fold that was held out, model" if saved.is_averaged else "weight and model"
    members = (
        "def members():\n"
        f'    """Return what the ensemble is made of: {what}."""\n'
        f"    return {render(entries, 4, 11, 0)}"
    )
    sources = [members]
    if _lacks_classes(saved, data):
        sources.insert(0, _ALL_CLASSES)
    if saved.second is not None:
        sources += _second_sources(saved, saved.second, coded, data)
    return [*sources, _ensemble_class(saved, data)]


_ALL_CLASSES = '''
def probabilities(model, X):
    """Predict all classes; one that a fold lacked gets a small probability."""
    full = np.full((len(X), len(CLASSES)), 1e-3)
    full[:, model.classes_] = model.predict_proba(X)
    return full / full.sum(axis=1, keepdims=True)
'''


def _lacks_classes(saved: SavedParts, data: "TrialData") -> bool:
    if not data.task.n_classes:
        return False
    return any(len(part.model.classes_) < data.task.n_classes for part in saved.everything)


def _predicted(saved: SavedParts, data: "TrialData", rows: str) -> str:
    """Return the code that predicts rows."""
    if _lacks_classes(saved, data):
        return f"probabilities(model, {rows})"
    return f"model.predict{'_proba' if data.task.n_classes else ''}({rows})"


def _second_sources(
    saved: SavedParts, second: SavedSecond, coded: "dict[int, ModelCode]", data: "TrialData"
) -> list[str]:
    """Return the functions that the second layer is made of."""

    def calls(parts: Sequence[SavedPart]) -> list[Any]:
        return [coded[id(part)].call for part in parts]

    learners = [
        (float(f"{part.weight:.17g}"), part.is_blind, coded[id(part)].call)
        for part in second.learners
    ]
    models = [calls(parts) for parts in second.held_out]
    return [
        "def models_of_folds():\n"
        '    """Return the models of folds of each member, which predict rows held out."""\n'
        f"    return {render(models, 4, 11, 0)}",
        "def second_layer():\n"
        '    """Return what learns from these: weight, whether it sees them alone, model."""\n'
        f"    return {render(learners, 4, 11, 0)}",
        _held_out_source(saved, data),
    ]


def _held_out_source(saved: SavedParts, data: "TrialData") -> str:
    texts = bool(data.task.layout.n_predicted)
    shape = "(len(y), len(CLASSES))" if data.task.n_classes else "len(y)"
    times = "(len(y), 1)" if data.task.n_classes else "len(y)"
    lines = [
        f"def predict_held_out(models, X, y, folds{', counts' if texts else ''}):",
        '    """Predict each row by models that were fitted without it."""',
        f"    total, times = np.zeros({shape}), np.zeros({times})",
        "    for rows, model in zip(folds, models):",
    ]
    if texts:
        lines += [
            "        texts, seen, unseen = TextModel(), X[rows].copy(), X[~rows].copy()",
            "        seen[TEXT_COLUMNS] = texts.fit_transform(",
            "            counts[rows], text_targets(y)[rows], y[rows]",
            "        )",
            "        unseen[TEXT_COLUMNS] = texts.transform(counts[~rows])",
        ]
    seen, unseen = ("seen", "unseen") if texts else ("X[rows]", "X[~rows]")
    return "\n".join(
        [
            *lines,
            f"        model.fit({seen}, y[rows])",
            f"        total[~rows] += {_predicted(saved, data, unseen)}",
            "        times[~rows] += 1",
            "    return (total / times).astype(np.float32)",
        ]
    )


def _ensemble_class(saved: SavedParts, data: "TrialData") -> str:
    method = "predict_proba" if data.task.n_classes else "predict"
    title = "Weighted mean of models" + (
        "." if saved.second is None else ", of which some learn from what others predict."
    )
    lines = [
        "class Ensemble(BaseEstimator):",
        f'    """{title}"""',
        "",
        *_fit_lines(saved, data),
        "",
        f"    def {method}(self, X):",
    ]
    predicted = _predicted(saved, data, "X")
    if saved.second is None:
        lines.append(f"        return sum(weight * {predicted} for weight, model in self.models_)")
        return "\n".join(lines)
    lines += [
        f"        said = [{predicted} for _, model in self.models_]",
        "        total = sum(weight * part for (weight, _), part in zip(self.models_, said))",
        "        means = [sum(part * said[place] for place, part in shares) for shares in SHARES]",
        f"        columns = {_columns(data)}(means)",
        "        for weight, alone, model in self.second_:",
        f"            total = total + weight * model.{method}(beside(X, columns, alone))",
        "        return total",
    ]
    return "\n".join(lines)


def _columns(data: "TrialData") -> str:
    """Name the part that makes columns of predictions."""
    n_classes = data.task.n_classes
    return "shares_as_columns" if n_classes > 2 else "odds" if n_classes else "values_as_columns"


def _fit_lines(saved: SavedParts, data: "TrialData") -> list[str]:
    texts = bool(data.task.layout.n_predicted)
    counts = ", counts" if texts and saved.needs_folds else ""
    lines = [f"    def fit(self, X, y{counts}):"]
    if saved.needs_folds:
        lines.append("        folds = folds_of_rows(y)")
    if not saved.is_averaged:
        lines.append(
            "        self.models_ = [(weight, model.fit(X, y)) for weight, model in members()]"
        )
    else:
        lines += _averaged_lines(texts=texts)
    if saved.second is not None:
        lines += [
            "        held_out = [",
            f"            predict_held_out(models, X, y, folds{counts})",
            "            for models in models_of_folds()",
            "        ]",
            f"        columns = {_columns(data)}(held_out)",
            "        self.second_ = [",
            "            (weight, alone, model.fit(beside(X, columns, alone), y))",
            "            for weight, alone, model in second_layer()",
            "        ]",
        ]
    return [*lines, "        return self"]


def _averaged_lines(*, texts: bool) -> list[str]:
    lines = [
        "        self.models_ = []",
        "        for weight, held_out, model in members():",
        "            rows = np.full(len(y), True) if held_out is None else folds[held_out]",
    ]
    if not texts:
        return [*lines, "            self.models_.append((weight, model.fit(X[rows], y[rows])))"]
    return [
        *lines,
        "            seen = X[rows].copy()",
        "            if held_out is not None:",
        "                seen[TEXT_COLUMNS] = TextModel().fit_transform(",
        "                    counts[rows], text_targets(y)[rows], y[rows]",
        "                )",
        "            self.models_.append((weight, model.fit(seen, y[rows])))",
    ]
