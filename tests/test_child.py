"""The child's work, done here: what it answers to a request."""

import msgspec
import pytest

from refcheck.child import answer
from refcheck.errors import RefcheckError
from refcheck.judge import Verdict
from refcheck.law import Relation
from refcheck.outcome import Finding, Status
from refcheck.requests import _status, declared
from refcheck.settings import Settings
from refcheck.store import Stored
from refcheck.trial import Trial
from refcheck.watch import Unwatched
from refcheck.wire import (
    Done,
    Fault,
    Found,
    Message,
    Ready,
    Refused,
    Request,
    Understood,
)
from tests.reporters.reports import case

FINE = "tests.targets.deadly:fine"
QUICK = Settings(profile="quick", select=("outputs-agree",), seed=1)


def answers(
    target: str,
    settings: Settings = QUICK,
    replay: Stored | None = None,
    **said: object,
) -> list[Message]:
    found: list[Message] = []
    answer(Request(target, said, settings, replay), found.append, Unwatched())
    return found


def stored(target: str, law: str = "outputs-agree") -> Stored:
    size = {"weight_ih_l0": (1, 1), "weight_hh_l0": (1, 1)}
    biases = {"bias_ih_l0": (1,), "bias_hh_l0": (1,)}
    zeros = case().params["bias_ih_l0"]
    params = {name: zeros[:1].reshape(shape) for name, shape in (size | biases).items()}
    return Stored(target, {}, law, case(params=params).document())


def test_a_good_target_is_ready_held_and_done() -> None:
    ready, found, done = answers(FINE)

    assert isinstance(ready, Ready)
    assert (ready.kind, ready.plan[0].name) == ("rnn-tanh", "outputs-agree")
    assert "numpy" in ready.environment
    assert isinstance(found, Found)
    assert found.outcome.status is Status.HELD
    assert isinstance(done, Done)


@pytest.mark.parametrize(
    ("named", "asked"),
    [((), ("float64", "float32")), (("float16",), ("float16",))],
    ids=["none", "float16"],
)
def test_the_dtypes_told_are_those_of_the_run(named, asked) -> None:
    settings = msgspec.structs.replace(QUICK, dtypes=named)

    ready, *_ = answers("torch.nn:LSTM", settings)

    assert isinstance(ready, Ready)
    assert ready.dtypes == asked


REFUSED = {
    "no target": (FINE.replace("fine", "missing"), QUICK, True),
    "no law": (FINE, Settings(exclude={"outputs-agreed": "x"}), False),
    "no match": (FINE, Settings(select=("nothing*",)), False),
    "no dtype": (FINE, msgspec.structs.replace(QUICK, dtypes=("float16",)), False),
}


@pytest.mark.parametrize(("name", "settings", "target"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_answered_with_a_sentence(
    name: str, settings: Settings, target: bool
) -> None:
    last = answers(name, settings)[-1]

    assert isinstance(last, Refused)
    assert last.target == target


def test_a_fault_of_ours_is_answered_with_its_traceback() -> None:
    broken = msgspec.structs.replace(QUICK, profile="no such profile")

    last = answers(FINE, broken)[-1]

    assert isinstance(last, Fault)
    assert last.trace.startswith("Traceback")


@pytest.mark.parametrize(
    ("target", "status"),
    [("fine", Status.HELD), ("raises", Status.CRASHED), ("off", Status.VIOLATED)],
)
def test_a_replay_asks_the_law_on_the_stored_case_alone(
    target: str, status: Status
) -> None:
    name = f"tests.targets.deadly:{target}"

    ready, found, _ = answers(name, replay=stored(name))

    assert isinstance(ready, Ready)
    assert [law.name for law in ready.plan] == ["outputs-agree"]
    assert isinstance(found, Found)
    assert found.outcome.status is status
    assert found.outcome.cases == 1
    assert isinstance(found.outcome.finding, Finding) == (status is Status.VIOLATED)


def test_a_replay_without_a_claim_or_without_a_decision_is_inconclusive() -> None:
    vague = Verdict(Relation.EQUAL, "outputs", violated=False, conclusive=False)

    for verdicts in ([], [vague]):
        assert _status(Trial(case(), verdicts)) is Status.INCONCLUSIVE


def test_a_kind_is_declared_by_its_name() -> None:
    found = declared({"like": "gru", "state_attr": "h"})

    assert found.like is not None
    assert (found.like.value, found.state_attr) == ("gru", "h")
    assert declared({"like": None}).like is None


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(RefcheckError, match="expected one of rnn-tanh"):
        declared({"like": "grus"})


@pytest.mark.parametrize(
    ("target", "said", "lacks"),
    [
        ("torch.nn:GRU", {}, ""),
        ("torch.nn:Linear", {}, "its kind is unknown"),
        (
            "tests.targets.closed:step",
            {"like": "rnn-tanh", "options": {"input_size": 3, "hidden_size": 4}},
            "its parameters are not visible",
        ),
        ("torch.nn.utils:clip_grad_norm_", {}, ""),
    ],
    ids=["known", "unknown", "closed", "clipper"],
)
def test_an_allowance_that_is_assumed_is_called_so(target, said, lacks) -> None:
    ready, *others = answers(target, Settings(select=("outputs-agree",)), **said)

    assert isinstance(ready, Ready)
    found = [message for message in others if isinstance(message, Understood)]
    notes = [note for message in (ready, *found) for note in message.notes]
    told = [note for note in notes if "assumed from its own sensitivity" in note]
    assert bool(told) == bool(lacks)
    assert all(lacks in note for note in told)


@pytest.mark.parametrize("target", ["torch.nn:GRU", "torch.nn.utils:clip_grad_norm_"])
def test_an_oracle_that_leaves_something_open_is_noted(target, monkeypatch) -> None:
    monkeypatch.setattr("refcheck.introduction.shortfall", lambda: "the oracle is weak")

    ready = answers(target, Settings(select=("outputs-agree",)))[0]

    assert isinstance(ready, Ready)
    assert ("the oracle is weak" in ready.notes) is (target == "torch.nn:GRU")


@pytest.mark.parametrize("kind", ["rnn-relu", "rnn-tanh"])
def test_the_slope_of_relu_at_0_is_said_to_be_a_convention(kind) -> None:
    options = {"nonlinearity": kind.removeprefix("rnn-")}
    settings = Settings(select=("outputs-agree",))

    ready = answers("torch.nn:RNN", settings, like=kind, options=options)[0]

    assert isinstance(ready, Ready)
    told = [note for note in ready.notes if "slope of ReLU at 0" in note]
    assert bool(told) == (kind == "rnn-relu")
