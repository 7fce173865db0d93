"""Rows of a batch do not see each other."""

from typing import Any

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import KINDS, holds

ANY_ORDER = "rows-may-come-in-any-order"
NAMES = (
    ANY_ORDER,
    "rows-are-independent",
    "parameter-gradients-add-over-rows",
)


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.fixture(scope="module", name="drawn")
def landmarks() -> list[Case]:
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    cases: Any = laws()[ANY_ORDER].cases
    return [cases.build(r, cell) for r in cases.landmarks(cell.signature, 0)]


def test_an_order_holds_every_row_once(drawn: list[Case]) -> None:
    orders = [(sorted(case.extra["order"]), list(range(case.batch))) for case in drawn]

    assert all(found == expected for found, expected in orders)


def test_most_orders_move_a_row(drawn: list[Case]) -> None:
    moved = [list(case.extra["order"]) != list(range(case.batch)) for case in drawn]

    assert np.mean(moved) > 0.5


def test_the_longest_row_is_always_chosen(drawn: list[Case]) -> None:
    lengthy = [(c.lengths, c.extra["choice"]) for c in drawn if c.lengths is not None]

    assert all(lengths[rows].max() == lengths.max() for lengths, rows in lengthy)


def test_choices_leave_rows_out_and_repeat_them(drawn: list[Case]) -> None:
    chosen = [(case.batch, case.extra["choice"]) for case in drawn]

    assert any(len(set(rows)) < batch for batch, rows in chosen)
    assert any(len(set(rows)) < len(rows) for _, rows in chosen)
    assert any(len(rows) > batch for batch, rows in chosen)
