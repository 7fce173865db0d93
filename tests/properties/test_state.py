"""The state: what comes in, what goes out, and what must not stay."""

from typing import Any

import numpy as np
import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import faulty
from tests.properties.quick_outcomes import KINDS, holds, outcome

NAMES = (
    "shapes-are-as-declared",
    "final-state-is-the-last-output",
    "no-state-is-the-zero-state",
    "initial-state-matters",
    "states-are-not-exchanged",
    "a-zero-input-is-no-input",
    "calls-leave-no-trace",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


def test_an_lstm_shows_h_and_keeps_c() -> None:
    assert holds("c-is-not-h", ReferenceCell(Kind.LSTM))


def test_planted_cases_have_every_relu_unit_on() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.RNN_RELU))
    cases: Any = laws()["initial-state-matters"].cases
    planted = [cases.build(r, cell) for r in cases.handful(cell.signature)]

    first = [cell.forward(case).outputs[0].value for case in planted]

    assert all(np.all(outputs > 0) for outputs in first)


def test_agreement_overlooks_what_a_call_for_gradients_leaves_behind() -> None:
    cell = faulty("state-kept-after-gradients", Kind.LSTM)

    assert holds("outputs-agree", cell)
    assert outcome("calls-leave-no-trace", cell).status is Status.VIOLATED


def test_states_in_another_order_show_where_both_ends_use_it() -> None:
    cell = faulty("directions-before-layers-in-the-state", Kind.LSTM)

    assert outcome("states-are-not-exchanged", cell).status is Status.VIOLATED


def test_a_shape_is_told_as_a_shape() -> None:
    cell = faulty("one-row-is-squeezed", Kind.GRU)

    found = outcome("shapes-are-as-declared", cell).finding

    assert found is not None
    assert found.says == "shape (1, 1) against (1, 1, 1)"
