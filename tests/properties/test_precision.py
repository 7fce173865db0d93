"""Laws about digits, overflow and NaN."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds, outcome

SINGLE, LARGE = "float32-stays-inside-its-budget", "large-inputs-stay-finite"
NAMES = ("float64-is-double", SINGLE, "nan-is-not-hidden")


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.GRU, Kind.RNN_TANH])
def test_a_right_cell_with_bounded_activations_stays_finite(kind: Kind) -> None:
    assert holds(LARGE, ReferenceCell(kind))


def test_a_cell_that_knows_no_float32_is_not_asked_for_it() -> None:
    cell = ReferenceCell(Kind.LSTM)
    cell.signature = replace(cell.signature, dtypes=("float64",))

    found = outcome(SINGLE, cell)

    assert found.status is Status.SKIPPED
    assert "float32" in found.reason


def test_large_inputs_are_large_and_of_both_signs() -> None:
    cases, cell = laws()[LARGE].cases, MeasuredCell(ReferenceCell(Kind.LSTM))
    first = next(iter(cases.landmarks(cell.signature, 0)))

    inputs = cases.build(first, cell).inputs

    assert np.min(inputs) == -1e4
    assert np.max(inputs) == 1e4
