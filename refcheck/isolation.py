"""The child process in which the target lives, seen from outside.

It leads a process group of its own, so that killing the group leaves nothing behind.
Its messages come through a pipe; whatever the target prints goes to stderr.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from refcheck.callfile import CallReader
from refcheck.wire import Message, Request, Unpacker

THREADS = (  # one each: cases are small, and threads would only wait for each other
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
POSSIBLE = os.name == "posix"
PIECE = 1 << 16
LEAVE_SECONDS = 5.0  # to exit, once the pipe is closed


class Child:
    """A running child; leaving the context kills what is left of it."""

    def __init__(self, request: Request, environ: Mapping[str, str]) -> None:
        """Start the child on ``request``."""
        self._folder = tempfile.TemporaryDirectory(prefix="refcheck-")
        folder = Path(self._folder.name)
        self.calls = CallReader(folder / "calls")
        (folder / "request").write_bytes(msgspec.msgpack.encode(request))
        self._unpacker = Unpacker()
        self._pipe, far_end = os.pipe()
        self._process = subprocess.Popen(
            # -P: a random.py beside the user's cell does not stand in for Python's own
            [sys.executable, "-P", "-m", "refcheck.child", str(folder), str(far_end)],
            stdin=subprocess.DEVNULL,
            stdout=2,
            env=dict.fromkeys(THREADS, "1") | dict(environ),
            pass_fds=[far_end],
            start_new_session=True,
        )
        os.close(far_end)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the process group and remove the files."""
        self.kill()
        os.close(self._pipe)
        self.calls.close()
        self._folder.cleanup()

    def messages(self, seconds: float) -> Iterator[Message]:
        """Yield what the child says within ``seconds``; return early at its end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while selector.select(seconds):
                piece = os.read(self._pipe, PIECE)
                if not piece:
                    self.leave()
                    return
                yield from self._unpacker.feed(piece)
                seconds = 0.0

    @property
    def ended(self) -> str:
        """How the process ended, in words; empty while it runs."""
        code = self._process.poll()
        return "" if code is None else told(code)

    def kill(self) -> None:
        """Kill the child and all that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def leave(self) -> None:
        """Let a child that is done print and exit by itself: its code says how."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVE_SECONDS)


def told(code: int) -> str:
    """Return in words how a process with this return code ended."""
    if code >= 0:
        return f"the process ended by itself, exit code {code} (sys.exit?)"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"the process was killed by {name}{hint}"
