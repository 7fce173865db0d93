"""A Python target behind the protocol is what it is without it."""

import io
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from refcheck.adapters.process import adapt
from refcheck.adapters.process_sample import sample
from refcheck.cell import Capability, Declared, Spec
from refcheck.cli import cli
from refcheck.conversation import held
from refcheck.errors import TargetError
from refcheck.inprocess import check
from refcheck.outcome import Status
from refcheck.protocol import Bye, Free, Hello
from refcheck.serve import Server, welcome
from refcheck.target import load
from tests.targets.fake_worker import __file__ as fake

ROOT = Path(__file__).parents[1]
SERVE = f"cmd: {sys.executable} -m refcheck serve"
FAMILIES = ["agreement", "stacking", "variable length"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_a_served_lstm_conforms() -> None:
    report = check(f"{SERVE} torch.nn:LSTM", profile="quick", seed=1, select=FAMILIES)

    held_ = {o.law for o in report.outcomes if o.status is Status.HELD}
    assert report.verdict == "conforms", [o for o in report.outcomes if o.reason]
    assert {"gradients-agree", "layers-compose"} <= held_


def test_steps_are_served_and_unrolled() -> None:
    report = check(
        f"{SERVE} torch.nn:GRUCell",
        profile="quick",
        seed=1,
        select=["gradients-agree", "outputs-agree"],
    )

    assert report.verdict == "conforms", [o for o in report.outcomes if o.reason]


def test_a_fault_of_the_target_is_seen_through_the_protocol() -> None:
    target = f"{SERVE} tests.targets.deadly:off"

    report = check(target, profile="quick", seed=1, select=["outputs-agree"])

    (outcome,) = report.outcomes
    assert outcome.status is Status.VIOLATED


def test_what_a_target_prints_does_not_disturb_the_conversation() -> None:
    report = check(
        f"{SERVE} tests.targets.deadly:prints", profile="quick", select=["agreement"]
    )

    assert report.verdict == "conforms"


def test_what_a_target_raises_is_told() -> None:
    with pytest.raises(TargetError, match="ValueError: nothing here"):
        check(f"{SERVE} tests.targets.deadly:raises")


def test_a_target_that_cannot_be_loaded_is_told_by_its_last_words() -> None:
    with pytest.raises(TargetError, match=r"exit code 3 in hello; it said: .*missing"):
        check(f"{SERVE} tests.targets.deadly:missing")


def test_a_clipping_function_is_not_served() -> None:
    with pytest.raises(TargetError, match="clips gradients, expected a cell"):
        Server(load("torch.nn.utils:clip_grad_norm_", Declared()))


def test_capabilities_are_those_of_the_target() -> None:
    signature = load("torch.nn:GRUCell", Declared()).signature
    found = welcome(7, signature)

    assert (found.id, found.kind, found.language) == (7, "gru", "Python")
    assert "step" in found.capabilities
    assert ("lengths" in found.capabilities) == signature.offers(Capability.LENGTHS)
    assert found.names is not None
    assert found.names.weight_ih == "weight_ih"


def test_requests_are_answered_until_good_bye() -> None:
    requests = [Hello(1, 1, "0"), Free(2, 9), Bye(3), Bye(4)]
    lines = b"".join(msgspec.json.encode(r) + b"\n" for r in requests)
    replies = io.BytesIO()

    Server(load("torch.nn:RNN", Declared())).run(io.BytesIO(lines), replies)

    assert [msgspec.json.decode(r)["id"] for r in replies.getvalue().splitlines()] == [
        *(1, 2, 3),
    ]


def test_a_cell_that_was_not_built_is_an_answer() -> None:
    asked = b'{"op":"forward","id":1,"cell":5,"inputs":{"dtype":"float64","shape":[]},'
    asked += b'"state":null,"lengths":null,"payload":0,"params":{}}\n'
    replies = io.BytesIO()

    Server(load("torch.nn:RNN", Declared())).run(io.BytesIO(asked), replies)

    assert b'"kind":"failed","message":"KeyError: 5"' in replies.getvalue()


def test_a_conversation_is_shown() -> None:
    text, code = held(f"{sys.executable} -S {fake} right")

    assert code == 0
    assert '→ {"op":"hello","id":1' in text
    assert '"outputs":"float64 [3, 2, 4]"' in text
    assert text.endswith("OK   the worker answers; its kind is rnn-tanh")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no-hello", "← hello"),
        ("another-protocol", "WRONG   the worker"),
        ("dies-at-once", "exit code 4 in hello"),
    ],
)
def test_a_conversation_tells_what_is_wrong(name, says) -> None:
    told = CliRunner().invoke(
        cli, ["worker", "check", f"cmd: {sys.executable} -S {fake} {name}"]
    )

    assert told.exit_code == 3
    assert says in told.output
    assert "WRONG" in told.output


def test_large_arrays_go_as_raw_bytes_and_come_back_exact() -> None:
    heard: list[bytes] = []
    here = load("tests.targets.deadly:fine", Declared())
    cell = adapt(
        f"{SERVE} tests.targets.deadly:fine".removeprefix("cmd:"),
        Declared(),
        "cmd: it",
        overhear=lambda _, line: heard.append(line),
    )
    case = sample(Spec(5, 4), here.shapes(Spec(5, 4)), stated=True)
    ones = {"inputs": np.ones((400, 9, 5)), "grad_outputs": np.ones((400, 9, 4))}
    long = case.but(
        **ones, state=(np.ones((1, 9, 4)),), grad_state=(np.ones((1, 9, 4)),)
    )

    found, pulled = cell.forward(long), cell.backward(long)

    cell.close()
    expected = here.backward(long)
    assert found.outputs.tobytes() == here.forward(long).outputs.tobytes()
    assert pulled.inputs.tobytes() == expected.inputs.tobytes()
    assert {b'"payload":0' in line for line in heard[-6:-2]} == {False}
