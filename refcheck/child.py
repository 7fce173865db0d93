"""The child process: load the target, hold it to the laws, and send what is found.

Started by ``isolation.py`` with the folder of the request and the pipe's descriptor.
"""

import os
import select
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from refcheck.callwriter import CallWriter
from refcheck.catalogue import laws
from refcheck.errors import Lost, RefcheckError, TargetError
from refcheck.lookup import require_known
from refcheck.requests import Send, carry_out
from refcheck.watch import Watch
from refcheck.wire import (
    Done,
    Fault,
    Message,
    Refused,
    Request,
    packed,
)


def main() -> None:
    """Carry out the request, and leave without waiting for the target's threads."""
    folder, pipe = Path(sys.argv[1]), int(sys.argv[2])
    request = msgspec.msgpack.decode((folder / "request").read_bytes(), type=Request)
    os.set_inheritable(pipe, False)
    os.register_at_fork(after_in_child=lambda: _cut_off(pipe))
    threading.Thread(target=_follow, args=(pipe,), daemon=True).start()
    with os.fdopen(pipe, "wb") as file:

        def send(message: Message) -> None:
            file.write(packed(message))
            file.flush()

        try:
            answer(request, send, CallWriter(folder / "calls"))
        except BaseException as error:  # noqa: BLE001 - the target left: sys.exit, Ctrl-C
            _leave(error.code if isinstance(error, SystemExit) else 1)
    _leave(0)


def answer(request: Request, send: Send, watch: Watch) -> None:
    """Load the target and send all that is found, or why nothing is."""
    try:
        known = laws()
        require_known(request.settings, known)
        carry_out(request, known, send, watch)
    except Lost as error:
        send(Refused(f"{request.target} was lost: {error}.", target=True))
    except RefcheckError as error:
        send(Refused(str(error), isinstance(error, TargetError)))
    except Exception:  # noqa: BLE001 - whatever it is, the supervisor has to hear of it
        send(Fault(traceback.format_exc()))
    else:
        send(Done())


def _follow(pipe: int) -> None:
    """End with the supervisor, whatever ends it: then nobody reads the pipe."""
    reader = select.poll()
    reader.register(pipe, 0)  # no event but the end of the other side
    reader.poll()
    os.killpg(os.getpgrp(), signal.SIGKILL)  # a group of our own, see isolation.py


def _cut_off(pipe: int) -> None:
    """Keep a process that the target forks from speaking in our name."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, pipe)
    os.close(nothing)


def _leave(code: Any) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main()
