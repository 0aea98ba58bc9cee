"""Words of messages."""

from metatune.data.wording import counted, listed


def test_a_number_and_its_noun_agree() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(1_200, "row") == "1,200 rows"


def test_names_are_quoted_and_the_others_counted() -> None:
    assert listed(["a", "it's"]) == "'a', \"it's\""
    assert listed(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert listed(("a", "b", "c"), at_most=1) == "'a' and 2 more"
