"""Which laws catch which known fault: what the self-test wrote down, for readers.

``bugs/kills.json`` holds, for a profile and the dtypes that a cell offers, for each
fault and kind the laws that were violated when it was planted:

    {"schema": 1, "runs": {"quick": {"float64+float32": {FAULT: {KIND: [LAW, …]}}}}}

Where no run of the same profile and dtypes is written down, nothing is said, and a
fault that was not planted into the kind does not count.
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
    """The kill matrix: profile -> dtypes, joined by + -> fault -> kind -> laws."""

    runs: Mapping[str, Mapping[str, Caught]] = {}
    schema: int = 1

    def of(self, profile: str, dtypes: Sequence[str]) -> Caught:
        """Return what was caught by such a run; empty if there was none."""
        return self.runs.get(profile, {}).get("+".join(dtypes), {})


@cache
def kills(path: Path = FILE) -> Kills:
    """Return what is written down in ``path``; nothing if there is no such file."""
    if not path.is_file():
        return Kills()
    return msgspec.json.decode(path.read_bytes(), type=Kills)


def power(
    could_have: Sequence[str],
    held: Collection[str],
    profile: str,
    dtypes: Sequence[str],
    kind: str,
    path: Path = FILE,
) -> Power | None:
    """Return which of the faults that a cell could have the laws ``held`` would catch.

    Only faults count whose run in this kind is written down; None if there is none.
    """
    caught = kills(path).of(profile, dtypes)
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
    runs = [run for runs in kills(path).runs.values() for run in runs.values()]
    for bug, kinds in (pair for run in runs for pair in run.items()):
        for names in kinds.values():
            found.setdefault(bug, set()).update(names)
    return found
