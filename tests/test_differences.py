"""Differences of a forward pass, and the errors that they admit."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.cell import Capability, Kind, Params
from refcheck.differences import ENTRIES, STEP, Differences, on_the_grid, probes
from refcheck.directions import direction, moved, places
from refcheck.layout import TORCH
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, Recipe, case_from
from refcheck.reference.cell import ReferenceCell

NAMES = ("inputs", "state", "lengths", "outputs", "final", "params")
RELU = ReferenceCell(Kind.RNN_RELU)


class OfUnknownKind(ReferenceCell):
    """A cell of which nothing is known but its calls."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        offered = self.signature.capabilities & ~Capability.LAYOUT
        self.signature = replace(
            self.signature, kind=None, layout=None, capabilities=offered
        )


def drawn(cell: ReferenceCell, **sizes: int) -> Case:
    fields = {"time": 3, "batch": 2, "input_size": 2, "hidden_size": 2} | sizes
    seeds = dict.fromkeys(NAMES, GENERIC)
    recipe = Recipe(**fields, with_state=True, seeds=seeds)
    spec = recipe.spec(("float64",))
    return on_the_grid(case_from(recipe, spec, cell.shapes(spec)))


def slopes_against_the_textbook(cell: ReferenceCell, case: Case) -> list[tuple]:
    """Return what differences err by, and what they admit, for each probe."""
    measured = MeasuredCell(cell)
    differences = Differences(measured, case, 5)
    right = ReferenceCell(cell.kind).backward(case)
    pairs = []
    for probe in probes(case, 5):
        found = differences.slopes(probe)
        expected = [
            sum((place.of(right) * v).sum() for place, v in along.items())
            for along in probe.along
        ]
        error = abs(found.value - np.reshape(expected, probe.shape))
        pairs.append((error, found.allowance))
    return pairs


def two_units_of_opposite_sign(a: float) -> Case:
    """Return a case in which units relu(a x) and relu(−a x) meet: L = a x, at x = 1."""
    weights = Params(np.array([[a], [-a]]), *np.zeros((1, 2, 2)), *np.zeros((2, 2)))
    spec = drawn(RELU, time=1, batch=1, input_size=1).spec
    return Case(
        spec=spec,
        params=TORCH.from_canonical(Kind.RNN_RELU, spec, [weights]),
        inputs=np.ones((1, 1, 1)),
        state=None,
        lengths=None,
        grad_outputs=np.array([[[1.0, -1.0]]]),
        grad_state=(np.zeros((1, 1, 2)),),
    )


@pytest.mark.parametrize("cell_type", [ReferenceCell, OfUnknownKind])
@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("kind", [k for k in Kind if k.textbook])
def test_differences_err_by_less_than_they_admit(kind, size, cell_type) -> None:
    cell = cell_type(kind)

    pairs = slopes_against_the_textbook(cell, drawn(cell, hidden_size=size))

    assert all(np.all(error <= admitted) for error, admitted in pairs)


@pytest.mark.parametrize("cell_type", [ReferenceCell, OfUnknownKind])
@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.GRU, Kind.RNN_TANH])
def test_what_differences_admit_is_little(kind, cell_type) -> None:
    cell = cell_type(kind)

    pairs = slopes_against_the_textbook(cell, drawn(cell))

    assert max(np.max(admitted) for _, admitted in pairs) < 1e-5


def test_every_entry_of_a_small_case_is_moved() -> None:
    case = drawn(RELU, hidden_size=1, input_size=1)

    shapes = [probe.shape for probe in probes(case, 0)]

    assert shapes == [place.of(case).shape for place in places(case)]


def test_a_large_case_is_moved_field_by_field() -> None:
    case = drawn(RELU, hidden_size=8)

    labels = [(probe.label, probe.shape) for probe in probes(case, 0)]

    assert sum(place.of(case).size for place in places(case)) > ENTRIES
    assert labels == [
        ("gradient of parameters along a direction", ()),
        ("gradient of inputs along a direction", ()),
        ("gradient of initial state along a direction", ()),
    ]


def test_moves_are_exact() -> None:
    case = drawn(ReferenceCell(Kind.GRU))
    along = direction(case, 3)

    there = moved(case, along, STEP / 2)

    assert all(
        np.all(p.of(there) - p.of(case) == STEP / 2 * v) for p, v in along.items()
    )


@pytest.mark.parametrize("offset", np.linspace(-2, 2, 41))
def test_a_kink_is_admitted_wherever_it_lies(offset: float) -> None:
    case = two_units_of_opposite_sign(offset * STEP)
    differences = Differences(MeasuredCell(RELU), case, 5)
    weight = next(iter(probes(case, 5)))

    found = differences.slopes(weight)

    chosen = [[max(0.0, float(offset > 0))], [min(0.0, -float(offset < 0))]]
    assert np.all(abs(found.value - chosen) <= found.allowance)


def test_kinks_that_cancel_make_a_case_inconclusive() -> None:
    case = two_units_of_opposite_sign(0.0)

    pairs = slopes_against_the_textbook(RELU, case)

    assert all(np.all(np.isinf(admitted)) for _, admitted in pairs)


def test_without_a_pull_every_slope_is_zero() -> None:
    case = drawn(RELU, hidden_size=8)
    silent = case.but(
        grad_outputs=0 * case.grad_outputs,
        grad_state=tuple(0 * g for g in case.grad_state),
    )

    found = [
        Differences(MeasuredCell(RELU), silent, 5).slopes(p) for p in probes(silent, 5)
    ]

    assert [float(slope.value) for slope in found] == [0, 0, 0]
