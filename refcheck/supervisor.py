"""The watchdog: whatever the target does to its process, every law ends in an outcome.

A call that does not return, or that takes the process with it, is the outcome of the
law that made it, with the case it was called with.  The child is then started again
for the laws that are left, a bounded number of times.
"""

import time
from collections.abc import Callable, Mapping

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
    record: Record, *, call_timeout: float, environ: Mapping[str, str], tell: Tell
) -> None:
    """Carry out the request of ``record`` in child processes, and fill it in.

    Raises:
        RefcheckError: if the child reports the user's mistake.
        TargetError: if the target cannot be loaded, or loading it kills or hangs.
        OwnFault: if the child reports a fault of refcheck.
    """
    for _ in range(1 + RESTARTS):
        fatal = _one_life(record, call_timeout, environ, tell)
        if fatal is None:
            return
        record.outcomes[fatal.law] = fatal
        if record.limit:
            record.skip(f"{NOT_REACHED} {record.limit}")
        if not record.left:
            return
    record.leave(f"the target's process ended {1 + RESTARTS} times")


def _one_life(
    record: Record, call_timeout: float, environ: Mapping[str, str], tell: Tell
) -> Outcome | None:
    """Run one child to its end; return the outcome that its death is, if it died."""
    patience = _Patience(call_timeout)
    with Child(_rest(record), environ) as child:
        while True:
            tell(_progress(record))
            how, status = child.ended, Status.CRASHED  # asked before its last words
            for message in child.messages(POLL_SECONDS):
                patience.loaded |= isinstance(message, Ready)
                if record.take(message):
                    return None
            if not how:
                how = patience.lost(child.calls.number(), time.monotonic())
                status = Status.TIMED_OUT
            if how:
                child.kill()
                return _fatal(record, child.calls.last(), status, how, patience.loaded)


class _Patience:
    """How long the child may stay in one call, or give no sign of life."""

    def __init__(self, call_timeout: float) -> None:
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


def _progress(record: Record) -> str:
    if not record.plan:
        return f"loading {record.request.target}"
    done, law = len(record.outcomes), record.left[0].name if record.left else ""
    return f"{done} of {len(record.plan)} laws   {record.seconds:.0f} s   {law}"
