"""A small file in which the child notes the call it is in, before it makes the call.

It is mapped into memory and outlives the child, however that dies:

    calls (u64) | busy (u8) | length of the law's name (u16) | length of the case (u32)
    the law's name                              from byte 32
    the case, as msgpack                        from byte 288

This module reads the file and needs no NumPy; ``callwriter.py`` writes it.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

HEADER = struct.Struct("<QBHI")
NAME, BODY = 32, 288
SIZE = 1 << 26  # a sparse file: what is not written takes no room


class Call(NamedTuple):
    """The call that the child was last seen in."""

    number: int
    busy: bool  # it has not returned
    law: str
    body: bytes


class CallReader:
    """The supervisor's side."""

    def __init__(self, path: Path) -> None:
        """Create the file, empty."""
        with path.open("wb") as file:
            file.truncate(SIZE)
        self._map = mapped(path, mmap.ACCESS_READ)

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()

    def number(self) -> int:
        """Return how many calls have begun, negative while none is being made."""
        calls: int
        calls, busy, _, _ = HEADER.unpack_from(self._map, 0)
        return calls if busy else -calls

    def last(self) -> Call:
        """Return the last call, whole; the child should be dead or inside it."""
        calls, busy, name, length = HEADER.unpack_from(self._map, 0)
        law = self._map[NAME : NAME + name].decode(errors="replace")
        return Call(calls, bool(busy), law, self._map[BODY : BODY + length])


def case_document(body: bytes) -> Mapping[str, Any] | None:
    """Return the JSON document of the noted case, None if it was too large to note."""
    if not body:
        return None
    document: Mapping[str, Any] = msgspec.msgpack.decode(body)
    # JSON writes bytes as base64, which is what the document holds
    exact: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return exact


def mapped(path: Path, access: int) -> mmap.mmap:
    """Return the file as memory, to read or to write."""
    with path.open("r+b" if access == mmap.ACCESS_WRITE else "rb") as file:
        return mmap.mmap(file.fileno(), SIZE, access=access)
