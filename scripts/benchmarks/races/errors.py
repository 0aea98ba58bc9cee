"""Errors of races."""

import click

__all__ = ["RaceError"]


class RaceError(click.ClickException):
    """Error of the user's input: a single line, and exit code 2."""

    exit_code = 2
