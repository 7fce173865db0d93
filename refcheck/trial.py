"""One case, and what came of asking a law on it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Subject
from refcheck.errors import Lost
from refcheck.judge import Verdict, judge, misshapen
from refcheck.law import Law, Relation
from refcheck.outcome import Status


class Trial(NamedTuple):
    """One case, and what came of it."""

    case: Subject
    verdicts: Sequence[Verdict]
    crash: str = ""  # what the target raised, or how its process was lost
    lost: Status | None = None  # crashed or timed out, if its process was lost

    @property
    def worst(self) -> Verdict | None:
        """The violated verdict furthest beyond its allowance, if any."""
        violated = [v for v in self.verdicts if v.violated]
        return max(violated, key=lambda v: v.ratio, default=None)

    @property
    def broken(self) -> bool:
        """Whether the law does not hold on this case."""
        return bool(self.crash) or self.worst is not None

    @property
    def conclusive(self) -> bool:
        """Whether every claim could be decided."""
        return all(v.conclusive for v in self.verdicts)

    @property
    def doubts(self) -> set[str]:
        """Why not every claim could be decided."""
        return {doubt.value for v in self.verdicts for doubt in v.doubts}

    def without(self, labels: set[str]) -> "Trial":
        """Return the trial without the differences that were shown elsewhere."""
        kept = [
            v
            for v in self.verdicts
            if v.relation is not Relation.DIFFERS or v.label not in labels
        ]
        return self._replace(verdicts=kept)


def ask(law: Law, cell: Any, case: Subject) -> Trial:
    """Ask ``law`` of a measured ``cell`` on one case."""
    verdicts: list[Verdict] = []
    cell.asked = case
    try:
        with np.errstate(all="ignore"):  # a wrong cell may overflow a law's arithmetic
            for claim in law.check(cell, case):
                widened = claim._replace(factor=cell.factor)
                verdicts.append(judge(widened, (TargetRaised,)))
    except TargetRaised as error:
        return Trial(case, verdicts, str(error))
    except Lost as error:
        return lost(case, error, verdicts)
    except Misshapen as error:
        return Trial(case, [*verdicts, misshapen(error)])
    finally:
        cell.asked = None
    return Trial(case, verdicts)


def lost(case: Subject, error: Lost, verdicts: Sequence[Verdict] = ()) -> Trial:
    """Return the trial of a case on which the target's process was lost."""
    status = Status.TIMED_OUT if error.late else Status.CRASHED
    return Trial(case, verdicts, str(error), status)
