"""Stand-in of the AutoML benchmark's module that starts frameworks."""

from typing import Any


def run_in_venv(caller_file: str, script_file: str, **options: Any) -> dict[str, Any]:
    """Return what would be sent, instead of a framework's answer."""
    return {"caller": caller_file, "script": script_file, **options}
