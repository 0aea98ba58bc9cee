"""Drawing of plots as SVG that takes its colours and its font from the page around it."""

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from metatune.files.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["INK", "LINE", "MUTED", "SERIES", "SIZE", "draw_svg", "short_label"]

INK, MUTED, LINE, _BACK = "#010203", "#020304", "#030405", "#040506"
SERIES = ("#a00001", "#a00002", "#a00003", "#a00004")
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    _BACK: "var(--card)",
    **{colour: f"var(--c{place})" for place, colour in enumerate(SERIES, start=1)},
}
"""Colours that stand for those of the page, so that a plot follows its dark mode."""

SIZE = (4.9, 3.3)  # inches; a unit of the picture is about a pixel on a phone
_LONGEST = 24  # characters of a label
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "font.size": 10,
    "axes.titlesize": 10.5,
    "legend.fontsize": 9,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": LINE,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.8,
}
_OWN_TITLE = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_GROUP_IDS = re.compile(r'<g id="[^"]*"')
SIZES = re.compile(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"')
_FONT = re.compile(r"font: ([\d.]+px|[^']*?px) [^;\"]*")


def draw_svg(
    salt: str,
    draw: "Callable[[Axes], None]",
    label: str,
    *,
    size: tuple[float, float] = SIZE,
) -> str:
    """Draw on new axes; return an SVG element whose ids are those of this plot alone.

    Parameters
    ----------
    salt : str
        Name of the plot, different from those of other plots of the page.
    draw : callable
        Draws on axes.
    label : str
        Description for those who do not see it; no text from the data.
    size : tuple of float
        Width and height in inches.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: Any = {**_STYLE, "svg.hashsalt": salt}
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # characters that its own fonts lack are the page's to show
        figure = Figure(figsize=size, layout="constrained")
        axes: Any = figure.add_subplot()
        draw(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(text.getvalue(), label)


def _for_page(svg: str, label: str) -> str:
    """Fit a picture into a page: no size, no ids of groups, the colours and font of the page."""
    svg = svg[svg.index("<svg") :]
    svg = _OWN_TITLE.sub("", svg)
    svg = _GROUP_IDS.sub("<g", svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height|version|xmlns(:xlink)?)="[^"]*"', "", head)
    rest = _FONT.sub(r"font-size: \1", rest)
    for colour, variable in _VARIABLES.items():
        rest = rest.replace(colour, variable)
    return f'{head} role="img" aria-label="{label}">{rest.strip()}'


def short_label(text: str) -> str:
    """Return a text from the data as a label: one line, not too long."""
    text = visible(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
