"""One function with one set of weights at every step, and all of them in use."""

import pytest

from refcheck.cell import Kind
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import faulty, right
from tests.properties.quick_outcomes import KINDS, holds, outcome

AGREEMENT = ("outputs-agree", "final-state-agrees", "gradients-agree")
NAMES = (
    "every-step-is-the-same-step",
    "parameter-gradient-is-the-sum-over-steps",
    "every-parameter-matters",
    "updates-are-seen",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("name", AGREEMENT)
def test_calling_the_textbook_step_by_step_is_no_fault(name: str) -> None:
    assert holds(name, right(Kind.GRU))


@pytest.mark.parametrize("name", AGREEMENT)
def test_agreement_overlooks_weights_kept_while_others_stay(name: str) -> None:
    assert holds(name, faulty("weights-kept-while-weight-ih-stays", Kind.GRU))


def test_an_update_of_other_weights_alone_shows_them() -> None:
    cell = faulty("weights-kept-while-weight-ih-stays", Kind.GRU)

    assert outcome("updates-are-seen", cell).status is Status.VIOLATED


def test_a_reverse_direction_that_goes_unused_is_named() -> None:
    cell = faulty("reverse-direction-runs-on-forward-weights", Kind.GRU)

    found = outcome("every-parameter-matters", cell).finding

    assert found is not None
    assert "_reverse" in found.label
