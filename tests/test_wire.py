"""Messages between the supervisor and its child."""

import math

import pytest

from refcheck.outcome import Finding, Outcome, Status
from refcheck.wire import (
    Asked,
    Done,
    Fault,
    Found,
    Message,
    Ready,
    Refused,
    Unpacker,
    packed,
)

LAST = Outcome(
    "law",
    "family",
    Status.VIOLATED,
    finding=Finding("outputs", "t=0", 1.0, math.inf, math.inf, 0.0),
    case={"schema": 1},
)
MESSAGES: list[Message] = [
    Ready("gru", ("a note",), {"numpy": "2"}, (Asked("law", "family", "a = b"),)),
    Found(LAST),
    Refused("no such target", target=True),
    Fault("Traceback"),
    Done(),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_messages_arrive_whole_in_pieces_of_any_size(size: int) -> None:
    sent = b"".join(map(packed, MESSAGES))
    unpacker = Unpacker()

    pieces = [sent[k : k + size] for k in range(0, len(sent), size)]
    found = [message for piece in pieces for message in unpacker.feed(piece)]

    assert found == MESSAGES


def test_a_finding_of_nan_arrives_as_nan() -> None:
    finding = Finding("outputs", "", math.nan, 0.0, math.inf, 0.0)

    (found,) = Unpacker().feed(
        packed(Found(Outcome("l", "f", Status.HELD, finding=finding)))
    )

    assert isinstance(found, Found)
    assert found.outcome.finding is not None
    assert math.isnan(found.outcome.finding.left)
