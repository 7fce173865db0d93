"""A check of a target of which nothing is declared."""

from dataclasses import replace

import pytest

from refcheck import check
from refcheck.cell import Capability, Declared, Kind
from refcheck.outcome import Report
from refcheck.probing.understood import understood
from refcheck.reporters import as_json, console
from refcheck.target import adapt
from refcheck.watch import Unwatched
from tests.probing.modules import (
    GateByGate,
    NoResetGRU,
    ResetBeforeGRU,
    SwappedGRU,
)
from tests.probing.unusual import SETTINGS, Unusual

AGREEMENT = ("agreement",)


def checked(thing: object, **said: object) -> Report:
    return check(thing, profile="quick", seed=1, select=AGREEMENT, **said)


def flat(report: Report) -> str:
    """Return the report's text without its line breaks."""
    return " ".join(console.render(report).split())


def test_a_right_cell_is_held_to_the_textbook_it_was_found_to_follow() -> None:
    report = checked(GateByGate)

    assert report.verdict == "conforms"
    assert report.kind == "lstm"
    text = flat(report)
    assert "kind lstm, probed" in text
    assert "its kind was not declared but found: " in text
    assert "state order (c, h)" in text
    assert "--convention state=ch, so that another setting is a violation" in text
    assert '"flags": "--like lstm --convention weight_ih=' in as_json.render(report)


def test_gates_that_names_contradict_leave_it_open_and_say_what_to_declare() -> None:
    report = checked(SwappedGRU)

    assert report.verdict == "inconclusive"
    text = flat(report)
    assert "gates r z n, found z r n" in text
    assert "which is meant: --like gru holds it to the names, " in text
    assert "--like gru --convention gates=zrn to what was found" in text


def test_a_reset_gate_before_the_product_is_not_pytorchs() -> None:
    report = checked(ResetBeforeGRU)

    assert report.verdict == "inconclusive"
    text = flat(report)
    assert "kind gru, found gru-reset-before" in text
    assert "which is meant: --like gru holds it to the names, " in text


def test_a_contradiction_decides_where_all_that_was_asked_holds() -> None:
    report = check(SwappedGRU, profile="quick", seed=1, select=("state",))

    assert report.verdict == "inconclusive"
    assert "what it is was not declared, and what tells of it" in flat(report)


def test_either_declaration_of_it_gives_a_verdict() -> None:
    by_name = checked(SwappedGRU, like="gru")
    as_found = checked(SwappedGRU, like="gru", conventions=["gates=zrn"])

    assert by_name.verdict == "violates"
    assert "if it is meant --convention gates=zrn" in flat(by_name)
    assert as_found.verdict == "conforms"
    assert as_found.probed is None


def test_a_cell_that_is_like_nothing_known_stays_of_unknown_kind() -> None:
    report = check(NoResetGRU, profile="quick", seed=1, select=("state",))

    assert report.kind == "unknown"
    text = flat(report)
    assert "and not found: " in text
    assert "it agrees with none; the nearest is gru" in text
    assert "allowances are assumed from its own sensitivity" in text


@pytest.mark.parametrize("name", ["LSTM, hard sigmoid", "sigmoid in a simple cell"])
def test_activations_that_are_not_the_textbooks_are_not_assumed(name: str) -> None:
    cell, found = understood(Unusual(SETTINGS[name]), Unwatched())

    assert found is not None
    assert found.kind == ""
    assert cell.signature.kind is None


def test_nothing_is_probed_where_the_kind_is_declared() -> None:
    cell = adapt(SwappedGRU, Declared(Kind.GRU), "declared")

    assert understood(cell, Unwatched()) == (cell, None)


def test_nothing_is_probed_where_no_parameters_can_be_set() -> None:
    cell = Unusual(SETTINGS["tanh, one bias"])
    offered = cell.signature.capabilities & ~Capability.PARAMETERS
    cell.signature = replace(cell.signature, capabilities=offered)

    assert understood(cell, Unwatched()) == (cell, None)


def test_a_cell_without_biases_is_said_to_have_none() -> None:
    cell, found = understood(Unusual(SETTINGS["LSTM without biases"]), Unwatched())

    assert found is not None
    assert cell.signature.kind is Kind.LSTM
    assert not cell.signature.layout.bias_ih
    assert cell.signature.offers(Capability.LAYOUT)
