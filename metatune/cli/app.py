"""The command `metatune`: a group whose commands are imported when they are called."""

import importlib
import os
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from metatune.errors import InputError, MetadataError, MetatuneError
from metatune.files.text import short_path, visible

__all__ = ["LazyGroup", "cli"]

_COMMANDS = {
    "fit": "Find and fit the best pipeline for a table, in time.",
    "continue": "Go on with a run that was interrupted, or give it more time.",
    "predict": "Predict the rows of a table.",
    "evaluate": "Judge a model on rows whose target is known.",
    "recommend": "Say what is worth trying, without training.",
    "describe": "Say how a table is understood.",
    "space": "Show the search spaces, as a file to edit.",
    "leaderboard": "Show the trials of a run.",
    "report": "Write a run's report: one page for the browser.",
    "explain": "Say what a model looks at, and why it was tried.",
    "importance": "Say which hyperparameters of a run mattered.",
    "export": "Write the model of a run as a script without metatune.",
    "strategies": "List the tuning methods that fit may follow.",
    "metadata": "Look at the meta-dataset.",
}
_PLACES = {"continue": ("continuing", "continue_run")}  # a word of Python names no module
_EXAMPLE = "metatune fit data.csv --target price --budget 10m"

_WIDEST = 1_000  # columns of help: as many as the terminal has

USER_AT_FAULT = 2
INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that lists its commands without importing them, and reports errors in one line.

    Parameters
    ----------
    lazy : dict of str to str
        One line of help for each command; the command ``name`` is ``metatune.cli.name:name``.
    """

    def __init__(self, *arguments: Any, lazy: dict[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._lazy:
            return None
        module, name = _PLACES.get(cmd_name, (cmd_name, cmd_name))
        command = getattr(importlib.import_module(f"metatune.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], self._lazy, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"use {', '.join(self._lazy)}"
            raise click.UsageError(f"there is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lazy.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; that a file ends too early is no interruption, as click takes it."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise RuntimeError(f"unexpected end of a file ({error})") from error

    def main(  # type: ignore[override]  # nobody calls it with standalone_mode=False
        self, args: Sequence[str] | None = None, **options: Any
    ) -> NoReturn:
        """Run a command; every foreseen error becomes one line and an exit code."""
        options = {**options, "standalone_mode": False, "prog_name": "metatune"}
        code = 0
        try:
            code = super().main(args, **options)
        except click.ClickException as error:
            _fail(_explained(error), USER_AT_FAULT)
        except (InputError, MetadataError) as error:
            _fail(str(error), USER_AT_FAULT)
        except MetatuneError as error:
            _fail(str(error), 1)
        except OSError as error:
            if error.filename is None:
                raise  # no file of the user's
            _fail(_about_file(error), USER_AT_FAULT)
        except (click.Abort, KeyboardInterrupt):
            from metatune.cli.interrupts import last_words

            click.echo(visible(last_words()), err=True)
            raise SystemExit(INTERRUPTED) from None
        raise SystemExit(code if isinstance(code, int) else 0)


def _about_file(error: OSError) -> str:
    """Say what the system said about a path that was named: too long, forbidden, no room."""
    path = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename)
    return f"cannot use {short_path(path)}: {error.strerror}"


def _explained(error: click.ClickException) -> str:
    """Name the help of the command that was called wrongly."""
    text = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    return text if ctx is None else f"{text}; see {ctx.command_path} --help"


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"metatune: error: {visible(' '.join(message.split()))}", err=True)
    raise SystemExit(code)


@click.command(
    cls=LazyGroup,
    lazy=_COMMANDS,
    help=f"Recommend, try and fit models for tables within a time budget.\n\n  {_EXAMPLE}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST},
    invoke_without_command=True,
)
@click.version_option(package_name="metatune", message="metatune %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Show the help where no command is named."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
