"""Weights that hold gates open or shut, whatever a cell reads and remembers.

A gate is held by a total bias of ±50 and weights of zero: σ(50) is 1 and σ(−50) is
2e-22, in every format but the narrowest.  Some units of the gate are held, the others
keep what was drawn, so that each unit has a pattern of its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Params
from refcheck.layout import CANONICAL_GATES
from refcheck.measured import MeasuredCell
from refcheck.rounding import Measured, exact
from refcheck.strategies import Cases

OPEN, SHUT = 50.0, -50.0
SPLITS = (0.0, 20.0, 75.0, -10.0)  # of a total between the two biases


def held_units(case: Case, number: int) -> list[int]:
    """Return the units whose gate is held: all for the number 0, else at least one."""
    size = case.spec.hidden_size
    held = [k for k in range(size) if not number >> (k % 16) & 1]
    return held or list(range(size))


def bias_of_the_second(_: Case, number: int) -> float:
    """Return how much of a held gate's bias stands in ``bias_hh``."""
    return SPLITS[number % len(SPLITS)]


def holding(**totals: float) -> Cases:
    """Return the cases of one layer and direction in which gates are held."""
    return Cases(
        extra={"held": held_units, "second": bias_of_the_second},
        then=lambda cell, case: hold(cell, case, **totals),
        lengths=False,
        layers=False,
        directions=False,
        bias=True,
        batch_first=None,
        time=(1, 17),
        most=24,
        first=("generic", "17 steps", "float32", "one step", "saturating", "one row"),
    )


def hold(cell: MeasuredCell, case: Case, **totals: float) -> Case:
    """Return the case with the held units of each gate at its total pre-activation."""
    for gate, total in totals.items():
        rows = block(cell, case, gate)[list(case.extra["held"])]
        (params,) = cell.canonical(case)
        second = 0.0 if params.bias_hh is None else case.extra["second"]
        biases = {"bias_ih": total - second, "bias_hh": second}
        case = put(cell, case, rows, weight_ih=0.0, weight_hh=0.0, **biases)
    return case


def put(cell: MeasuredCell, case: Case, rows: Array, **values: Any) -> Case:
    """Return the case with some rows of its parameters replaced by values."""
    return changed(cell, case, rows, **{n: lambda _, v=v: v for n, v in values.items()})


def changed(
    cell: MeasuredCell, case: Case, rows: Any, **changes: Callable[[Array], Any]
) -> Case:
    """Return the case with a function of some entries in the place of these entries."""
    (params,) = cell.canonical(case)

    def new(name: str, old: Array | None) -> Array | None:
        if old is None or name not in changes:
            return old
        copy = old.copy()
        copy[rows] = changes[name](old[rows])
        return copy

    named = params._asdict().items()
    return cell.planted(case, [Params(*(new(name, old) for name, old in named))])


def block(cell: MeasuredCell, case: Case, gate: str) -> Array:
    """Return the rows of a gate, by its letter: i f g o, or r z n."""
    (params,) = cell.canonical(case)
    rows, size = params.weight_hh.shape
    start = CANONICAL_GATES[rows // size].index(gate) * size
    return np.arange(start, start + size)


def pre_activation(
    cell: MeasuredCell, case: Case, rows: Array, before: Any = None
) -> Measured:
    """Return x W_ihᵀ + h W_hhᵀ + b of some rows, for all steps; h is 0 if not given."""
    (params,) = cell.canonical(case)
    a = exact(case.inputs) @ params.weight_ih[rows].T
    if before is not None:
        a = a + before @ params.weight_hh[rows].T
    for bias in (params.bias_ih, params.bias_hh):
        a = a if bias is None else a + bias[rows]
    return a
