"""A worker: a process that answers requests, and is started again when it is lost.

What it says and what it does are told apart: *unsupported*, *refused* and *failed* are
answers; a process that dies, is silent or talks nonsense is lost.
"""

import re
import shlex
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec

from refcheck.adapters.process_pipes import END_SECONDS, Ended, Late, Pipes
from refcheck.errors import Lost, RefcheckError, TargetError, Unsupported
from refcheck.exact_arrays import Garbled
from refcheck.protocol import (
    REPLIES,
    VERSION,
    Build,
    Bye,
    Failed,
    Free,
    Head,
    Hello,
    Request,
    Welcome,
)

SHOWN = 80  # characters of a line that is no message
LOAD_SECONDS = 30.0  # to start, and to build: below what the supervisor waits for
NAN = re.compile(rb"[\[,:]\s*-?(nan|inf)", re.IGNORECASE)
Overheard = Callable[[str, bytes], object]  # "→" or "←", and the line
Read = Callable[[Any, bytes], Any]


class Refused(Exception):  # noqa: N818 - an answer
    """The worker says that it does not take what it was given."""


class FailedInside(Exception):  # noqa: N818 - an answer
    """The worker says that something went wrong in it."""


ANSWERS = {"unsupported": Unsupported, "refused": Refused, "failed": FailedInside}


def _as_it_came(message: Any, _: bytes) -> Any:
    return message


class Worker:
    """A command behind the protocol; it runs from the first request on."""

    def __init__(
        self,
        command: str,
        *,
        call_seconds: float | None = None,
        overhear: Overheard = lambda *_: None,
    ) -> None:
        """Prepare to start ``command``; a call may take ``call_seconds``, if any.

        Raises:
            RefcheckError: if ``command`` is empty, or a quotation in it has no end.
        """
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            message = f"the command {command!r} cannot be read: {error}."
            raise RefcheckError(message) from error
        if not self._words:
            message = "the target 'cmd:' names no command; write 'cmd: ./worker'."
            raise RefcheckError(message)
        self.call_seconds, self.lives = call_seconds, 0
        self.welcome: Welcome | None = None
        self.unwanted: list[tuple[int, int]] = []  # (life, cell) to be freed
        self._pipes: Pipes | None = None
        self._overhear, self._id = overhear, 0

    @property
    def binary(self) -> bool:
        """Whether it takes raw bytes behind a line."""
        return self.welcome is not None and "binary" in self.welcome.capabilities

    def ready(self) -> None:
        """See to it that the worker runs, and has said hello."""
        if self._pipes is None:
            self._start()

    def greeted(self) -> Welcome:
        """Return what the worker says to hello."""
        self.ready()
        assert self.welcome is not None  # noqa: S101 - a worker that is ready has said it
        return self.welcome

    def number(self) -> int:
        """Return the id of the next request, to a worker that is ready."""
        self.ready()
        self._id += 1
        return self._id

    def ask(
        self, request: Request, payload: bytes = b"", read: Read = _as_it_came
    ) -> Any:
        """Return what ``read`` makes of the reply to ``request``, and of its payload.

        The id of the request is the last ``number``.

        Raises:
            Unsupported, Refused, FailedInside: if the worker says so.
            Lost: if it does not answer, or not as the protocol says.
        """
        op = str(request.__struct_config__.tag)
        quick = isinstance(request, Hello | Build)
        seconds = LOAD_SECONDS if quick else self.call_seconds
        try:
            return read(*self._exchanged(op, request, payload, seconds))
        except Late as error:
            self.close()
            message = f"the worker did not answer {op} within {seconds:g} s"
            raise Lost(message, late=True) from error
        except Ended as error:
            raise Lost(self._ending(op)) from error
        except Garbled as error:
            self.close()
            message = f"the worker's reply to {op} is malformed: {error}"
            raise Lost(message) from error

    def free(self) -> None:
        """Have cells forgotten that nobody asks for any more."""
        while self.unwanted:
            life, cell = self.unwanted.pop()
            if life == self.lives and self._pipes is not None:
                self.ask(Free(self.number(), cell))

    def leave(self) -> None:
        """Say good-bye, and see to it that the worker goes."""
        if self._pipes is None:
            return
        try:
            self.ask(Bye(self.number()))
        except (Lost, Refused, FailedInside, Unsupported):
            pass  # it goes either way
        finally:
            self.close(END_SECONDS)

    def close(self, seconds: float = 0.0) -> None:
        """End the process, if there is one."""
        if self._pipes is not None:
            self._pipes.close(seconds)
            self._pipes = None

    def _start(self) -> None:
        """Start the process, and greet it.

        Raises:
            TargetError: if it cannot be started, or is of another protocol.
            Lost: if it does not answer, or not as the protocol says.
        """
        self._pipes = Pipes(self._words)
        self.lives += 1
        hello = Hello(self.number(), VERSION, version("refcheck-rnn"))
        self.welcome = self.ask(hello)

    def _exchanged(
        self, op: str, request: Request, payload: bytes, seconds: float | None
    ) -> tuple[Any, bytes]:
        deadline = None if seconds is None else time.monotonic() + seconds
        pipes = self._pipes
        if pipes is None:
            raise Ended
        line = msgspec.json.encode(request)
        self._overhear("→", line)
        pipes.send(line + b"\n" + payload, deadline)
        text = pipes.line(deadline)
        self._overhear("←", text)
        head = _read(text, Head)
        if head.id != request.id:
            message = f"its id is {head.id}, expected {request.id}"
            raise Garbled(message)
        if head.error is not None:
            problem = _read(text, Failed).error
            raise ANSWERS[problem.kind](problem.message)
        if op == "hello" and head.protocol not in (None, VERSION):
            self.close()
            message = (
                f"the worker {self._words[0]!r} speaks version {head.protocol} of the "
                f"protocol, expected {VERSION}."
            )
            raise TargetError(message)
        found = _read(text, REPLIES[op])
        behind = pipes.payload(head.payload, deadline)
        if pipes.surplus:
            message = f"{_shown(pipes.surplus)} follows it, expected one line a request"
            raise Garbled(message)
        return found, behind

    def _ending(self, op: str) -> str:
        """Return how the process ended, and end what is left of it."""
        if self._pipes is None:
            return f"the worker is gone in {op}"
        how = self._pipes.ending()
        words = self._pipes.last_words
        self.close()
        return f"the worker {how} in {op}" + (f"; it said: {words}" if words else "")


def _read(text: bytes, kind: Any) -> Any:
    """Return the message that a line is.

    Raises:
        Garbled: if it is none.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise Garbled(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "" if text.lstrip()[:1] == b"{" else "; print to standard error instead"
        if NAN.search(text):
            hint = '; JSON has no NaN and no infinity: write "nan", "inf", "-inf"'
        message = f"{_shown(text)} is no line of JSON ({error}){hint}"
        raise Garbled(message) from error


def _shown(text: bytes) -> str:
    """Return the beginning of a line, as Python writes it."""
    return repr(text[:SHOWN].decode(errors="replace")) + "…" * (len(text) > SHOWN)
