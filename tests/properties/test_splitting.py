"""A sequence may be cut anywhere."""

from typing import Any

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

NAMES = (
    "forward-splits",
    "backward-splits",
    "streaming-equals-whole",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.fixture(scope="module", name="drawn")
def landmarks() -> list[Case]:
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    cases: Any = laws()["forward-splits"].cases
    return [cases.build(r, cell) for r in cases.landmarks(cell.signature, 0)]


def test_a_cut_leaves_a_step_on_each_side(drawn: list[Case]) -> None:
    cuts = [(case.extra["cut"], case.time) for case in drawn]

    assert all(1 <= cut < time for cut, time in cuts)


def test_cuts_fall_at_both_ends_and_between(drawn: list[Case]) -> None:
    cuts = [(case.extra["cut"], case.time) for case in drawn]

    places = {(cut == 1, cut == time - 1) for cut, time in cuts}

    assert {(True, False), (False, True), (False, False)} <= places


def test_every_row_is_longer_than_the_cut_yet_rows_differ(drawn: list[Case]) -> None:
    found = [(c.lengths, c.extra["cut"]) for c in drawn if c.lengths is not None]

    assert all((lengths > cut).all() for lengths, cut in found)
    assert any(len(set(lengths)) > 1 for lengths, _ in found)


def test_no_gradient_enters_past_the_end_of_a_row(drawn: list[Case]) -> None:
    past = [
        case.grad_outputs[length:, n]
        for case in drawn
        if case.lengths is not None
        for n, length in enumerate(case.lengths)
    ]

    assert not any(np.any(gradient) for gradient in past)
