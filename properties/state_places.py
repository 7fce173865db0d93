"""Each number of a state has a place of its own: a layer, a row, and h or c."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Kind
from refcheck.law import Claim, identical, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import STATES, each_part
from .row_ends import before_the_end
from .state import CARRIED, moved


@law(
    "s_0[l, n] enters layer l and row n alone, h as h and c as c",
    cases=Cases(
        state=True,
        batch=(2, 17),
        extra={"row": lambda c, k: k % c.batch},
        first=(
            "two layers, both directions",
            "generic",
            "three layers, D = H",
            "9 rows",
        ),
    ),
    requires=CARRIED | Capability.BATCH,
    catches=(
        "rows-of-the-state-reversed",
        "states-of-layers-reversed",
        "directions-before-layers-in-the-state",
        "initial-h-and-c-exchanged",
    ),
)
def states_are_not_exchanged(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """A state (L, N, H) has a place for each layer and row, and keeps them apart.

    Other rows do not see it, nor do the layers below, nor does the other direction
    beside it.  Without recurrent weights h is not used at all, unlike c.
    """
    others = np.arange(case.batch) != case.extra["row"]
    yield from _unseen(cell, case, np.s_[:, ~others], np.s_[:, others])
    if cell.signature.kind is None:
        return
    for place in range(case.spec.depth):
        unseeing = _below_and_beside(case, place)
        if unseeing:
            yield from _unseen(cell, case, np.s_[place], np.s_[unseeing])
    if cell.signature.kind is Kind.LSTM and cell.derived:
        free = _without_recurrence(cell, case)
        other = moved(free, np.s_[:], (0,))
        where = ", if h changes where weight_hh is 0"
        replies = (before_the_end(free, cell.forward(x)) for x in (free, other))
        yield from each_part(identical, *replies, where=where)


def _unseen(
    cell: MeasuredCell, case: Case, place: Any, unseeing: Any
) -> Iterator[Claim]:
    """Claim that one part of the final state does not see one of the initial state."""
    found, other = (cell.forward(c).state for c in (case, moved(case, place)))
    for name, left, right in zip(STATES, found, other, strict=False):
        yield identical(f"final {name}, elsewhere", left[unseeing], right[unseeing])


def _below_and_beside(case: Case, place: int) -> list[int]:
    """Return the layers and directions that do not read those of ``place``."""
    directions = case.spec.directions
    below = list(range(place - place % directions))
    return [*below, place ^ 1] if directions == 2 else below


def _without_recurrence(cell: MeasuredCell, case: Case) -> Case:
    params = cell.canonical(case)
    return cell.planted(case, [p._replace(weight_hh=p.weight_hh * 0) for p in params])


LAWS = (states_are_not_exchanged,)
