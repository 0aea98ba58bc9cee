"""Completion in the shell: commands, options and names of files."""

from click.shell_completion import BashComplete, CompletionItem

from metatune.cli.app import cli


def completed(words: list[str], incomplete: str) -> list[CompletionItem]:
    return BashComplete(cli, {}, "metatune", "_METATUNE_COMPLETE").get_completions(
        words, incomplete
    )


def test_commands_complete() -> None:
    assert "predict" in [item.value for item in completed([], "pre")]


def test_options_complete() -> None:
    found = [item.value for item in completed(["fit", "data.csv"], "--bud")]
    assert found == ["--budget"]


def test_names_of_tables_and_models_are_completed_by_the_shell() -> None:
    for words in (["fit"], ["predict"], ["predict", "run.metatune"], ["leaderboard"]):
        assert [item.type for item in completed(words, "da")] == ["file"]
