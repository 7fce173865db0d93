"""The search for a case on which a law does not hold, and for the smallest such case.

A law is asked on its landmarks first, then on what Hypothesis draws; Hypothesis shrinks
what it drew, and ``reduction.py`` goes on from there.
"""

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain
from statistics import median
from typing import Any, NamedTuple

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Subject
from refcheck.cell import Shapes
from refcheck.errors import Lost
from refcheck.judge import misshapen
from refcheck.landmarks import chosen
from refcheck.law import Law, Relation
from refcheck.outcome import Finding, Limit, Status
from refcheck.recipe import Recipe, case_from
from refcheck.reduction import reduced
from refcheck.rounding import FORMATS
from refcheck.trial import Trial, ask, lost

USUAL = 6  # cases drawn by the default profile, for which laws state their ``most``


class Effort(NamedTuple):
    """How much a search may spend."""

    landmarks: int  # of the fixed cases, most telling first
    drawn: int  # cases drawn by Hypothesis
    shrink_seconds: float
    seed: int


class Search:
    """One law against one measured cell; counts what it tries."""

    def __init__(self, law: Law, cell: Any, effort: Effort) -> None:
        """Prepare to search; nothing is tried yet."""
        self.law, self.cell, self.effort = law, cell, effort
        self.cases = self.conclusive = 0
        self.undecided: Counter[str] = Counter()  # cases, by why nothing can be said
        self.closest = (
            0.0  # the largest error as a share of its allowance, of those held
        )
        self.worst: Finding | None = None
        self.worst_case: Subject | None = None
        self._limits: dict[str, list[float]] = defaultdict(list)  # by dtype

    def smallest(self) -> Trial | None:
        """Return the smallest violating trial that was found, or None."""
        cases, signature = self.law.cases, self.cell.signature
        if cases.planted:
            return self._existential()
        most = min(self.effort.landmarks, cases.most)
        recipes = chosen(
            cases, self.law.name, signature, seed=self.effort.seed, most=most
        )
        crashed: tuple[Recipe, Trial] | None = None
        for recipe, trial in chain.from_iterable(map(self._tries, recipes)):
            if not trial.broken:
                continue
            if not trial.crash or trial.lost:
                return self._reduced(recipe, trial)
            crashed = crashed or (recipe, trial)  # a violation would say more
        if crashed:
            return self._reduced(*crashed)
        most = self._affordable
        return self._drawn(cases.recipes(signature, recipes), most) if most else None

    def _existential(self) -> Trial | None:
        """A difference must show on one of the planted cases; the rest on each."""
        handful = self.law.cases.handful(self.cell.signature)
        trials = [t for t in map(self._try, handful) if t is not None]
        shown = {
            v.label
            for t in trials
            for v in t.verdicts
            if v.relation is Relation.DIFFERS and not v.violated
        }
        left = [t.without(shown) for t in trials]
        return next((t for t in left if t.broken), None)

    def _tries(self, recipe: Recipe) -> Iterator[tuple[Recipe, Trial]]:
        """Try a recipe, and easier ones after it while nothing can be said."""
        for easier in self.law.cases.easier(recipe, self.cell.signature):
            trial = self._try(easier)
            if trial is not None:
                yield easier, trial
            if trial is None or trial.broken or trial.conclusive:
                return

    def _try(self, recipe: Recipe) -> Trial | None:
        """Return the trial of a recipe, None if there is no such case."""
        try:
            plain = self.law.cases.plain(recipe, self.cell)
        except Lost as error:  # while it was built: no more is known of the case
            spec = recipe.spec(self.cell.signature.dtypes)
            bare = case_from(recipe, spec, Shapes({}, 0, spec.hidden_size))
            trial: Trial | None = lost(bare, error)
        else:
            trial = None if plain is None else self._asked(plain, recipe)
        if trial is not None:
            self._count(trial)
        return trial

    def _asked(self, plain: Subject, recipe: Recipe) -> Trial | None:
        try:
            case = self.law.cases.finished(plain, recipe.extra, self.cell)
        except TargetRaised as error:
            return Trial(plain, (), str(error))
        except Lost as error:
            return lost(plain, error)
        except Misshapen as error:
            return Trial(plain, (misshapen(error),))
        trial = ask(self.law, self.cell, case)
        return trial if trial.verdicts or trial.crash else None

    def _count(self, trial: Trial) -> None:
        self.cases += 1
        self.conclusive += trial.conclusive
        self.undecided.update(() if trial.broken else trial.doubts)
        held = [v for v in trial.verdicts if not v.violated]
        self.closest = max([self.closest, *(v.ratio for v in held)])
        limits = [v.limit for v in held if v.limit and v.conclusive]
        self._limits[trial.case.spec.dtype] += limits
        found = trial.worst.finding if trial.worst else None
        if found and (self.worst is None or found.error > self.worst.error):
            self.worst, self.worst_case = found, trial.case

    @property
    def limits(self) -> dict[str, Limit]:
        """The smallest relative error that would have been seen, by dtype: medians."""
        return {
            dtype: Limit(found := median(each), found / FORMATS[dtype].u, self.law.name)
            for dtype, each in self._limits.items()
            if each and median(each) < 1
        }

    @property
    def _affordable(self) -> int:
        """How many cases may be drawn, after those that were asked.

        The most of a costly law bounds both together where each case is compiled.
        """
        drawn = self.effort.drawn
        most = self.law.cases.most * max(1, drawn // USUAL)
        asked = self.cases if self.cell.signature.compiled else 0
        return max(0, min(drawn, most - asked))

    def _drawn(self, recipes: Any, most: int) -> Trial | None:
        """Let Hypothesis draw recipes, and shrink the first that violates."""
        # not at the top: a quick run draws nothing, and Hypothesis takes long to import
        from refcheck.drawing import Broken, climb, explored  # noqa: PLC0415

        smallest: list[tuple[Recipe, Trial]] = []
        known: dict[str, bool] = {}
        deadline = float("inf")

        def asked(recipe: Recipe) -> None:
            nonlocal deadline
            key = repr(recipe)
            if key not in known and time.monotonic() < deadline:
                tried = list(self._tries(recipe))
                broken = [(r, trial) for r, trial in tried if trial.broken]
                known[key] = bool(broken)
                if broken:
                    seconds = self.effort.shrink_seconds / 2
                    deadline = min(deadline, time.monotonic() + seconds)
                    smallest.extend(broken)
                elif not smallest:
                    ratios = [v.ratio for _, trial in tried for v in trial.verdicts]
                    climb(max(ratios, default=0.0))
            if known.get(key):
                raise Broken

        with contextlib.suppress(Broken):
            explored(asked, recipes, most, self.effort.seed)
        return self._reduced(*smallest[-1]) if smallest else None

    def _reduced(self, recipe: Recipe, trial: Trial) -> Trial:
        """Return the smallest trial that can be made of a violating one."""
        bare = not getattr(trial.case, "params", True)
        if trial.lost is Status.TIMED_OUT or (trial.lost and bare):
            return trial  # each try would hang as long, or could not be built either
        cases = self.law.cases
        deadline = time.monotonic() + self.effort.shrink_seconds
        smallest = trial

        def violates(case: Subject) -> bool:
            nonlocal smallest
            found = self._asked(case, recipe) if time.monotonic() < deadline else None
            same = (
                found is not None
                and found.broken
                and bool(found.crash) is bool(trial.crash)
                and found.lost is trial.lost
            )
            if found is not None and same:
                smallest = found
            return same

        plain = cases.plain(recipe, self.cell)
        if plain is not None:
            with contextlib.suppress(Lost):  # while a smaller one was built
                reduced(plain, self.cell, cases, violates)
        return smallest
