"""Reference by which users name a dataset or a task of OpenML."""

import re
from dataclasses import dataclass

from metatune.errors import OptionError

__all__ = ["Reference"]

_REFERENCE = re.compile(r"openml:(?P<task>task/)?(?P<number>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Reference such as ``openml:31`` (a dataset) or ``openml:task/31``."""

    number: int
    is_task: bool

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference.

        Raises
        ------
        OptionError
            If it is none.
        """
        match = _REFERENCE.fullmatch(text.strip())
        if match is None:
            raise OptionError(
                f"{text!r} names nothing on OpenML: use openml:31 for a dataset or openml:task/31"
            )
        return cls(number=int(match["number"]), is_task=match["task"] is not None)
