"""A thousand mutated replies: each is what an independent reader says that it is."""

import base64
import json
import math
import random
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from refcheck.adapters.process_messages import forward, replied
from refcheck.adapters.process_pipes import Ended
from refcheck.adapters.process_worker import FailedInside, Refused, Worker
from refcheck.case import Case
from refcheck.cell import Reply, Spec
from refcheck.errors import Lost, Unsupported
from refcheck.exact_arrays import numbers
from refcheck.protocol import Answered, schemas

REPLIES = 1000
SCHEMA = Draft202012Validator(
    {**schemas()["reply.json"], "anyOf": [{"$ref": "#/$defs/Answered"}]}
)
FAILED = Draft202012Validator(
    {**schemas()["reply.json"], "anyOf": [{"$ref": "#/$defs/Failed"}]}
)
TOKENS = (b"NaN", b"null", b"{}", b"[]", b"-1", b"1e999", b'"', b"\\", b"\xff", b"\n")
TOKENS += (b"true", b"0", b",", b"}", b"]", b'"id":2,', b"\x00", b"float32", b"=")
CASE = Case(
    Spec(1, 1),
    {},
    np.zeros((2, 1, 1)),
    None,
    None,
    np.zeros((2, 1, 1)),
    (np.zeros((1, 1, 1)),),
)


class Scripted:
    """Pipes behind which somebody says the same, whatever is asked."""

    last_words = ""

    def __init__(self, said: bytes) -> None:
        self.said, self.closed = said, False

    def send(self, message, deadline) -> None:
        assert message.endswith(b"\n")

    def line(self, deadline) -> bytes:
        line, end, rest = self.said.partition(b"\n")
        if not end:
            raise Ended
        self.said = rest
        return line

    def payload(self, size, deadline) -> bytes:
        if not 0 <= size <= len(self.said):
            raise Ended
        taken, self.said = self.said[:size], self.said[size:]
        return taken

    @property
    def surplus(self) -> bytes:
        return self.said

    def ending(self) -> str:
        return "ended"

    def close(self, seconds=0.0) -> None:
        self.closed = True


def valid(dice: random.Random) -> bytes:
    """Return a right reply: in base64, written out, or with a payload."""
    outputs, state = np.array([[[0.5]], [[-2.0]]]), np.array([[[-2.0]]])
    how = dice.randrange(4)
    if how == 3:
        error = {"kind": dice.choice(["failed", "refused", "unsupported"])}
        return msgspec.json.encode({"id": 1, "error": error | {"message": "no"}})
    reply = msgspec.to_builtins(
        Answered(1, numbers(outputs), [numbers(state)]), builtin_types=(bytes,)
    )
    behind = b""
    if how == 1:
        written = {"dtype": "float64", "shape": [2, 1, 1], "values": [0.5, [["-inf"]]]}
        reply["outputs"] = written
    if how == 2:
        behind = outputs.tobytes()
        reply["outputs"] = {"dtype": "float64", "shape": [2, 1, 1], "at": 0}
    reply["payload"] = len(behind)
    return msgspec.json.encode(reply) + b"\n" + behind


def mutated(line: bytes, dice: random.Random) -> bytes:
    """Return the line with up to three changes, some of which cancel out."""
    for _ in range(dice.randrange(4)):
        a, b = sorted(dice.randrange(len(line) + 1) for _ in range(2))
        line = dice.choice(
            (
                line[:a],
                line[:a] + line[b:],
                line[:a] + dice.choice(TOKENS) + line[a:],
                line[:a] + dice.choice(TOKENS) + line[a + 1 :],
                line[:b] + line[a:],
                line[:a] + bytes([dice.randrange(256)]) + line[a + 1 :],
                line.replace(b"1", b"7", 1),
                line.replace(b"0", b"4", 1),
            )
        )
    return line + (b"\n" if b"\n" not in line else b"")


def refuse(text: str) -> Any:
    raise ValueError(text)


def verdict(said: bytes) -> str:
    """Say what a reply is, by the JSON of Python and the published schema alone."""
    line, _, rest = said.partition(b"\n")
    try:
        reply = json.loads(line.decode(), parse_constant=refuse)
        assert isinstance(reply, dict)
        assert type(reply.get("id")) in (int, float)
        assert reply["id"] == 1
        if reply.get("error") is not None:
            assert FAILED.is_valid(reply)
            return str(reply["error"]["kind"])
        assert SCHEMA.is_valid(reply)
        size = reply.get("payload", 0)
        if size > len(rest):
            return "lost"
        assert size == len(rest)
        for array in (reply["outputs"], *reply["state"]):
            require_numbers(array, rest)
    except (AssertionError, ValueError, RecursionError, OverflowError):
        return "lost"
    return "answered"


def require_numbers(array: dict[str, Any], payload: bytes) -> None:
    given = [array.get(name) for name in ("data", "values", "at")]
    assert sum(value is not None for value in given) == 1
    size, dtype = math.prod(map(int, array["shape"])), np.dtype(array["dtype"])
    data, values, at = given
    if values is not None:
        flat = list(flattened(values))
        assert len(flat) == size
        assert all(spelt(v) for v in flat)
        return
    raw = payload[at:] if data is None else base64.b64decode(data, validate=True)
    enough = len(raw) >= size * dtype.itemsize
    assert enough if data is None else len(raw) == size * dtype.itemsize


def flattened(values: Any) -> Any:
    for v in values:
        yield from flattened(v) if isinstance(v, list) else [v]


def spelt(v: Any) -> bool:
    return type(v) in (int, float) or v in ("nan", "inf", "-inf")


def outcome(said: bytes) -> str:
    """Return what a worker that says so comes to."""
    worker = Worker("scripted")
    pipes: Any = Scripted(said)
    worker._pipes = pipes
    request = forward(worker.number(), 1, CASE, None)
    try:
        reply = worker.ask(request, read=replied)
    except Lost:
        assert pipes.closed
        assert worker._pipes is None
        return "lost"
    except (Refused, FailedInside, Unsupported) as error:
        names = {Refused: "refused", FailedInside: "failed"}
        return names.get(type(error), "unsupported")
    assert isinstance(reply, Reply)
    return "answered"


def test_a_thousand_mutated_replies_have_the_right_outcome() -> None:
    dice = random.Random(20261124)  # noqa: S311 - chance, not secrecy
    replies = [mutated(valid(dice), dice) for _ in range(REPLIES)]

    found = [outcome(said) for said in replies]

    wrong = [
        (said, mine, theirs)
        for said, mine in zip(replies, found, strict=True)
        if mine != (theirs := verdict(said))
    ]
    assert wrong == []
    counts = Counter(found)
    assert counts["lost"] > REPLIES // 4
    assert min(counts[k] for k in ("answered", "refused", "failed", "unsupported")) > 20


@pytest.mark.parametrize("left_out", ["weight", None])
def test_gradients_that_are_missing_or_too_many_are_told(left_out) -> None:
    from refcheck.adapters.process_messages import pulled
    from refcheck.exact_arrays import Garbled
    from refcheck.protocol import Pulled

    one = numbers(np.zeros(1))
    case = CASE.but(params={"weight": np.zeros(1)})
    params = {} if left_out else {"weight": one}

    with pytest.raises(Garbled, match=r"weight is missing|2 gradients of the state"):
        pulled(case)(Pulled(1, params, one, [one, one]), b"")
