"""Inputs for which little can go wrong, so that little is allowed.

Over many steps the worst that rounding may do grows out of proportion.  These laws ask
about one activation, and about one step whose sums are exact.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Params
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.rounding import FORMATS, Measured, activation_error, exact
from refcheck.scan import NEEDS, SCANS, case_of, exact_result, spec_of
from refcheck.strategies import Cases

from .parts import each_part

FINE = 2.0**-12  # weights hold more bits than TF32, float16 or bfloat16 can
COARSE = 2.0**-2


def _scanning(cell: MeasuredCell, case: Case) -> Case:
    """Return the scan of the activation that was drawn, or else the case itself."""
    spec = spec_of(cell.signature, case.spec.dtype)
    if spec is None:
        return case
    shapes, what = cell.cell.shapes(spec), _activation(cell, case)
    return case_of(cell, spec, shapes, what).but(extra=case.extra)


def _activation(cell: MeasuredCell, case: Case) -> str:
    names = list(SCANS[cell.book.kind])
    return names[case.extra["which"] % len(names)]


def _on_grid(array: Any, step: float, most: float) -> Array:
    """Return the array on a grid so coarse that sums of products stay exact."""
    near = np.clip(np.round(np.asarray(array, float) / step) * step, -most, most)
    return np.asarray(near, np.asarray(array).dtype)


def _one_exact_sum(cell: MeasuredCell, case: Case) -> Case:
    """Return one step whose pre-activations no order of summation can round."""
    params = [
        Params(*(None if a is None else _on_grid(a, FINE, 2.0) for a in p))
        for p in cell.canonical(case)
    ]
    case = cell.planted(case, params)
    pulls = np.zeros(case.grad_outputs.size, case.spec.dtype)
    pulls[case.extra["pulled"] % pulls.size] = 1
    return case.but(
        inputs=_on_grid(case.inputs, COARSE, 2.0),
        state=case.state and tuple(_on_grid(s, COARSE, 2.0) for s in case.state),
        grad_outputs=pulls.reshape(case.grad_outputs.shape),
        grad_state=tuple(0 * g for g in case.grad_state),
    )


@law(
    "tanh and σ, read off the state, are within the widest budget in use",
    cases=Cases(
        batch_first=None,
        time=(1, 1),
        lengths=False,
        layers=False,
        directions=False,
        extra={"which": lambda _, k: k},
        then=_scanning,
        most=8,
        first=("generic", "one row", "float32", "no bias"),
    ),
    requires=NEEDS,
    kinds=SCANS,
    catches=(
        "hard-sigmoid",
        "tanh-by-a-short-fraction",
        "tanh-off-by-sixteen-units",
        "hard-tanh",
    ),
)
def activations_keep_their_accuracy(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A gate that reads x alone shows its activation, at pre-activations known exactly.

    Budgets differ: 4 units in the last place for PyTorch and C libraries, 8 for XLA,
    8 roundoffs absolute for rational forms, and nobody needs more (measured).  The
    narrowest that explains such a scan is what the laws of agreement allow.
    """
    if spec_of(cell.signature, case.spec.dtype) is None:
        return
    what = _activation(cell, case)
    shown = SCANS[cell.book.kind][what]
    found = cell.forward(case).state[shown.state].value[0]
    right = exact_result(cell.book.kind, what)
    budget = activation_error(FORMATS[case.spec.dtype], right / shown.share)
    for k, point in enumerate(shown.points):
        alike = np.broadcast_to(right[k], found[k].shape)  # all units read the same
        expected = Measured(alike, shown.share * budget[k])
        yield equal(f"{what} of {point:g}", exact(found[k]), expected)


@law(
    "T = 1, sums exact, one entry pulled: y, s_T and gradients = the textbook's",
    cases=Cases(
        batch_first=None,
        time=(1, 1),
        hidden=(1, 8),
        batch=(1, 4),
        state=None,
        lengths=False,
        layers=False,
        directions=False,
        extra={"pulled": lambda _, k: k},
        then=_one_exact_sum,
        first=("generic", "float32", "one unit", "no state", "5 units"),
    ),
    requires=Capability.LAYOUT | Capability.BACKWARD,
    catches=("products-in-half-precision",),
)
def one_step_agrees(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Sums of few bits are exact in any order: activations and products are left.

    Few roundings follow, so that some ten units in the last place are all that is
    allowed.  Weights hold more bits than the formats in which kernels like to cheat.
    """
    cell = cell.scanned()
    yield from each_part(equal, cell.forward(case), cell.textbook(case))
    yield from each_part(equal, cell.backward(case), cell.textbook_gradients(case))


LAWS = (activations_keep_their_accuracy, one_step_agrees)
