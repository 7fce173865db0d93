"""What the README claims about the project is so."""

import pytest

from tests.laws_table import BEGIN, END, README, renewed

TEXT = README.read_text("utf-8")


def test_the_table_of_laws_is_up_to_date() -> None:
    assert renewed(TEXT) == TEXT, "stale: run python -m tests.laws_table"


def test_the_table_stands_between_two_marks() -> None:
    assert (TEXT.count(BEGIN), TEXT.count(END)) == (1, 1)


@pytest.mark.parametrize("name", ["main job", "tests"])
def test_each_command_that_ci_runs_is_marked_once(name: str) -> None:
    assert TEXT.count(f"<!-- ci: {name} -->\n```sh\n") == 1


def test_every_page_that_is_linked_exists() -> None:
    targets = [part.split(")")[0] for part in TEXT.split("](")[1:]]

    pages = [t for t in targets if "://" not in t]
    missing = [page for page in pages if not (README.parent / page).exists()]

    assert pages
    assert missing == []
