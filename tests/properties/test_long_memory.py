"""The law about hundreds of steps."""

import numpy as np
import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.bank import right
from tests.properties.quick_outcomes import KINDS, holds

NAME = "gradient-reaches-the-first-of-hundreds-of-steps"
FORWARD = "hundreds-of-steps-agree"


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", [NAME, FORWARD])
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, right(kind), seed=seed)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.textbook])
def test_a_gradient_is_left_after_three_hundred_steps(kind: Kind) -> None:
    cell, cases = MeasuredCell(ReferenceCell(kind)), laws()[NAME].cases
    case = cases.build(next(iter(cases.landmarks(cell.signature, 0))), cell)
    found = cell.backward(case)

    left = [np.abs(np.asarray(s.value)).max() for s in found.state]

    assert case.time == 300
    assert max(left) > 0.1
    assert np.abs(np.asarray(found.inputs.value))[0].max() > 1e-5
