"""The self-test: what it asks, what it finds, how it ends."""

import json

import pytest

from refcheck.bugs import BUGS
from refcheck.catalogue import laws
from refcheck.errors import RefcheckError
from refcheck.law import identical, law
from refcheck.selftest import Selftest, Share, Tried, selftest, shares
from refcheck.selftest_cells import chosen
from refcheck.selftest_report import as_json, console, page
from refcheck.settings import Settings
from refcheck.strategies import Cases

LAWS = laws()
SWAPPED = Settings(profile="quick", select=("input-and-forget-gate-swapped",))
CAUGHT = Tried("hard-tanh", "gru", "activations", ("outputs-agree", "one-step"), 3, 9)
MISSED = Tried("hard-sigmoid", "gru", "activations", (), 70, 80)
HELD = Tried("textbook", "gru", "", (), 300, 80)
FAILED = Tried("textbook", "lstm", "", ("one-step",), 5, 80)


@law("0 = 1", cases=Cases())
def nothing_is_right(cell, case):
    """It is not so."""
    yield identical("zero", 0.0, 1.0)


def found(*tried: Tried, sample: bool = False, full: bool = False) -> Selftest:
    names = ["one-step", "outputs-agree", "order-matters"]
    return Selftest("quick", 0, sample, full, names, tried)


def test_a_law_that_fails_a_right_cell_ends_in_1() -> None:
    result = selftest([nothing_is_right], SWAPPED, sample=True)

    assert all(one.passed for one in result.faults)
    assert [one.laws for one in result.right if one.kind == "rnn-tanh"] == [
        ["nothing-is-right"],
        ["nothing-is-right"],
    ]
    assert result.exit_code == 1


def test_a_full_run_asks_every_law_of_every_kind() -> None:
    asked = [LAWS["outputs-agree"], LAWS["final-state-agrees"]]

    result = selftest(
        asked, Settings("quick", select=("biases-are-interleaved",)), full=True
    )

    bug = next(bug for bug in BUGS if bug.id == "biases-are-interleaved")
    assert {one.kind for one in result.faults} == {kind.value for kind in bug.kinds}
    assert {frozenset(one.laws) for one in result.faults} == {
        frozenset(("outputs-agree", "final-state-agrees"))
    }
    assert {one.asked for one in result.right} == {0, 2}  # 0 of clippers
    assert result.exit_code == 0


def test_up_to_a_catch_the_law_that_claims_the_fault_is_asked_alone() -> None:
    result = selftest(list(LAWS.values()), SWAPPED, sample=True)

    (one,) = result.faults
    assert (one.laws, one.asked) == (["outputs-agree"], 1)


def test_a_family_selects_its_faults_once_each_without_every_kind() -> None:
    every = chosen(BUGS, ["clipping"], sample=False, every_kind=False)

    assert {bug.family for bug, _ in every} == {"clipping"}
    assert len({bug.id for bug, _ in every}) == len(every) > 1


def test_a_pattern_that_selects_nothing_is_refused() -> None:
    with pytest.raises(RefcheckError, match="'zzz' selects no known fault"):
        chosen(BUGS, ["zzz"], sample=False, every_kind=False)


def test_shares_tell_who_caught_first_and_who_alone() -> None:
    alone = Tried("x", "gru", "y", ("one-step",))

    share = shares(found().laws, [CAUGHT, MISSED, alone])

    assert share == {
        "one-step": Share(2, 1, 1),
        "outputs-agree": Share(1, 1, 0),
        "order-matters": Share(0, 0, 0),
    }


def test_the_table_names_what_was_missed_and_failed() -> None:
    text = console(found(CAUGHT, MISSED, HELD, FAILED))

    assert "outputs-agree and 1 more" in text
    assert "none of 80 laws" in text
    assert "order-matters" not in text
    assert "1 of 2 faults caught, 1 of 2 right cells failed" in text
    assert text.endswith("exit 1")


def test_the_table_of_a_full_run_names_the_laws_that_caught_nothing() -> None:
    assert "order-matters  0       0      0" in console(found(CAUGHT, full=True))


def test_json_holds_what_each_law_contributes() -> None:
    document = json.loads(as_json(found(CAUGHT, HELD)))

    assert document["laws"]["outputs-agree"] == {"caught": 1, "first": 1, "alone": 0}
    assert [one["right"] for one in document["tried"]] == [False, True]
    assert document["exit_code"] == 0


def test_the_page_marks_the_missed_and_says_what_was_asked() -> None:
    text = page(found(CAUGHT, MISSED, HELD, FAILED, full=True))

    assert "<th>gru</th><td>○</td><td>●</td>" in text
    assert '<tr class="missed"><th>hard-sigmoid</th>' in text
    assert "every law was asked" in text
    assert "textbook of lstm: failed by one-step" in text
