"""The child's side of the call file: the Watch that notes every call of the target.

Arrays are written as they lie in memory, a sixth of the price of the JSON document, and
a case is written again only when it is another one.
"""

import mmap
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from refcheck.callfile import BODY, HEADER, NAME, SIZE, mapped
from refcheck.case import Subject, parts
from refcheck.cell import Array


class CallWriter:
    """A Watch that keeps the call file up to date."""

    def __init__(self, path: Path) -> None:
        """Map the file that the supervisor has created."""
        self._map = mapped(path, mmap.ACCESS_WRITE)
        self._owner = os.getpid()
        self._case: Subject | None = None
        self._name = b""
        self._calls = self._length = 0

    def before(self, law: str, case: Subject) -> None:
        """Note that ``law`` calls the target with ``case`` now."""
        self._leave_if_forked()
        if case is not self._case:
            self._case = case
            self._length = self._write(case)
        name = law.encode()[: BODY - NAME]
        if name != self._name:
            self._map[NAME : NAME + len(name)] = self._name = name
        self._calls += 1
        self._note(busy=True)

    def after(self) -> None:
        """Note that the call has returned."""
        self._leave_if_forked()
        self._note(busy=False)

    def _leave_if_forked(self) -> None:
        """End a copy of this process that the target forked and let come back."""
        if os.getpid() != self._owner:
            os._exit(0)

    def _note(self, *, busy: bool) -> None:
        HEADER.pack_into(self._map, 0, self._calls, busy, len(self._name), self._length)

    def _write(self, case: Subject) -> int:
        document = {name: _plain(value) for name, value in parts(case).items()}
        body = msgspec.msgpack.encode(document)
        if len(body) > SIZE - BODY:
            return 0
        self._map[BODY : BODY + len(body)] = body
        return len(body)


@cache
def _dtype_name(dtype: Any) -> str:
    """Return the name, which NumPy takes 6 µs to put together."""
    return str(dtype.name)


def _plain(value: Any) -> Any:
    """Return what a case's document holds, with bytes for base64."""
    if isinstance(value, np.ndarray):
        return _exact(value)
    if isinstance(value, dict):  # before Mapping, which is slow to ask for
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _exact(np.asarray(value))
    if isinstance(value, Mapping):
        return _plain(dict(value))
    return value


def _exact(array: Array) -> dict[str, Any]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    name = _dtype_name(array.dtype)
    return {"dtype": name, "shape": array.shape, "data": little.tobytes()}
