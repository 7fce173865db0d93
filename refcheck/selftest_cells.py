"""What a self-test is about: chosen faults, their kinds, and right cells."""

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zlib import crc32

from refcheck.bugs.bug import Bug
from refcheck.bugs.clipping import NORM, VALUE, PlantedClipper
from refcheck.bugs.planted import planted
from refcheck.cell import Kind
from refcheck.errors import RefcheckError
from refcheck.reference.cell import ReferenceCell

OF_A_SAMPLE = NORM | VALUE | {Kind.RNN_TANH}  # kinds of its right cells: the fastest


def chosen(
    bugs: Iterable[Bug], patterns: Sequence[str], *, sample: bool, every_kind: bool
) -> list[tuple[Bug, Kind]]:
    """Return the faults whose id or family matches, each with the kinds to plant it in.

    Raises:
        RefcheckError: if there is none.
    """
    wanted = [bug for bug in bugs if _matches(bug, patterns)]
    if not wanted:
        message = (
            f"{', '.join(map(repr, patterns))} selects no known fault and no family; "
            f"refcheck laws --bugs lists them."
        )
        raise RefcheckError(message)
    if sample:
        wanted = list({bug.family: bug for bug in reversed(wanted)}.values())[::-1]
    return [
        (bug, kind)
        for bug in wanted
        for kind in (sorted_kinds(bug) if every_kind else [one_kind(bug)])
    ]


def _matches(bug: Bug, patterns: Sequence[str]) -> bool:
    names = (bug.id, bug.family)
    return not patterns or any(
        fnmatch.fnmatch(name, pattern) for name in names for pattern in patterns
    )


def sorted_kinds(bug: Bug) -> list[Kind]:
    """Return the kinds that can have the fault, by name."""
    return sorted(bug.kinds, key=lambda kind: kind.value)


def one_kind(bug: Bug) -> Kind:
    """Return one of the kinds that can have the fault, another for each fault."""
    kinds = sorted_kinds(bug)
    return kinds[crc32(bug.id.encode()) % len(kinds)]


def right_cells(kinds: Iterable[Kind]) -> Iterator[tuple[str, Any]]:
    """Yield the textbook of each kind, and the lines that faults are planted into."""
    for kind in sorted(kinds, key=lambda kind: kind.value):
        if kind.recurrent:
            yield "textbook", ReferenceCell(kind)
            yield "textbook by lines", planted()(kind)
        else:
            yield "textbook by lines", PlantedClipper(kind)
