"""Before any law: a child is asked what the target is."""

import time
from collections.abc import Mapping

from refcheck import isolation
from refcheck.environment import DISTRIBUTION, installed_version
from refcheck.errors import TargetError
from refcheck.isolation import Child
from refcheck.outcome import Probed
from refcheck.record import Record
from refcheck.settings import Settings
from refcheck.supervisor import POLL_SECONDS, Patience
from refcheck.wire import Request


def probed(
    target: str,
    declared: Mapping[str, object],
    *,
    call_timeout: float,
    environ: Mapping[str, str],
) -> Probed:
    """Return what a child finds out about ``target``.

    Raises:
        RefcheckError: for the user's mistakes.
        TargetError: if the target cannot be loaded, dies or hangs.
        OwnFault: for ours.
    """
    request = Request(target, declared, Settings(), probe=True)
    record = Record(request, installed_version(DISTRIBUTION))
    how = _apart(record, call_timeout, environ) if isolation.POSSIBLE else _here(record)
    if record.probed is None:
        message = f"{target} cannot be probed: {how}."
        raise TargetError(message)
    return record.probed


def _apart(record: Record, call_timeout: float, environ: Mapping[str, str]) -> str:
    """Let a child answer; return how it was lost, if it was."""
    patience = Patience(call_timeout)
    with Child(record.request, environ) as child:
        while True:
            how = child.ended  # asked before its last words
            if any(map(record.take, child.messages(POLL_SECONDS))):
                return ""
            how = how or patience.lost(child.calls.number(), time.monotonic())
            if how:
                return how


def _here(record: Record) -> str:
    from refcheck.child import answer  # noqa: PLC0415 - brings NumPy and Hypothesis
    from refcheck.watch import Unwatched  # noqa: PLC0415

    answer(record.request, record.take, Unwatched())
    return ""
