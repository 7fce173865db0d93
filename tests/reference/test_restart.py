"""Going back from given gradients of pre-activations is what step_back does."""

import numpy as np
import pytest

from refcheck.cell import Kind, Params
from refcheck.reference.equations import EQUATIONS
from refcheck.reference.restart import RESTARTS


@pytest.mark.parametrize("kind", RESTARTS, ids=lambda kind: kind.value)
def test_a_restart_from_its_own_gradients_is_the_step_back_bit_for_bit(
    kind: Kind,
) -> None:
    rng = np.random.default_rng(0)
    rows = kind.gates * 3
    params = Params(*(rng.normal(size=s) for s in ((rows, 2), (rows, 3), rows, rows)))
    a_x, state = rng.normal(size=(4, rows)), tuple(rng.normal(size=(kind.states, 4, 3)))
    _, tape = EQUATIONS[kind].step(params, a_x, state)
    pulls = tuple(rng.normal(size=(kind.states, 4, 3)))

    right, before = EQUATIONS[kind].step_back(params, tape, pulls)
    found = RESTARTS[kind].rows(tape, right[0])
    back = RESTARTS[kind].back(params, tape, found, pulls[0])

    assert all(np.array_equal(a, b) for a, b in zip(found, right, strict=True))
    assert np.array_equal(back, before[0])


def test_every_kind_of_cell_can_be_restarted() -> None:
    assert set(RESTARTS) == {kind for kind in Kind if kind.textbook}
