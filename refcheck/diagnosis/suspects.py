"""What a target may behave as: known faults, conventions, and two of these at once."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from refcheck.bugs import BUGS
from refcheck.bugs.bug import Bug
from refcheck.bugs.clipping import PlantedClipper
from refcheck.bugs.planted import planted
from refcheck.cell import Kind, Signature
from refcheck.conventions import CONVENTIONS, Convention
from refcheck.diagnosis.spoken import Spoken
from refcheck.diagnosis.together import together
from refcheck.translated import Translated

Caught = Mapping[str, Collection[str]]  # id of a fault -> laws that are known to see it


@dataclass(frozen=True)
class Suspect:
    """A way to behave, and a cell, or clipper, that behaves so."""

    id: str
    says: str
    make: Callable[[], Any]
    seen_in: Sequence[str] = ()
    setting: str = ""
    bugs: tuple[Bug, ...] = ()  # what it is made of
    conventions: tuple[Convention, ...] = ()

    @property
    def parts(self) -> frozenset[str]:
        """The ids of what it is made of."""
        of_bugs = [bug.id for bug in self.bugs]
        return frozenset([*of_bugs, *(c.id for c in self.conventions)])

    @property
    def meant(self) -> bool:
        """Whether it is a convention alone, and no fault if it is meant."""
        return not self.bugs


def textbook(signature: Signature) -> Suspect:
    """Return the suspect that is beyond suspicion."""
    return _suspect(signature, (), ())


def suspects(
    signature: Signature, violated: Collection[str], caught: Caught
) -> list[Suspect]:
    """Return all that such a target may behave as, likeliest first.

    What is caught by the laws that are violated here, and by no others, is likeliest.
    """
    found = [_suspect(signature, (), (c,)) for c in conventions(signature)]
    found += [
        _suspect(signature, (bug,), ()) for bug in BUGS if bug.applies_to(signature)
    ]
    return sorted(found, key=lambda s: -_alike(caught.get(s.id, ()), violated))


def conventions(signature: Signature) -> Iterator[Convention]:
    """Yield the conventions that would make such a target behave otherwise."""
    for convention in CONVENTIONS.values():
        if signature.layout is not None and convention.applies_to(signature):
            other = convention.declare(signature)
            if (other.kind, other.layout) != (signature.kind, signature.layout):
                yield convention


def pairs(
    signature: Signature, first: Suspect, others: Sequence[Suspect]
) -> Iterator[Suspect]:
    """Yield ``first`` together with each of ``others`` that it can stand beside."""
    for other in others:
        follows = (*first.conventions, *other.conventions)
        faults = (*first.bugs, *other.bugs)
        if other.id != first.id and len(follows) < 2:
            yield _suspect(signature, faults, follows)


def _suspect(
    signature: Signature, faults: tuple[Bug, ...], follows: tuple[Convention, ...]
) -> Suspect:
    every: tuple[Bug | Convention, ...] = (*faults, *follows)
    threads = dict.fromkeys(t for fault in faults for t in fault.seen_in)
    return Suspect(
        id=" + ".join(s.id for s in every),
        says=" ".join(s.says for s in every),
        make=lambda: _made(signature, faults, follows),
        seen_in=tuple(threads),
        setting=" ".join(c.setting for c in follows) if not faults else "",
        bugs=faults,
        conventions=follows,
    )


def _made(
    signature: Signature, faults: tuple[Bug, ...], follows: tuple[Convention, ...]
) -> Any:
    """Return a cell, or clipper, with all of these; None if there is none."""
    spoken = signature
    for convention in follows:
        spoken = convention.declare(spoken)
    kind: Any = spoken.kind
    cells = [fault.plant(kind) for fault in faults] or [_right(kind)]
    cell = reduce(together, cells)
    if cell is None or spoken.layout is None:  # the latter is a clipper
        return cell
    inner = Spoken(cell, signature, spoken.layout)
    return Translated(inner, spoken) if spoken.layout.cell_first else inner


def _right(kind: Kind) -> Any:
    """Return the textbook, as a cell that refuses what does not fit, or a clipper."""
    return planted()(kind) if kind.recurrent else PlantedClipper(kind)


def _alike(laws: Collection[str], violated: Collection[str]) -> float:
    """Return how alike two sets of laws are: common ones among all (Jaccard 1901)."""
    every = {*laws, *violated}
    return len({*laws} & {*violated}) / len(every) if every else 0.0
