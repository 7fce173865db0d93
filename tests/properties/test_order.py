"""The order of the inputs is information, in one direction and in both."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import faulty
from tests.properties.quick_outcomes import KINDS, holds, outcome

NAMES = (
    "no-output-sees-the-future",
    "each-half-sees-one-side",
    "order-matters",
    "reverse-is-flip-forward-flip",
    "both-directions-are-two-cells",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


def test_a_final_state_at_the_wrong_end_is_told_as_a_state() -> None:
    cell = faulty("backward-final-state-is-the-one-at-the-last-step", Kind.LSTM)

    found = outcome("both-directions-are-two-cells", cell).finding

    assert found is not None
    assert found.label == "h"


def test_outputs_that_agree_do_not_excuse_gradients_in_reversed_order() -> None:
    cell = faulty("input-gradient-in-reversed-order", Kind.LSTM)

    assert holds("outputs-agree", cell)
    assert outcome("no-output-sees-the-future", cell).status is Status.VIOLATED
