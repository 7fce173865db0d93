"""Laws about gradients: their oracles, and what a backward pass is."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.bank import faulty, right
from tests.properties.quick_outcomes import KINDS, holds, outcome

DIFFERENCES = "gradients-agree-with-differences"
REMAINDER = "remainder-is-second-order"
LINEAR = "backward-is-linear"
NAMES = (
    DIFFERENCES,
    "backward-is-the-adjoint",
    LINEAR,
    "backward-can-be-repeated",
    "accumulated-gradients-add",
    "frozen-state-cuts-the-gradient",
)


def built(name: str, kind: Kind) -> list[Case]:
    cell, cases = MeasuredCell(right(kind)), laws()[name].cases
    recipes = list(cases.landmarks(cell.signature, 0))[: cases.most]
    return [cases.build(recipe, cell) for recipe in recipes]


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, right(kind), seed=seed)


@pytest.mark.parametrize(("kind", "seed"), [k for k in KINDS if k[0] != Kind.RNN_RELU])
def test_a_smooth_cell_leaves_a_remainder_of_second_order(
    kind: Kind, seed: int
) -> None:
    assert holds(REMAINDER, ReferenceCell(kind), seed=seed)


def test_nothing_is_said_of_remainders_at_kinks() -> None:
    found = outcome(REMAINDER, ReferenceCell(Kind.RNN_RELU))

    assert found.status is Status.SKIPPED


def of_unknown_kind(cell: ReferenceCell) -> ReferenceCell:
    """Return the cell with nothing known of it but its calls."""
    known = cell.signature
    offered = known.capabilities & ~Capability.LAYOUT
    cell.signature = replace(known, kind=None, layout=None, capabilities=offered)
    return cell


@pytest.mark.parametrize(
    "cell",
    [
        faulty("gradients-a-millionth-too-large", Kind.LSTM),
        faulty("relu-leaks", Kind.RNN_RELU),
    ],
    ids=["too large", "leaking"],
)
def test_differences_need_no_textbook(cell: ReferenceCell) -> None:
    found = outcome(DIFFERENCES, of_unknown_kind(cell), seed=1)

    assert found.status is Status.VIOLATED


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.RNN_RELU])
@pytest.mark.parametrize("name", [DIFFERENCES, LINEAR])
def test_a_right_cell_of_unknown_kind_obeys(name: str, kind: Kind) -> None:
    assert holds(name, of_unknown_kind(ReferenceCell(kind)))


def test_a_wrong_gradient_is_told_by_its_entry_in_the_smallest_case() -> None:
    found = outcome(
        DIFFERENCES, faulty("gradients-a-millionth-too-large", Kind.RNN_TANH)
    )

    assert found.finding is not None
    assert "direction" not in found.finding.label


def test_every_head_is_pulled_alone_in_some_case() -> None:
    heads = {case.extra["head"] % 4 for case in built(LINEAR, Kind.LSTM)}

    assert heads == {0, 1, 2, 3}


def test_pulls_add_up_exactly_in_single_precision() -> None:
    singles = [c for c in built(LINEAR, Kind.GRU) if c.spec.dtype == "float32"]

    exact = [
        np.all(
            (c.grad_outputs + c.extra["other"]).astype(float)
            == c.grad_outputs.astype(float) + c.extra["other"].astype(float)
        )
        for c in singles
    ]

    assert exact
    assert all(exact)
