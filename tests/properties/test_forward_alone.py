"""Cells that offer less are asked for less, and obey."""

from dataclasses import replace

import pytest

from refcheck.cell import Capability, Kind
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import holds

FORWARD_ALONE = (
    "no-output-sees-the-future",
    "each-half-sees-one-side",
    "reverse-is-flip-forward-flip",
    "every-parameter-matters",
    "updates-are-seen",
    "rows-are-independent",
    "no-state-is-the-zero-state",
    "initial-state-matters",
    "a-zero-input-is-no-input",
    "calls-leave-no-trace",
)
WITHOUT_A_STATE = (
    "rows-are-independent",
    "reverse-is-flip-forward-flip",
    "both-directions-are-two-cells",
    "every-parameter-matters",
    "calls-leave-no-trace",
)


def offering(kind: Kind, capabilities: Capability) -> ReferenceCell:
    """Return the textbook, of which only ``capabilities`` are made known."""
    cell = ReferenceCell(kind)
    offered = cell.signature.capabilities & capabilities
    cell.signature = replace(cell.signature, capabilities=offered)
    return cell


@pytest.mark.parametrize("name", FORWARD_ALONE)
def test_a_cell_without_gradients_obeys(name: str) -> None:
    assert holds(name, offering(Kind.LSTM, ~Capability.BACKWARD))


@pytest.mark.parametrize("name", WITHOUT_A_STATE)
def test_a_cell_that_takes_no_state_obeys(name: str) -> None:
    assert holds(name, offering(Kind.RNN_RELU, ~Capability.INITIAL_STATE))


def test_a_cell_of_one_row_that_must_be_given_a_state_obeys() -> None:
    asked = ~(Capability.BATCH | Capability.DEFAULT_STATE)

    assert holds("calls-leave-no-trace", offering(Kind.GRU, asked))


@pytest.mark.parametrize(
    "name",
    ["states-are-not-exchanged", "initial-state-matters", "shapes-are-as-declared"],
)
def test_a_cell_of_unknown_kind_obeys(name: str) -> None:
    cell = offering(Kind.LSTM, ~Capability.LAYOUT)
    cell.signature = replace(cell.signature, kind=None, layout=None)

    assert holds(name, cell)
