"""Numbers as text: the arrays of a case document, decoded from their exact bytes.

A number gets as few digits as tell it from its neighbours in its dtype, but not more
than are read; two numbers that stand beside each other get enough to differ.
"""

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

CODES = {  # NumPy's names to those of struct
    "float64": "d",
    "float32": "f",
    "float16": "e",
    "bfloat16": "f",  # the upper half of a float32, see values
    "int64": "q",
    "int32": "i",
    "bool": "?",
}
SHOWN = 6  # digits that are read


def is_array(value: Any) -> bool:
    """Whether ``value`` is how a document writes an array."""
    return isinstance(value, Mapping) and {"dtype", "shape", "data"} <= value.keys()


def zero(array: Mapping[str, Any]) -> bool:
    """Whether every entry is zero."""
    return not any(value for value in values(array)) and array["dtype"] in CODES


def values(array: Mapping[str, Any]) -> Sequence[Any]:
    """Return the entries, row by row; none if the dtype is not known here."""
    code = CODES.get(array["dtype"])
    if code is None:
        return ()
    data = base64.b64decode(array["data"])
    if array["dtype"] == "bfloat16":
        data = b"".join(b"\0\0" + data[k : k + 2] for k in range(0, len(data), 2))
    return struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)


def texts(array: Mapping[str, Any]) -> list[str]:
    """Return the entries as text, with as many digits as they need, up to SHOWN."""
    code = CODES.get(array["dtype"], "")
    return [_shortest(value, code) for value in values(array)]


def rounded(array: Mapping[str, Any]) -> bool:
    """Whether the text of an entry is not exactly its value."""
    code = CODES.get(array["dtype"], "")
    return any(
        isinstance(value, float) and _packed(text, code) != struct.pack(code, value)
        for value, text in zip(values(array), texts(array), strict=True)
    )


def both(left: float, right: float) -> tuple[str, str]:
    """Return two numbers with a few digits each, or as many as show a difference."""
    few = f"{left:.{SHOWN}g}", f"{right:.{SHOWN}g}"
    if few[0] != few[1] or left == right or math.isnan(left):
        return few
    return repr(left), repr(right)


def _shortest(value: Any, code: str) -> str:
    if not isinstance(value, float):
        return str(value)
    exact = struct.pack(code, value)
    tried = [f"{value:.{digits}g}" for digits in range(1, SHOWN + 1)]
    return next((text for text in tried if _packed(text, code) == exact), tried[-1])


def _packed(text: str, code: str) -> bytes:
    try:
        return struct.pack(code, float(text))
    except OverflowError:  # rounded up, beyond the largest number of this dtype
        return b""
