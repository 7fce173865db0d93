"""Laws against a cell: which are asked, how long, and how each of them ended."""

import fnmatch
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from refcheck import receipt
from refcheck.case import Subject
from refcheck.cell import Cell
from refcheck.clipper import MeasuredClipper
from refcheck.errors import RefcheckError
from refcheck.law import Law
from refcheck.measured import MeasuredCell
from refcheck.outcome import BROKEN, Finding, Outcome, Status
from refcheck.search import USUAL, Effort, Search
from refcheck.settings import Settings
from refcheck.trial import Trial, ask
from refcheck.watch import Watch


class Profile(NamedTuple):
    """How much a run spends on each law; see ``Effort``."""

    landmarks: int
    thorough: int
    drawn: int
    shrink_seconds: float


PROFILES = {
    "quick": Profile(landmarks=3, thorough=10, drawn=0, shrink_seconds=1.0),
    "default": Profile(landmarks=14, thorough=40, drawn=USUAL, shrink_seconds=2.0),
    "gate": Profile(landmarks=40, thorough=40, drawn=100, shrink_seconds=5.0),
    "deep": Profile(landmarks=40, thorough=40, drawn=1000, shrink_seconds=20.0),
}
SHRUNK_IN_FULL = 3  # laws; what is violated after them gets a share of the time
LATER_SHARE = 0.2


def run(
    cell: Cell, laws: Sequence[Law], settings: Settings, watch: Watch | None = None
) -> Iterator[Outcome]:
    """Yield how each selected law ended, as soon as it has.

    Raises:
        RefcheckError: if the target does not offer a dtype that is asked for.
    """
    measured = measure(cell, settings, watch)
    started, broken = time.monotonic(), 0
    for law in selected(laws, settings):
        late = settings.max_time and time.monotonic() - started > settings.max_time
        if late or (settings.fail_fast and broken):
            option = "within --max-time" if late else "under --fail-fast"
            yield _ended(law, Status.SKIPPED, f"not reached {option}")
            continue
        outcome = hold(law, measured, settings, before=broken)
        broken += outcome.status in BROKEN
        yield outcome


def measure(cell: Any, settings: Settings, watch: Watch | None = None) -> Any:
    """Return the target as laws see it, with the dtypes that the run is about.

    Raises:
        RefcheckError: if the target does not offer one of them.
    """
    kind = cell.signature.kind
    clips = kind is not None and not kind.recurrent
    measured: Any = MeasuredClipper(cell, watch) if clips else MeasuredCell(cell, watch)
    measured.factor, measured.arithmetic = settings.factor, settings.arithmetic
    offered = cell.signature.dtypes
    for dtype in settings.dtypes:
        if dtype not in offered:
            message = f"the target does not offer {dtype!r}, only {', '.join(offered)}."
            raise RefcheckError(message)
    if settings.dtypes:
        chosen = tuple(dtype for dtype in offered if dtype in settings.dtypes)
        measured.signature = replace(measured.signature, dtypes=chosen)
    return measured


def selected(laws: Sequence[Law], settings: Settings) -> Iterator[Law]:
    """Yield the laws that the run is about, or the share of them that is asked for."""
    wanted = [law for law in laws if _is_wanted(law, settings.select)]
    part, parts = settings.share
    yield from (law for law in wanted[part::parts] if law.name not in settings.skip)


def _is_wanted(law: Law, patterns: Sequence[str]) -> bool:
    names = (law.name, law.family)
    return not patterns or any(
        fnmatch.fnmatch(name, pattern) for name in names for pattern in patterns
    )


def hold(law: Law, cell: Any, settings: Settings, before: int = 0) -> Outcome:
    """Hold a measured cell to ``law``; ``before`` other laws were violated already."""
    excuse = settings.exclude.get(law.name) or law.excuse(cell.signature)
    if excuse:
        return _ended(law, Status.SKIPPED, excuse)
    started = time.monotonic()
    cell.law = law.name
    search = Search(law, cell, effort(law, settings, before))
    found = search.smallest()
    seconds = time.monotonic() - started
    if found is not None:
        return _violated(law, search, found, seconds, strict=settings.strict)
    status, reason = _standing(search)
    return Outcome(
        law.name,
        law.family,
        status,
        law.statement,
        reason,
        cases=search.cases,
        inconclusive=search.cases - search.conclusive,
        undecided=dict(search.undecided),
        closest=search.closest,
        limits=search.limits,
        seconds=seconds,
    )


def effort(law: Law, settings: Settings, before: int = 0) -> Effort:
    """Return what is spent on ``law``, after ``before`` others were violated."""
    profile = PROFILES[settings.profile]
    share = 1.0 if before < SHRUNK_IN_FULL else LATER_SHARE
    return Effort(
        profile.thorough if law.cases.thorough else profile.landmarks,
        profile.drawn,
        profile.shrink_seconds * share,
        settings.seed,
    )


def replay(law: Law, cell: Any, case: Subject) -> Trial:
    """Ask ``law`` on a stored case."""
    measured = measure(cell, Settings())
    measured.law = law.name
    return receipt.itemised(law, measured, ask(law, measured, case))


def _standing(search: Search) -> tuple[Status, str]:
    if search.conclusive:
        return Status.HELD, ""
    if search.cases:
        why = ", ".join(sorted(search.undecided))
        return Status.INCONCLUSIVE, f"nothing can be said on any of its cases: {why}"
    return Status.INCONCLUSIVE, "the target has no case that the law speaks of"


def _violated(
    law: Law, search: Search, trial: Trial, seconds: float, *, strict: bool
) -> Outcome:
    document = trial.case.document()
    worst = receipt.itemised(law, search.cell, trial).worst
    found = worst.finding if worst else None
    status = trial.lost or (Status.CRASHED if trial.crash else Status.VIOLATED)
    noted = law.strict and not strict and not trial.lost  # a lost process always counts
    return Outcome(
        law.name,
        law.family,
        Status.NOTED if noted else status,
        law.statement,
        trial.crash,
        cases=search.cases,
        inconclusive=search.cases - search.conclusive,
        undecided=dict(search.undecided),
        closest=search.closest,
        finding=found,
        case=document,
        worst=search.worst,
        worst_case=_worse_case(search, found),
        limits=search.limits,
        seconds=seconds,
    )


def _worse_case(search: Search, found: Finding | None) -> Mapping[str, Any] | None:
    """Return the case with the largest error, if that is not the smallest case."""
    worst, case = search.worst, search.worst_case
    if worst is None or case is None or found is None or worst.error <= found.error:
        return None
    return case.document()


def _ended(law: Law, status: Status, reason: str) -> Outcome:
    return Outcome(law.name, law.family, status, law.statement, reason)
