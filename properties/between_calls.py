"""From one call to the next a cell remembers its parameters, and nothing else."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import before_the_end, unpulled


@law(
    "f(x), then anything, then f(x) again: both are identical, and as on a fresh cell",
    cases=Cases(
        time=(1, 5),
        most=16,
        first=("generic", "no lengths", "two layers, both directions", "one step"),
    ),
    catches=(
        "state-of-the-last-call-kept",
        "state-of-the-first-call-kept",
        "state-kept-once-it-was-given",
        "state-kept-after-gradients",
        "lengths-of-the-last-call-kept",
        "gradients-kept-from-the-call-before",
        "state-kept-below-the-last-layer",
    ),
)
def calls_leave_no_trace(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A sequence starts from the state that it is given, or from none at all.

    A state that stays on the object lets one sequence continue where another, of the
    same shape, has ended: nothing fails, and results depend on what ran before.
    """
    if cell.signature.offers(Capability.DEFAULT_STATE):
        case = case.but(state=None)
    case = unpulled(case)
    fresh, first = _asked(cell.fresh(), case), _asked(cell, case)
    yield from each_part(equal, first, fresh, where=", against a fresh cell")
    for what, between in _others(cell, case):
        cell.again(between)
        where = f", after a call with {what}"
        yield from each_part(identical, first, _asked(cell, case), where=where)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = cell.backward_again(case)
        where = ", after a call for gradients"
        yield from each_part(identical, first, _asked(cell, case), where=where)
        cell.backward_again(_with_other_values(case))
        again = cell.backward_again(case)
        where = ", after a call for others"
        yield from each_part(identical, pulled, again, where=where)


def _asked(cell: MeasuredCell, case: Case) -> Any:
    return before_the_end(case, cell.again(case))


def _others(cell: MeasuredCell, case: Case) -> Iterator[tuple[str, Case]]:
    """Yield calls that may come between: other values, and other shapes."""
    other, offers = _with_other_values(case), cell.signature.offers
    yield "other values", other
    if offers(Capability.INITIAL_STATE):
        given = tuple(np.ones_like(g) for g in case.grad_state)
        yield "a state", other.but(state=given)
    if offers(Capability.BATCH):
        yield "more rows", other.rows(np.tile(np.arange(case.batch), 2))
    lengths = case.lengths
    yield (
        "more steps",
        other.but(
            inputs=np.concatenate([other.inputs, case.inputs]),
            grad_outputs=np.concatenate([case.grad_outputs, case.grad_outputs]),
            lengths=None if lengths is None else lengths + case.time,
        ),
    )


def _with_other_values(case: Case) -> Case:
    """Return a case of the same shapes, rows turned about and inputs changed."""
    turned = case.rows(np.arange(case.batch)[::-1])
    return turned.but(inputs=turned.inputs + 1)


LAWS = (calls_leave_no_trace,)
