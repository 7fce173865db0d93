"""Faults and conventions as text, linked to laws and threads."""

from refcheck.buglist import known, page, table
from refcheck.bugs import BUGS
from refcheck.commands import explain, laws
from refcheck.conventions import CONVENTIONS


def test_every_fault_and_every_convention_has_a_page() -> None:
    for name in (*CONVENTIONS, *(bug.id for bug in BUGS)):
        assert known(name)
        assert max(map(len, page(name).splitlines())) <= 200

    assert not known("no-such-fault")


def test_the_page_of_a_fault_names_its_laws_and_its_threads() -> None:
    bug = next(bug for bug in BUGS if bug.id == "reset-gate-before-the-product")

    text = explain(bug.id)

    assert set(bug.says.split()) <= set(text.split())
    assert set(bug.seen_in) <= set(text.split())
    assert "caught by" in text


def test_the_page_of_a_convention_says_what_to_declare() -> None:
    assert "--convention gates=iofg" in explain("gates=iofg")
    assert "--like gru-reset-before" in explain("like=gru-reset-before")


def test_the_page_of_a_law_lists_its_faults() -> None:
    assert "input-and-forget-gate-swapped" in explain("outputs-agree")


def test_the_table_holds_every_fault_and_every_thread() -> None:
    words = set(table().replace(":", "").split())
    threads = {address.replace(":", "") for bug in BUGS for address in bug.seen_in}

    assert {bug.id for bug in BUGS} <= words
    assert threads <= words
    assert laws(bugs=True) == table()
    assert laws(bugs=False) != table()
