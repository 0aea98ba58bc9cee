"""Numbers, durations and sizes as people read them: three to four significant digits.

Files and JSON hold numbers in full; these functions are for everything that is shown.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "duration",
    "milliseconds",
    "number",
    "percent",
    "quantity",
    "settings",
    "short",
    "short_settings",
    "signed",
    "size",
]

_SMALLEST, _LARGEST = -6, 12  # powers of ten between which no exponent is needed
_MINUTES_FROM = 120  # seconds
_FRACTION = re.compile(r"(?<==)-?\d+(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)(?=,|$)")


def signed(value: float) -> str:
    """Write a difference as `number` does, with its sign."""
    return f"{'-' if value < 0 else '+'}{number(abs(value))}"


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with so many significant digits; ``-`` where there is none.

    Parameters
    ----------
    value : float or None
    digits : int
        Zeros at the end are kept, so that scores stand below each other.

    Examples
    --------
    >>> [number(value) for value in (0.91234, 170.0, 12345.678, 0.0000123)]
    ['0.9123', '170.0', '12,350', '0.0000123']
    """
    if value is None or math.isnan(value):
        return "-"
    if not math.isfinite(value):
        return "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    rounded = f"{value:.{digits - 1}e}"
    power = int(rounded.partition("e")[2])
    if not _SMALLEST <= power < _LARGEST:
        return f"{float(rounded):.{digits}g}"
    text = f"{float(rounded):,.{max(0, digits - 1 - power)}f}"
    return text.rstrip("0") if power < -2 else text


def quantity(value: float | None) -> str:
    """Write a number that may be a count: whole numbers in full, others as `number` does."""
    if value is not None and math.isfinite(value) and value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return number(value)


def duration(seconds: float) -> str:
    """Write a duration in the units that suit it: ``40 ms``, ``1.2 s``, ``10 min 5 s``."""
    if seconds <= 0:
        return "0 s"
    if seconds < 0.095:
        return milliseconds(seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < _MINUTES_FROM:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def milliseconds(seconds: float | None) -> str:
    """Write a latency in milliseconds, ``-`` where it is not known."""
    said = short(None if seconds is None else 1e3 * seconds)
    return said if said == "-" else f"{said} ms"


def size(n_bytes: float | None) -> str:
    """Write the size of a file: kB below a megabyte, GB above a thousand."""
    if n_bytes is None or math.isnan(n_bytes):
        return "-"
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= 0.9995 * factor:
            return f"{short(n_bytes / factor)} {unit}"
    return f"{n_bytes:.0f} bytes"


def short(value: float | None) -> str:
    """Write three significant digits without zeros at the end."""
    text = number(value, 3)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def percent(share: float) -> str:
    """Write a share in percent; what is more than nothing is not called 0 %."""
    return "<1 %" if 0.0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def settings(params: Mapping[str, Any], joint: str = ", ") -> str:
    """Write hyperparameters: ``alpha=0.01, depth=3``."""
    return joint.join(f"{name}={_setting(value)}" for name, value in params.items())


def short_settings(configuration: str) -> str:
    """Return the hyperparameters of a configuration's text, ``knn(k=3, p=1.23457)``, as short."""
    inner = configuration.partition("(")[2].rstrip(")")
    return _FRACTION.sub(lambda match: short(float(match[0])), inner)


def _setting(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)
