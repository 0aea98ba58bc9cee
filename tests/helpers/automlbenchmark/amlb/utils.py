"""Stand-in of the AutoML benchmark's utilities."""

from typing import Any

CALLS: list[tuple[Any, ...]] = []


def run_script(script_path: str, *arguments: str, **options: Any) -> None:
    """Note a script instead of running it."""
    CALLS.append((script_path, arguments, options))
