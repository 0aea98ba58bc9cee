"""Reference pages: what the docstrings and the options say, as it stands now."""

import pytest

import metatune
from reference import COMMAND, DOCS, PAGES, PARTS, api_page


@pytest.mark.parametrize("name", PAGES)
def test_reference_says_what_the_source_says(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), f"run {COMMAND}"


def test_everything_public_is_in_the_reference() -> None:
    told = {name for _, module, names in PARTS if module == "metatune" for name in names}
    errors = {name for name in metatune.__all__ if name.endswith("Error")}
    assert told | errors | {"__version__"} >= set(metatune.__all__)


def test_parameters_become_a_list() -> None:
    page = api_page()
    assert "- `budget` (str or float):" in page
    assert "Parameters\n---" not in page
