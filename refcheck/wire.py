"""What the supervisor and its child process say to each other.

Messages travel as msgpack behind their length, not as JSON: a finding may hold NaN and
infinity, which JSON cannot write.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from refcheck.outcome import Diagnosis, Outcome, Probed
from refcheck.settings import Settings
from refcheck.store import Stored

LENGTH = struct.Struct("<Q")


class Request(msgspec.Struct, frozen=True):
    """What the child is asked to do: hold laws, replay one stored case, or diagnose."""

    target: str
    declared: Mapping[str, Any]  # the fields of Declared, as plain values
    settings: Settings
    replay: Stored | None = None
    diagnose: tuple[Outcome, ...] = ()  # laws that do not hold, with their cases
    probe: bool = False  # find out what the target is, whatever is declared


class Asked(msgspec.Struct, frozen=True):
    """One law of the plan, known by name before it is held."""

    name: str
    family: str
    statement: str
    strict: bool = False


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The target is loaded; these laws are held next."""

    kind: str
    notes: tuple[str, ...]
    environment: Mapping[str, str]
    plan: tuple[Asked, ...]
    dtypes: tuple[str, ...] = ()  # that the laws are held in
    could_have: tuple[str, ...] = ()  # known faults, by id


class Understood(msgspec.Struct, frozen=True, tag="understood"):
    """What is found of a target of which nothing is declared."""

    kind: str
    could_have: tuple[str, ...]  # known faults, by id
    notes: tuple[str, ...]
    probed: Probed


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """What was observed of a target, and no law decides."""

    note: str


class Told(msgspec.Struct, frozen=True, tag="told"):
    """What a probe has found out."""

    probed: Probed


class Found(msgspec.Struct, frozen=True, tag="found"):
    """A law has ended."""

    outcome: Outcome


class Diagnosed(msgspec.Struct, frozen=True, tag="diagnosed"):
    """The target has been compared with all that it may behave as."""

    diagnosis: Diagnosis | None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The user's mistake, told in one or two sentences."""

    text: str
    target: bool  # the target cannot be loaded, rather than wrong usage


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """A fault in refcheck itself."""

    trace: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """Every law of the plan has ended."""


Message = Ready | Understood | Noted | Told | Found | Diagnosed | Refused | Fault | Done


def packed(message: Message) -> bytes:
    """Return the bytes that carry ``message``."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body


class Unpacker:
    """Turns what comes out of the pipe, in pieces of any size, back into messages."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._rest = b""
        self._decoder = msgspec.msgpack.Decoder(Message)

    def feed(self, piece: bytes) -> Iterator[Message]:
        """Yield the messages that ``piece`` completes."""
        self._rest += piece
        while len(self._rest) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._rest)[0]
            if len(self._rest) < end:
                return
            body, self._rest = self._rest[LENGTH.size : end], self._rest[end:]
            yield self._decoder.decode(body)
