"""After the laws: one more child is asked what the target behaves as.

What it says is welcome and never needed.  If the target takes that child with it, or
does not answer, the report stands as it is, with a note.
"""

import contextlib
import time
from collections.abc import Mapping

import msgspec

from refcheck.isolation import Child
from refcheck.outcome import Status
from refcheck.record import Record
from refcheck.supervisor import LOAD_SECONDS, POLL_SECONDS
from refcheck.wire import Request

ENDED_BY_A_CLAIM = frozenset({Status.VIOLATED, Status.CRASHED})
ANSWER_SECONDS = 30.0  # to compare, and to be slow at it


def examined(record: Record) -> Request | None:
    """Return the request for a diagnosis, None if there is nothing to diagnose.

    Cases on which the target takes its process with it are left alone.
    """
    broken = tuple(
        outcome
        for outcome in record.outcomes.values()
        if outcome.status in ENDED_BY_A_CLAIM and outcome.cases and outcome.case
    )
    request = record.request
    if not broken or request.replay or not request.settings.diagnosis:
        return None
    return msgspec.structs.replace(request, diagnose=broken)


def examine(record: Record, *, call_timeout: float, environ: Mapping[str, str]) -> None:
    """Let a child of its own diagnose what ``record`` holds, and note what it says."""
    request = examined(record)
    if request is None:
        return
    limit = time.monotonic() + LOAD_SECONDS + max(call_timeout, ANSWER_SECONDS)
    with contextlib.suppress(KeyboardInterrupt), Child(request, environ) as child:
        while not child.ended and time.monotonic() < limit:
            for message in child.messages(POLL_SECONDS):
                if record.take(message):
                    return
    record.notes.append("no diagnosis: the target did not survive being asked again")
