"""Every law catches what no other does, or it says why it is there."""

from tests.benchmarks.kill_matrix import PAGE
from tests.benchmarks.needed_laws import (
    enough,
    of_any_cell,
    of_unknown_kinds,
    on_record,
)


def test_those_that_catch_most_come_first_until_nothing_is_left() -> None:
    caught = [("one", "two"), ("one",), ("two", "three"), ("four",), ()]

    assert enough(caught, {"one", "two", "three"}) == [("one", 2), ("three", 1)]


def test_a_law_that_is_not_needed_is_argued_for_in_the_docs() -> None:
    text = PAGE.read_text("utf-8").partition("## Laws that others could replace")[2]
    needed = {name for name, _ in (*of_any_cell(), *of_unknown_kinds())}

    assert len(on_record()) > 90
    assert not [name for name in on_record() - needed if f"`{name}`" not in text]
