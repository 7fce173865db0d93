"""The checker checked: every known fault is caught, and no right cell is failed.

A stored case of each fault is asked first.  Where it does not show the fault, laws are
asked as a profile asks them, but nothing is shrunk, and the search for a law ends with
its first violating case.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from refcheck.bugs import BUGS
from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.clipping import NORM, VALUE
from refcheck.cell import Kind
from refcheck.kills import catching
from refcheck.law import Law
from refcheck.runner import effort, measure
from refcheck.search import Search
from refcheck.selftest_cells import OF_A_SAMPLE, chosen, right_cells
from refcheck.settings import Settings
from refcheck.witnesses import heard, witnesses


class Tried(msgspec.Struct, frozen=True):
    """One cell, and the laws that it violated, in the order they were asked."""

    name: str  # the fault's id, or what the right cell is
    kind: str
    family: str = ""  # of the fault; empty for a right cell
    laws: Sequence[str] = ()  # that were violated
    cases: int = 0  # until the first violation, or all of them
    asked: int = 0  # laws

    @property
    def right(self) -> bool:
        """Whether nothing was planted."""
        return not self.family

    @property
    def passed(self) -> bool:
        """Whether a fault was caught, or a right cell was not failed."""
        return self.right is not bool(self.laws)


class Selftest(msgspec.Struct, frozen=True):
    """A whole run of the self-test."""

    profile: str
    seed: int
    sample: bool  # one fault a family
    full: bool  # every law was asked, not only until the first violation
    laws: Sequence[str]  # all that could be asked
    tried: Sequence[Tried]

    @property
    def faults(self) -> Sequence[Tried]:
        """The cells with a fault."""
        return [t for t in self.tried if not t.right]

    @property
    def right(self) -> Sequence[Tried]:
        """The cells without one."""
        return [t for t in self.tried if t.right]

    @property
    def exit_code(self) -> int:
        """0 if every fault was caught and no right cell was failed, else 1."""
        return 0 if all(t.passed for t in self.tried) else 1


class Share(msgspec.Struct, frozen=True):
    """What one law contributes: how many of the cells with a fault it caught."""

    caught: int
    first: int  # before any other law that was asked
    alone: int  # and no other law did


def shares(laws: Iterable[str], faults: Sequence[Tried]) -> dict[str, Share]:
    """Return the share of each law, those that catch most first."""
    caught = Counter(name for one in faults for name in one.laws)
    first = Counter(one.laws[0] for one in faults if one.laws)
    alone = Counter(one.laws[0] for one in faults if len(one.laws) == 1)
    order = sorted(laws, key=lambda name: (-caught[name], name))
    return {name: Share(caught[name], first[name], alone[name]) for name in order}


def selftest(
    laws: Sequence[Law],
    settings: Settings,
    *,
    sample: bool = False,
    full: bool = False,
) -> Selftest:
    """Ask ``laws`` of the faults that ``settings.select`` names, and of right cells.

    Each fault is planted into one kind of cell, or into all that can have it for a full
    run.  Right cells are asked every law, those of a sample only the laws that caught.

    Raises:
        RefcheckError: if no fault is selected.
    """
    pairs = chosen(BUGS, settings.select, sample=sample, every_kind=full)
    tried = [tried_with(bug, kind, laws, settings, full=full) for bug, kind in pairs]
    caught = {name for one in tried for name in one.laws}
    cells = right_cells(OF_A_SAMPLE if sample else CELLS | NORM | VALUE)
    asked = [law for law in laws if not sample or law.name in caught]
    tried += [tried_on(name, cell, asked, settings, full=True) for name, cell in cells]
    names = [law.name for law in laws]
    return Selftest(settings.profile, settings.seed, sample, full, names, tried)


def ordered(laws: Sequence[Law], bug: Bug | None = None) -> list[Law]:
    """Return the laws that claim to catch the fault, then those that catch most."""
    rate = Counter(name for names in catching(laws).values() for name in names)
    claimed = bug.id if bug else ""
    return sorted(laws, key=lambda law: (claimed not in law.catches, -rate[law.name]))


def tried_with(
    bug: Bug, kind: Kind, laws: Sequence[Law], settings: Settings, *, full: bool
) -> Tried:
    """Plant the fault, and ask every law in order of catch rate, or up to a catch.

    Up to a catch, its witness is asked first, then the laws that claim to catch it.
    """
    seen = None if full else _witnessed(bug, kind, laws)
    return seen or searched(bug, kind, laws, settings, full=full)


def searched(
    bug: Bug, kind: Kind, laws: Sequence[Law], settings: Settings, *, full: bool
) -> Tried:
    """Plant the fault and ask the laws, without its witness."""
    order = ordered(laws, None if full else bug)
    cell = bug.plant(kind)
    return tried_on(bug.id, cell, order, settings, family=bug.family, full=full)


def _witnessed(bug: Bug, kind: Kind, laws: Sequence[Law]) -> Tried | None:
    """Return the fault as caught by its witness, None if it is not."""
    witness = witnesses().get(bug.id)
    if witness is None or witness.kind != kind.value:
        return None
    for law in (law for law in laws if law.name == witness.law):
        with warnings.catch_warnings(action="ignore"):  # of the fault, not of the test
            seen = heard(witness, law, bug.plant(kind)).broken
        if seen:
            return Tried(bug.id, kind.value, bug.family, [law.name], 1, 1)
    return None


def tried_on(
    name: str,
    cell: Any,
    laws: Iterable[Law],
    settings: Settings,
    *,
    family: str = "",
    full: bool,
) -> Tried:
    """Ask ``laws`` of a cell, all of them or until one is violated."""
    measured = measure(cell, settings)
    violated: list[str] = []
    cases = asked = 0
    for law in laws:
        if law.excuse(measured.signature):
            continue
        measured.law = law.name
        search = Search(law, measured, effort(law, settings)._replace(shrink_seconds=0))
        with warnings.catch_warnings(action="ignore"):  # of the fault, not of the test
            found = search.smallest()
        asked += 1
        cases += 0 if violated else search.cases
        violated += [law.name] if found else []
        if found and not full:
            break
    return Tried(name, cell.signature.kind.value, family, violated, cases, asked)
