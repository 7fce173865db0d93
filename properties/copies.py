"""A copy of a cell is the same cell, however it was made."""

from collections.abc import Iterator
from functools import partial

from refcheck.calling import TargetRaised
from refcheck.case import Case
from refcheck.cell import Capability
from refcheck.law import Claim, equal, law, refuses
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part

WAYS = ("deepcopy", "saving", "state_dict")


@law(
    "f′(x) = f(x) for a copy f′, by deepcopy, by saving or by a state dictionary",
    cases=Cases(
        batch_first=None,
        time=(1, 5),
        batch=(1, 5),
        hidden=(1, 5),
        most=6,
        first=("generic", "two layers, both directions", "no bias", "float32"),
    ),
    requires=Capability.COPIES,
    catches=("recurrent-weights-not-loaded", "bias-not-saved"),
)
def copies_compute_the_same(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """What a cell computes is in what is copied of it, or it is lost on the way.

    A model that was trained is saved and loaded before it is used.  A target may
    refuse to be copied in one way or another; then nothing is claimed of it.
    """
    here = cell.forward(case)
    for way in WAYS:
        try:
            there = cell.copied(case, way)
        except TargetRaised:
            yield refuses(way, partial(cell.copied, case, way))
            continue
        yield from each_part(equal, there, here, where=f", by {way}")


LAWS = (copies_compute_the_same,)
