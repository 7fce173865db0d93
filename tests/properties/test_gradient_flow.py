"""Laws about gradients on their way back through time."""

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

JACOBIAN = "jacobian-over-time-is-the-product-of-step-jacobians"
IDENTITY = "identity-initialisation-preserves-gradient"
VANISHING = "gradient-vanishes-below-one-and-explodes-above"
CARRYING = "open-forget-gate-carries-the-cell-state"
SIMPLE = ("gradient-grows-no-faster-than-the-bound", VANISHING, IDENTITY)
PATH = (CARRYING, "cell-path-gradient-is-the-product-of-forget-gates")


def built(name: str, kind: Kind) -> list[Case]:
    cell, cases = MeasuredCell(ReferenceCell(kind)), laws()[name].cases
    recipes = list(cases.landmarks(cell.signature, 0))[:5]
    return [cases.build(recipe, cell) for recipe in recipes]


@pytest.mark.parametrize(("kind", "seed"), KINDS)
def test_a_jacobian_is_a_product(kind: Kind, seed: int) -> None:
    assert holds(JACOBIAN, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", [Kind.RNN_TANH, Kind.RNN_RELU])
@pytest.mark.parametrize("name", SIMPLE)
def test_a_simple_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_relu_passes_gradients(seed: int) -> None:
    cell = ReferenceCell(Kind.RNN_RELU)

    assert holds("relu-passes-gradient-unchanged-where-positive", cell, seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", PATH)
def test_an_lstm_obeys(name: str, seed: int) -> None:
    assert holds(name, ReferenceCell(Kind.LSTM), seed=seed)


def test_each_row_pulls_an_entry_of_the_state_of_its_own() -> None:
    case = built(JACOBIAN, Kind.LSTM)[0]

    pulls = np.concatenate([np.moveaxis(g, 1, 0) for g in case.grad_state], axis=2)

    assert np.all(pulls.reshape(case.batch, -1) == np.eye(case.batch))
    assert np.ptp(case.inputs, axis=1).max() == 0


@pytest.mark.parametrize(
    ("name", "kind"), [(IDENTITY, Kind.RNN_RELU), (CARRYING, Kind.LSTM)]
)
def test_one_case_lasts_for_hundreds_of_steps(name: str, kind: Kind) -> None:
    times = [case.time for case in built(name, kind)]

    assert sum(time == 200 for time in times) == 1


def test_a_gradient_is_made_to_vanish_and_to_explode() -> None:
    factors = {case.extra["factor"] for case in built(VANISHING, Kind.RNN_TANH)}

    assert factors == {0.5, 2.0}


def test_some_units_forget_while_others_carry() -> None:
    held = [
        len(case.extra["held"]) / case.spec.hidden_size
        for case in built(CARRYING, Kind.LSTM)
    ]

    assert any(share < 1 for share in held)
    assert all(held)
