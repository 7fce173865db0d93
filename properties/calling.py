"""The same batch can be handed over in several ways, and gives the same results."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part
from .row_ends import PADDED, before_the_end, unpulled


def _full(_: MeasuredCell, case: Case) -> Case:
    return case.but(lengths=np.full(case.batch, case.time))


@law(
    "f(x, T_n = T) = f(x), and so are the gradients",
    cases=Cases(
        lengths=True,
        batch_first=None,
        then=_full,
        time=(1, 17),
        most=8,
        first=("generic", "both directions", "two layers", "float32"),
    ),
    catches=("mask-one-step-early", "lengths-average-over-time", "lengths-drop-state"),
)
def full_lengths_equal_no_lengths(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Saying that every row has T steps says nothing new."""
    yield from _the_same(cell, case, case.but(lengths=None))


@law(
    "f(x, mask[t, n] = (t < T_n)) = f(x, T_n), and so are the gradients",
    cases=replace(PADDED, time=(1, 17), most=8, first=("generic", "both directions")),
    requires=Capability.LENGTHS | Capability.MASKS,
    catches=("mask-inverted", "mask-shifted-by-one"),
)
def masks_equal_lengths(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A mask without holes says where rows end, which is what lengths say."""
    yield from _the_same(cell, case.but(masked=True), case)


@law(
    "batch first: f(xᵀ) = f(x)ᵀ for y and its gradients, states as they were",
    cases=Cases(
        batch_first=True,
        time=(1, 17),
        most=8,
        first=("T = N", "generic", "both directions", "two layers"),
    ),
    requires=Capability.BATCH_FIRST,
    catches=(
        "batch-first-ignored",
        "batch-first-reshaped",
        "batch-first-gradient-reshaped",
        "batch-first-forgotten-between-layers",
        "state-read-batch-first",
        "batch-first-gradient-not-turned",
    ),
)
def batch_first_is_the_transpose(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Which axis comes first is a matter of writing, and changes no number.

    Cases hold inputs and outputs with time first, whichever order the target wants;
    states (L, N, H) have no time, and are not transposed.
    """
    time_first = case.but(spec=replace(case.spec, batch_first=False))
    yield from _the_same(cell, case, time_first)


def _the_same(cell: MeasuredCell, case: Case, other: Case) -> Iterator[Claim]:
    """Yield that both give one result, outputs past the end of rows aside."""
    case, other = unpulled(case), unpulled(other)
    replies = (before_the_end(c, cell.forward(c)) for c in (case, other))
    yield from each_part(equal, *replies)
    if cell.signature.offers(Capability.BACKWARD):
        yield from each_part(equal, cell.backward(case), cell.backward(other))


LAWS = (
    full_lengths_equal_no_lengths,
    masks_equal_lengths,
    batch_first_is_the_transpose,
)
