"""The exact regimes are exact: single and double precision give the same bits."""

import numpy as np
import pytest

from properties import exact_arithmetic
from refcheck.case import Case
from refcheck.cell import Kind
from refcheck.law import Law
from refcheck.measured import MeasuredCell
from refcheck.reference.cell import ReferenceCell

PAIRS = [
    (law, kind) for law in exact_arithmetic.LAWS for kind in sorted(law.kinds, key=str)
]


def cases_of(law: Law, cell: MeasuredCell) -> list[Case]:
    """Return the landmarks of several seeds."""
    return [
        law.cases.build(recipe, cell)
        for seed in range(2)
        for recipe in law.cases.landmarks(cell.signature, seed)
    ]


def in_dtype(case: Case, dtype: str) -> Case:
    """Return the case in another dtype."""
    return case.but(
        spec=type(case.spec)(**{**vars(case.spec), "dtype": dtype}),
        params={n: a.astype(dtype) for n, a in case.params.items()},
        inputs=case.inputs.astype(dtype),
        state=case.state and tuple(s.astype(dtype) for s in case.state),
        grad_outputs=case.grad_outputs.astype(dtype),
        grad_state=tuple(g.astype(dtype) for g in case.grad_state),
    )


@pytest.mark.parametrize(
    ("law", "kind"), PAIRS, ids=[f"{law.name}-{kind.value}" for law, kind in PAIRS]
)
def test_what_is_claimed_is_the_same_in_single_and_double_precision(law, kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    cases = cases_of(law, cell)

    for case in cases:
        claims = [
            list(law.check(cell, in_dtype(case, dtype)))
            for dtype in ("float32", "float64")
        ]
        for single, double in zip(*claims, strict=True):
            assert np.array_equal(single.left.astype(float), double.left)
            assert np.array_equal(double.left, double.right)
    assert len(cases) > 20


@pytest.mark.parametrize("kind", [Kind.RNN_TANH, Kind.LSTM, Kind.GRU])
def test_something_but_zero_is_claimed(kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))

    for law in (
        exact_arithmetic.rest_is_exact,
        exact_arithmetic.half_open_gates_are_exact,
    ):
        claims = [list(law.check(cell, case)) for case in cases_of(law, cell)]
        shown = {c.label for case in claims for c in case if c.right.any()}
        assert any("bias" in label for label in shown)
