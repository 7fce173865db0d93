"""The watchdog: whatever the target does to its process, every law ends in an outcome.

A call that does not return, or that takes the process with it, is the outcome of the
law that made it, with the case it was called with.  The child is then started again
for the laws that are left, a bounded number of times.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import msgspec

from refcheck.callfile import Call, case_document
from refcheck.errors import TargetError
from refcheck.isolation import Child
from refcheck.outcome import Outcome, Status
from refcheck.record import NOT_REACHED, Record
from refcheck.wire import Ready, Request

RESTARTS = 5  # a target that dies more often would only die again
POLL_SECONDS = 0.05
LOAD_SECONDS = 60.0  # to import and build: a framework on a cold disk takes tens
SILENT_SECONDS = 60.0  # between two calls, where refcheck works or a cell is built
FIRST_CALL = 3.0  # times the limit: the first call may compile or load something

Tell = Callable[[str], None]


def supervise(
    record: Record,
    *,
    call_timeout: float,
    environ: Mapping[str, str],
    tell: Tell,
    jobs: int = 1,
) -> None:
    """Carry out the request of ``record`` in child processes, and fill it in.

    Args:
        record: what is asked, and what has been found.
        call_timeout: seconds that one call of the target may take.
        environ: the environment of the child processes.
        tell: hears of the progress.
        jobs: children side by side, each with its share of the laws.

    Raises:
        RefcheckError: if a child reports the user's mistake.
        TargetError: if the target cannot be loaded, or loading it kills or hangs.
        OwnFault: if a child reports a fault of refcheck.
        KeyboardInterrupt: as it came, once what was found so far is in ``record``.
    """
    shares = [record.share(k, jobs) for k in range(jobs)]
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool:
        lives = [
            pool.submit(_lives, share, call_timeout, environ, stop) for share in shares
        ]
        try:
            while not all(life.done() for life in lives):
                tell(_progress(record, shares))
                wait(lives, POLL_SECONDS, FIRST_EXCEPTION)
                if any(life.done() and life.exception() for life in lives):
                    break
        finally:
            stop.set()
            wait(lives)
            record.join(shares)
    for life in lives:
        life.result()


def _lives(
    record: Record,
    call_timeout: float,
    environ: Mapping[str, str],
    stop: threading.Event,
) -> None:
    """Run children, one after the death of another, until every law has ended."""
    for _ in range(1 + RESTARTS):
        fatal = _one_life(record, call_timeout, environ, stop)
        if fatal is None:
            return
        record.outcomes[fatal.law] = fatal
        if record.limit:
            record.skip(f"{NOT_REACHED} {record.limit}")
        if not record.left:
            return
    record.leave(f"the target's process ended {1 + RESTARTS} times")


def _one_life(
    record: Record,
    call_timeout: float,
    environ: Mapping[str, str],
    stop: threading.Event,
) -> Outcome | None:
    """Run one child to its end; return the outcome that its death is, if it died."""
    patience = Patience(call_timeout)
    with Child(_rest(record), environ) as child:
        while not stop.is_set():
            how, status = child.ended, Status.CRASHED  # asked before its last words
            for message in child.messages(POLL_SECONDS):
                patience.loaded |= isinstance(message, Ready)
                if record.take(message):
                    child.leave()
                    return None
            if not how:
                how = patience.lost(child.calls.number(), time.monotonic())
                status = Status.TIMED_OUT
            if how:
                child.kill()
                return _fatal(record, child.calls.last(), status, how, patience.loaded)
    return None


class Patience:
    """How long the child may stay in one call, or give no sign of life."""

    def __init__(self, call_timeout: float) -> None:
        """Begin with a child that is being loaded."""
        self.loaded = False
        self._call_timeout = call_timeout
        self._seen: tuple[int, bool] | None = None
        self._since = 0.0

    def lost(self, number: int, now: float) -> str:
        """Return why the child, in this call, is given up; empty while it is not."""
        seen = (number, self.loaded)
        if seen != self._seen:
            self._seen, self._since = seen, now
        limit, what = self._limit(number)
        return f"{what} within {limit:g} s" if now - self._since > limit else ""

    def _limit(self, number: int) -> tuple[float, str]:
        if number > 0:
            times = FIRST_CALL if number == 1 else 1.0
            return self._call_timeout * times, "a call did not return"
        if self.loaded:
            return max(SILENT_SECONDS, self._call_timeout), "no call was made"
        return max(LOAD_SECONDS, self._call_timeout), "loading did not end"


def _rest(record: Record) -> Request:
    """Return the request for the laws that are left, in the time that is left."""
    settings = record.request.settings
    limit, done = settings.max_time, tuple(record.outcomes)
    if limit is not None and done:
        limit = max(limit - record.seconds, POLL_SECONDS)
    rest = msgspec.structs.replace(settings, skip=done, max_time=limit)
    return msgspec.structs.replace(record.request, settings=rest)


def _fatal(
    record: Record, call: Call, status: Status, how: str, loaded: bool
) -> Outcome | None:
    """Return the outcome of the law in which the child was lost."""
    if not loaded:
        message = f"{record.request.target} cannot be loaded: {how}."
        if status is Status.TIMED_OUT:
            message += " If it needs longer, raise --call-timeout."
        raise TargetError(message)
    if not record.left:
        return None
    law = next((a for a in record.left if a.name == call.law), record.left[0])
    return Outcome(
        law.name,
        law.family,
        status,
        law.statement,
        how,
        case=case_document(call.body) if law.name == call.law else None,
    )


def _progress(record: Record, shares: Sequence[Record]) -> str:
    planned = sum(len(share.plan) for share in shares)
    if not planned:
        return f"loading {record.request.target}"
    done = sum(len(share.outcomes) for share in shares)
    left = [share.left[0].name for share in shares if share.left]
    return f"{done} of {planned} laws   {record.seconds:.0f} s   {', '.join(left)}"
