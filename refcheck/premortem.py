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
from refcheck.supervisor import LOAD_SECONDS, POLL_SECONDS
from refcheck.wire import Request

PROBE_SECONDS = 120.0  # for a target that is slow to compile


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
    if not isolation.POSSIBLE:
        _here(record)
    else:
        _apart(record, call_timeout, environ)
    if record.probed is None:
        message = f"{target} ended or hung while it was probed."
        raise TargetError(message)
    return record.probed


def _apart(record: Record, call_timeout: float, environ: Mapping[str, str]) -> None:
    limit = time.monotonic() + LOAD_SECONDS + max(call_timeout, PROBE_SECONDS)
    with Child(record.request, environ) as child:
        ended = ""
        while not ended and time.monotonic() < limit:
            ended = child.ended  # asked before its last words
            if any(map(record.take, child.messages(POLL_SECONDS))):
                return


def _here(record: Record) -> None:
    from refcheck.child import answer  # noqa: PLC0415 - brings NumPy and Hypothesis
    from refcheck.watch import Unwatched  # noqa: PLC0415

    answer(record.request, record.take, Unwatched())
