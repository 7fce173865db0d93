"""Two faults in one cell, where each leaves the other its line."""

import pytest

from refcheck.bugs import BUGS
from refcheck.bugs.clipping import PlantedClipper
from refcheck.bugs.planted import Planted
from refcheck.case import Case
from refcheck.cell import Kind, Spec
from refcheck.diagnosis.together import together
from refcheck.judge import judge
from refcheck.landmarks import BASE, generic
from refcheck.law import identical
from refcheck.recipe import case_from
from refcheck.reference.cell import ReferenceCell

PLANT = {bug.id: bug.plant for bug in BUGS}
PAIRS = {  # by the way in which their lines are joined
    "two lines": ("recurrent-bias-ignored", "initial-state-ignored"),
    "two parts of a step": ("hard-sigmoid", "cell-output-not-squashed"),
    "one line after the other": ("input-and-forget-gate-swapped", "biases-ignored"),
}


def drawn() -> Case:
    spec = Spec(3, 2)
    return case_from(generic(BASE, 1), spec, ReferenceCell(Kind.LSTM).shapes(spec))


def both(one: str, other: str) -> Planted | None:
    return together(PLANT[one](Kind.LSTM), PLANT[other](Kind.LSTM))


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_cell_with_two_faults_is_neither_of_both(pair) -> None:
    case = case_from(
        generic(BASE, 1), Spec(3, 2), PLANT[pair[0]](Kind.LSTM).shapes(Spec(3, 2))
    )
    cells = [PLANT[name](Kind.LSTM) for name in pair]

    cell = both(*pair)

    assert cell is not None
    found = cell.fresh().forward(case).outputs
    for one in cells:
        assert judge(identical("outputs", found, one.forward(case).outputs)).violated


def test_the_order_of_two_faults_does_not_matter_where_they_have_lines_of_their_own():
    case = case_from(
        generic(BASE, 1),
        Spec(3, 2),
        PLANT["hard-sigmoid"](Kind.LSTM).shapes(Spec(3, 2)),
    )

    one, other = PAIRS["two parts of a step"]

    left, right = both(one, other), both(other, one)
    assert left is not None
    assert right is not None
    outputs = left.forward(case).outputs, right.forward(case).outputs
    assert not judge(identical("outputs", *outputs)).violated


def test_two_faults_that_want_one_line_each_in_its_own_way_cannot_stand_together():
    assert both("hard-sigmoid", "gates-through-tanh") is None
    assert both("hard-sigmoid", "state-overwritten-while-it-is-read") is None


def test_clippers_are_not_put_together() -> None:
    clipper = PlantedClipper(Kind.CLIP_NORM)

    assert together(clipper, clipper) is None
