"""The command line: ``metatune`` and ``python -m metatune``."""

from metatune.cli.process import run

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    run()


if __name__ == "__main__":
    main()
