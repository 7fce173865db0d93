"""The line-up: each suspect is shown what the target was shown, until it differs."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Subject
from refcheck.diagnosis import seen
from refcheck.diagnosis.suspects import Suspect, textbook
from refcheck.diagnosis.witness import Point, Witness
from refcheck.law import Law

FEW_LAWS = 8  # whose claims every suspect is asked for
OWN_CASES = 2  # of a law, where the violating one tells nothing
FURTHER = 8  # cases that are tried to tell equals apart
MOST = 2 / 3  # of the telling plain calls, at which a near likeness looks alike
FEW_POINTS = 3  # at which a suspect may explain a part of what is wrong


class Likeness(NamedTuple):
    """How often a suspect looked as the target does."""

    suspect: Suspect
    agreed: int
    of: int
    laws: tuple[str, ...]  # whose violation it explains

    @property
    def share(self) -> float:
        """1 if it did wherever it was looked at."""
        return self.agreed / self.of


class LineUp:
    """A target, where it was looked at, and whom it is compared with."""

    def __init__(self, target: Any, seconds: float) -> None:
        """Compare a measured ``target`` for some seconds of this thread's time."""
        self.target = target
        self._until = time.thread_time() + seconds
        self.plain: list[Point] = []
        self.laws: list[Point] = []
        self._right = Witness(textbook(target.signature), target.signature)

    def lasting(self, seconds: float) -> None:
        """Go on for so long from now."""
        self._until = time.thread_time() + seconds

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.thread_time() > self._until

    def show_plain(self, cases: Iterable[tuple[str, Subject]]) -> None:
        """Look at plain calls on ``cases``, each with a law that it violates, or none.

        What tells the target from the textbook is shown to suspects first.
        """
        for law, case in cases:
            for see in seen.calls(case, self.target.signature.capabilities):
                self.plain.append(self._point(see, law))

    def show_claims(self, violated: Iterable[tuple[Law, Subject]]) -> None:
        """Look at what laws claim on cases on which they are violated.

        A case may have become small under what earlier calls had left behind; the
        law's own first cases then tell more.
        """
        found = (self._telling(law, case) for law, case in violated)
        telling = (point for point in found if point is not None)
        self.laws.extend(islice(telling, FEW_LAWS))

    def likenesses(self, suspects: Iterable[Suspect]) -> list[Likeness]:
        """Return how alike those are that cannot be told from the target."""
        found = []
        for suspect in suspects:
            if self.late:
                break
            likeness = self._likeness(suspect)
            if likeness is not None:
                found.append(likeness)
        return found

    def told_apart(
        self, found: Sequence[Likeness], violated: Iterable[tuple[Law, Subject]]
    ) -> list[Likeness]:
        """Return who is left of equals, on further cases of the laws."""
        left = list(found)
        further = ((law, one) for law, _ in violated for one in self._own(law, FURTHER))
        for law, case in islice(further, FURTHER):
            if len(left) < 2 or self.late:
                break
            point = self._point(seen.claims(law, case), law.name)
            alike = [one for one in left if self._witness(one.suspect).shows(point)]
            if alike:
                left = [o._replace(agreed=o.agreed + 1, of=o.of + 1) for o in alike]
        return left

    def explaining(
        self, named: Likeness, violated: Iterable[tuple[Law, Subject]]
    ) -> Likeness:
        """Return the likeness with the other laws that the suspect violates alike."""
        witness, laws = self._witness(named.suspect), list(named.laws)
        for law, case in violated:
            if law.name not in (*laws, *(point.law for point in self.laws)):
                point = self._telling(law, case)
                if point is not None and witness.shows(point):
                    laws.append(law.name)
        return named._replace(laws=tuple(laws))

    def partial(self, suspects: Iterable[Suspect]) -> Iterator[Suspect]:
        """Yield those that look alike at a plain call where the textbook does not."""
        points = [point for point in self.plain if point.telling][:FEW_POINTS]
        for suspect in suspects:
            if self.late:
                return
            witness = self._witness(suspect)
            if any(map(witness.shows, points)):
                yield suspect

    def nearly(self, suspects: Iterable[Suspect]) -> list[Likeness]:
        """Return those that look alike at most of the plain calls that tell anything.

        Two programs with the same fault may differ in a detail, such as what becomes
        of rows that have ended.
        """
        telling = sum(point.telling for point in self.plain)
        found = []
        for suspect in suspects:
            witness = self._witness(suspect)
            plain = [point for point in self.plain if witness.shows(point)]
            if len(self.plain) - len(plain) <= telling * (1 - MOST):
                laws = [point for point in self.laws if witness.shows(point)]
                found.append(self._counted(suspect, [*plain, *laws]))
        return found

    def _counted(self, suspect: Suspect, shown: Sequence[Point]) -> Likeness:
        laws = dict.fromkeys(p.law for p in shown if p.law and p.telling)
        of = len(self.plain) + len(self.laws)
        return Likeness(suspect, len(shown), of, tuple(laws))

    def _likeness(self, suspect: Suspect) -> Likeness | None:
        """Return how alike a suspect is, None if it can be told from the target.

        It must look alike at every plain call.  Where these tell nothing, because the
        fault shows in other ways, it must explain at least half of the laws.
        """
        witness, few = self._witness(suspect), self.laws
        telling = [point for point in self.plain if point.telling]
        if not (telling or few) or not all(map(witness.shows, telling)):
            return None
        shown, unlike = [], len(few) if telling else len(few) // 2
        for point in few:
            alike = witness.shows(point)
            shown += [point] * alike
            unlike -= not alike
            if unlike < 0:
                return None
        rest = [point for point in self.plain if not point.telling]
        if not all(map(witness.shows, rest)):
            return None
        return self._counted(suspect, [*self.plain, *shown])

    def _witness(self, suspect: Suspect) -> Witness:
        return Witness(suspect, self.target.signature)

    def _telling(self, law: Law, case: Subject) -> Point | None:
        for one in () if self.late else self._cases(law, case):
            point = self._point(seen.claims(law, one), law.name)
            if point.telling:
                return point
        return None

    def _point(self, see: seen.See, law: str) -> Point:
        point = Point(see, seen.known(see, self.target.fresh()), False, law)
        return point._replace(telling=not self._right.shows(point))

    def _cases(self, law: Law, case: Subject) -> Iterator[Subject]:
        yield case
        yield from self._own(law, OWN_CASES)

    def _own(self, law: Law, most: int) -> Iterator[Subject]:
        """Yield the first cases of a law."""
        cell, cases = self.target.fresh(), law.cases
        for recipe in islice(cases.landmarks(cell.signature, 0), most):
            plain = cases.plain(recipe, cell)
            with contextlib.suppress(TargetRaised, Misshapen):
                if plain is not None:
                    yield cases.finished(plain, recipe.extra, cell)
