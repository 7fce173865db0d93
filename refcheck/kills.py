"""Which laws catch which known fault: what the self-test wrote down, for readers.

``bugs/kills.json`` holds, for the dtypes that a cell is asked in, for each fault and
kind the laws that were violated in the quick profile when it was planted:

    {"schema": 2, "tree": …, "runs": {"float64+float32": {FAULT: {KIND: [LAW, …]}}}}

Every profile asks what the quick one asks, so that it catches as much at the least.
Where no run in the same dtypes is written down, nothing is said, and a fault that was
not planted into the kind does not count.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from refcheck.law import Law
from refcheck.outcome import Power

FILE = Path(__file__).parent / "bugs" / "kills.json"
Caught = Mapping[str, Mapping[str, Sequence[str]]]  # fault -> kind -> laws


class Kills(msgspec.Struct, frozen=True):
    """The kill matrix: dtypes, joined by + -> fault -> kind -> laws."""

    runs: Mapping[str, Caught] = {}
    tree: str = ""  # a hash of the sources that it was made with
    schema: int = 2


@cache
def kills(path: Path = FILE) -> Kills:
    """Return what is written down in ``path``; nothing if there is no such file."""
    if not path.is_file():
        return Kills()
    return msgspec.json.decode(path.read_bytes(), type=Kills)


def power(
    could_have: Sequence[str],
    held: Collection[str],
    dtypes: Sequence[str],
    kind: str,
    path: Path = FILE,
) -> Power | None:
    """Return which of the faults that a cell could have the laws ``held`` would catch.

    Only faults count whose run in this kind is written down; None if there is none.
    """
    caught = kills(path).runs.get("+".join(dtypes), {})
    known = [bug for bug in could_have if kind in caught.get(bug, {})]
    if not known:
        return None
    missed = [bug for bug in known if not set(caught[bug][kind]) & set(held)]
    return Power(len(known), missed)


def catching(laws: Iterable[Law], path: Path = FILE) -> dict[str, set[str]]:
    """Return for each fault the laws that catch it, in any run, or say that they do."""
    found: dict[str, set[str]] = {}
    for law in laws:
        for bug in law.catches:
            found.setdefault(bug, set()).add(law.name)
    for bug, kinds in (p for run in kills(path).runs.values() for p in run.items()):
        for names in kinds.values():
            found.setdefault(bug, set()).update(names)
    return found
