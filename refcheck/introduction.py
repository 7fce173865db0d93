"""What is said of a target before it is asked anything, and once its kind is found."""

from collections.abc import Iterator, Sequence

from refcheck.bugs import BUGS
from refcheck.cell import Cell, Kind
from refcheck.environment import environment
from refcheck.law import Law
from refcheck.oracle import shortfall
from refcheck.outcome import Probed
from refcheck.probing.found import undeclared
from refcheck.wire import (
    Asked,
    Ready,
    Understood,
)


def ready(cell: Cell, chosen: Sequence[Law], dtypes: Sequence[str] = ()) -> Ready:
    """Return what a run begins with: the kind, notes, and the laws that are asked."""
    kind, usual = cell.signature.kind, cell.signature.usual.dtypes
    asked = tuple(dtype for dtype in cell.signature.dtypes if dtype in dtypes)
    return Ready(
        kind.value if kind else "unknown",
        (*cell.signature.notes, *_known(cell)),
        environment(),
        tuple(map(_planned, chosen)),
        asked or usual,
        could_have(cell),
    )


def found_to_be(cell: Cell, told: Probed) -> Understood:
    """Return what is said of a cell of which nothing was declared."""
    kind = cell.signature.kind
    notes = (*_assumed(cell), *_conventions(cell))
    return Understood(kind.value if kind else "unknown", could_have(cell), notes, told)


def _planned(law: Law) -> Asked:
    return Asked(law.name, law.family, law.statement, law.strict)


def could_have(cell: Cell) -> tuple[str, ...]:
    """Return the known faults that such a cell could have, by id."""
    return tuple(bug.id for bug in BUGS if bug.applies_to(cell.signature))


def _known(cell: Cell) -> Iterator[str]:
    """Yield what follows from the kind, unless that is still to be found out."""
    if not undeclared(cell):
        yield from _assumed(cell)
        yield from _conventions(cell)


def _assumed(cell: Cell) -> tuple[str, ...]:
    """Say where allowances do not follow from a textbook, or its oracle is weak."""
    kind, layout = cell.signature.kind, cell.signature.layout
    if kind is not None and not kind.recurrent:
        return ()
    if kind is not None and layout is not None:
        return (shortfall(),) if shortfall() else ()
    lacks = "its kind is unknown" if kind is None else "its parameters are not visible"
    return (f"allowances are assumed from its own sensitivity, not derived: {lacks}",)


def _conventions(cell: Cell) -> Iterator[str]:
    """Yield what the equations of the kind leave open, and what is made of it."""
    if cell.signature.kind is Kind.RNN_RELU:
        yield (
            "the slope of ReLU at 0 is a convention: where a pre-activation is 0 "
            "within rounding, both 0 and 1 are allowed"
        )
