"""Right cells that are written in other ways are not failed."""

import numpy as np
import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.outcome import BROKEN
from refcheck.runner import run
from refcheck.settings import Settings
from refcheck.strategies import Cases
from tests.right_variants import right, variants

FAMILIES = ("agreement", "exact arithmetic", "probes")
WRITTEN = [
    (kind, dtype, name)
    for kind in Kind
    if kind.textbook
    for dtype in ("float32", "float64")
    for name in variants(kind, dtype)
]
SOME = WRITTEN[::4]  # the benchmark no_false_alarm.py asks all of them, and more laws


@pytest.mark.parametrize(("kind", "dtype", "name"), SOME)
def test_a_right_cell_written_in_another_way_is_not_failed(kind, dtype, name) -> None:
    settings = Settings(profile="quick", select=FAMILIES)

    outcomes = list(run(right(kind, dtype, name), list(laws().values()), settings))

    assert sum(o.cases for o in outcomes) > 20
    assert not [o.law for o in outcomes if o.status in BROKEN]


def parts(cell, case):
    reply, found = cell.forward(case), cell.backward(case)
    gradients = (*found.params.values(), found.inputs, *found.state)
    return [reply.outputs, *reply.state, *gradients]


# Products that are multiplied and added without rounding are what BLAS does too, where
# the processor can.
OTHERS = {
    kind: variants(kind, "float32").keys() - {"as the textbook", "multiplied and added"}
    for kind in (Kind.RNN_RELU, Kind.GRU)  # which has all variants
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, n in OTHERS.items() for name in sorted(n)]
)
def test_another_way_of_writing_rounds_in_another_way(kind, name) -> None:
    cell = right(kind, "float32", name)
    textbook = right(kind, "float32", "as the textbook")
    measured = MeasuredCell(cell)
    recipes = list(Cases().landmarks(measured.signature, 0))[:10]
    cases = [Cases(hidden=(3, 33)).build(recipe, measured) for recipe in recipes]

    same = [
        np.array_equal(a, b)
        for case in cases
        for a, b in zip(parts(cell, case), parts(textbook, case), strict=True)
    ]

    assert not all(same)
