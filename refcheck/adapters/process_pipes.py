"""A worker's process and its pipes: one message out, one message back, in time.

The worker leads a process group of its own.  A guard, one line of shell that waits for
the end of its input, kills that group when we end, whatever it is that ends us.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence

from refcheck.errors import TargetError
from refcheck.exact_arrays import Garbled

MOST = 1 << 26  # bytes of a line: no case comes near
PIECE = 1 << 16
KEPT = 4000  # bytes of what the worker printed to standard error, for messages
END_SECONDS = 2.0  # to exit, once it has closed its output or was told to leave
GUARD = 'read _; kill -s KILL -- "-$0"'


class Ended(Exception):  # noqa: N818 - a state of affairs
    """The process has ended, or closed its output."""


class Late(Exception):  # noqa: N818 - a state of affairs
    """No whole message came in time."""


class Pipes:
    """A running process, spoken to in lines."""

    def __init__(self, words: Sequence[str]) -> None:
        """Start the process.

        Raises:
            TargetError: if there is no such program.
        """
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
                bufsize=0,
            )
        except OSError as error:
            message = f"the worker {words[0]!r} cannot be started: {error.strerror}."
            raise TargetError(message) from error
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._in, self._out, self._err = (
            pipe.fileno()  # type: ignore[union-attr]
            for pipe in (
                self._process.stdin,
                self._process.stdout,
                self._process.stderr,
            )
        )
        os.set_blocking(self._in, False)
        self._got, self._said = bytearray(), b""
        self._poll = select.poll()
        for pipe in (self._out, self._err):
            self._poll.register(pipe, select.POLLIN)

    @property
    def last_words(self) -> str:
        """The last line that the process printed to standard error."""
        lines = self._said.decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:300] if lines else ""

    @property
    def surplus(self) -> bytes:
        """What has come after the last message that was asked for."""
        return bytes(self._got)

    def send(self, message: bytes, deadline: float | None) -> None:
        """Write ``message``, and keep what comes meanwhile.

        Raises:
            Ended, Late: if it cannot be written.
        """
        left = memoryview(message)
        while left:
            try:
                left = left[os.write(self._in, left) :]
            except BlockingIOError:
                self._poll.register(self._in, select.POLLOUT)
                try:
                    self._listen(deadline)
                finally:
                    self._poll.unregister(self._in)
            except BrokenPipeError as error:
                raise Ended from error

    def line(self, deadline: float | None) -> bytes:
        """Return the next line, without its end.

        Raises:
            Ended, Late, Garbled: if there is none.
        """
        seen = 0
        while (end := self._got.find(b"\n", seen)) < 0:
            seen = len(self._got)
            if seen > MOST:
                message = f"a line has more than {MOST} bytes"
                raise Garbled(message)
            self._listen(deadline)
        return self._taken(end + 1)[:-1]

    def payload(self, size: int, deadline: float | None) -> bytes:
        """Return the next ``size`` bytes.

        Raises:
            Ended, Late, Garbled: if there are not as many.
        """
        if not 0 <= size <= MOST:
            message = f"a payload of {size} bytes is announced, at most {MOST} may be"
            raise Garbled(message)
        while len(self._got) < size:
            self._listen(deadline)
        return self._taken(size)

    def ending(self) -> str:
        """Return how the process ended, in words, and end it if it has not."""
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return "closed its standard input or output"
        self._drain()
        if code >= 0:
            return f"ended by itself, exit code {code}"
        return f"was killed by {signal.Signals(-code).name}"

    def close(self, seconds: float = 0.0) -> None:
        """Kill the process and all that it has started, after ``seconds`` of grace."""
        if seconds and self._process.stdin is not None:
            self._process.stdin.close()  # the end of its input tells it to leave, too
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self._guard.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in (self._process, self._guard):
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def _listen(self, deadline: float | None) -> None:
        """Wait for something to come, or for room to write."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise Late
        for pipe, _ in self._poll.poll(None if left is None else 1000 * left + 1):
            if pipe != self._in:
                self._received(pipe, os.read(pipe, PIECE))

    def _received(self, pipe: int, piece: bytes) -> None:
        if not piece and pipe == self._out:
            raise Ended
        if not piece:
            self._poll.unregister(pipe)
        elif pipe == self._out:
            self._got += piece
        else:
            self._heard(piece)

    def _drain(self) -> None:
        """Read what a process that has ended left on standard error."""
        os.set_blocking(self._err, False)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._err, PIECE):
                self._heard(piece)

    def _heard(self, piece: bytes) -> None:
        os.write(2, piece)  # passed on as it came
        self._said = (self._said + piece)[-KEPT:]

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._got[:size])
        del self._got[:size]
        return taken
