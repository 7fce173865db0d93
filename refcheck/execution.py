"""From a request to its report: the run in its process, with progress and Ctrl-C."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from refcheck import isolation
from refcheck.environment import DISTRIBUTION, installed_version
from refcheck.outcome import Report
from refcheck.postmortem import examine, examined
from refcheck.record import Record
from refcheck.supervisor import Tell, supervise
from refcheck.wire import Request

EXPOSED = (
    "no process isolation on this system: a target that hangs or dies takes the run"
)


def carried_out(
    request: Request, *, call_timeout: float, environ: Mapping[str, str], jobs: int = 1
) -> Report:
    """Return the report of what ``request`` asks; Ctrl-C ends it with what was found.

    Raises:
        RefcheckError: for the user's mistakes.
        OwnFault: for ours.
    """
    record = Record(request, installed_version(DISTRIBUTION))
    with _interruptible(), _progress() as tell:
        try:
            if isolation.POSSIBLE:
                supervise(
                    record,
                    call_timeout=call_timeout,
                    environ=environ,
                    tell=tell,
                    jobs=jobs,
                )
                examine(record, call_timeout=call_timeout, environ=environ)
            else:
                unprotected(record)
        except KeyboardInterrupt:
            record.leave("interrupted")
    return record.report()


def unprotected(record: Record) -> None:
    """Carry out the request of ``record`` in this process, and fill it in."""
    from refcheck.child import answer  # noqa: PLC0415 - brings NumPy and Hypothesis
    from refcheck.watch import Unwatched  # noqa: PLC0415

    record.notes.append(EXPOSED)
    answer(record.request, record.take, Unwatched())
    request = examined(record)
    if request is not None:
        answer(request, record.take, Unwatched())


@contextmanager
def _progress() -> Iterator[Tell]:
    """Draw one line while a terminal is attached, and nothing otherwise."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - costs more than --help may
    from rich.text import Text  # noqa: PLC0415

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(Text(text))


@contextmanager
def _interruptible() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C: the child is killed, what was found is told."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
