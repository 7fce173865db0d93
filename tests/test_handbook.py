"""The laws as text."""

import pytest

from refcheck.catalogue import laws
from refcheck.errors import RefcheckError
from refcheck.handbook import page, table

LAWS = laws()


def test_the_table_holds_every_law_once_below_its_family() -> None:
    lines = table().splitlines()

    for law in LAWS.values():
        rows = [
            k for k, line in enumerate(lines) if line.startswith(f"  {law.name}   ")
        ]
        assert len(rows) == 1
        assert law.family in lines[: rows[0]]


def test_the_table_fits_80_columns() -> None:
    assert max(map(len, table().splitlines())) <= 80


@pytest.mark.parametrize("name", LAWS)
def test_a_page_says_all_that_the_law_says_of_itself(name: str) -> None:
    law = LAWS[name]

    words = page(name).split()

    for text in (law.name, law.statement, law.rationale, *law.catches):
        assert set(text.replace(",", "").split()) <= set(
            " ".join(words).replace(",", "").split()
        )


def test_a_page_ends_with_what_to_do_in_doubt() -> None:
    assert page("outputs-agree").split()[-1] == "docs/is-it-my-cell-or-the-tool.md."


def test_there_is_no_page_of_a_law_that_does_not_exist() -> None:
    with pytest.raises(RefcheckError, match="no law is called"):
        page("outputs-agreed")
