"""Workers that die, hang and talk nonsense: the right outcome each, in time."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from refcheck.adapters import process, process_worker
from refcheck.adapters.process import TRIAL, adapt
from refcheck.adapters.process_cell import ProcessCell
from refcheck.adapters.process_sample import sample
from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.errors import Lost, RefcheckError, TargetError
from refcheck.inprocess import check
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.strategies import Cases
from refcheck.trial import Trial, ask
from tests.targets.fake_worker import HARNESS, SCENES

FAKE = Path(__file__).parents[1] / "targets" / "fake_worker.py"
SECONDS = 0.4  # that a call may take
DIED = {
    "truncated-and-exit": "ended by itself, exit code 3 in forward",
    "killed-mid-reply": "killed by SIGKILL in forward",
    "segfault": "killed by SIGSEGV in forward; it said: these are my last words",
    "abort": "killed by SIGABRT",
    "exit": "ended by itself, exit code 0",
    "closes-output": "closed its standard input or output",
}
LATE = ("silence", "silence-mid-reply", "trickle")
MALFORMED = {
    "truncated": "is no line of JSON",
    "100-MB": "has more than 67108864 bytes",
    "wrong-id": "its id is -7, expected",
    "id-is-text": "Expected `int`, got `str`",
    "extra-field": "unknown field `colour`",
    "nan-text": 'JSON has no NaN and no infinity: write "nan"',
    "null-value": "an array has no data",
    "text-value": "'zero' stands among values",
    "too-few-values": "has 1 values, expected",
    "bad-base64": "base64",
    "short-base64": "has 3 bytes, expected",
    "negative-shape": "Expected `int` >= 0",
    "unknown-dtype": "quaternion",
    "two-kinds-of-data": "an array has data and values",
    "payload-out-of-range": "has 0 bytes, expected",
    "huge-payload": "a payload of 1099511627776 bytes is announced",
    "no-outputs": "missing required field `outputs`",
    "no-id": "missing required field `id`",
    "an-array": "Expected `object`, got `array`",
    "garbage": "print to standard error instead",
    "not-utf-8": "is no line of JSON",
    "empty-line": "is no line of JSON",
    "two-replies": "follows it, expected one line a request",
    "deep": "reply to forward is malformed",
    "unknown-error": "Invalid enum value 'sulking'",
}
ANSWERED = {
    "unsupported": "Unsupported: not today",
    "refused": "Refused: not today",
    "failed": "FailedInside: not today",
}
MISSHAPEN = {
    "wrong-shape": "outputs has shape (1, 1, 1, 1)",
    "one-state-too-many": "2 states came back, expected 1",
}
ARRIVED = ("nan-spelt",)


def command(name: str) -> str:
    return f"{sys.executable} -S {FAKE} {name}"


@pytest.fixture
def started() -> Iterator[object]:
    cells: list[ProcessCell] = []

    def start(name: str) -> ProcessCell:
        declared = Declared(call_timeout=SECONDS)
        cells.append(adapt(command(name), declared, f"cmd: {name}"))
        return cells[-1]

    yield start
    for cell in cells:
        cell.close()


def asked(cell: ProcessCell, law: str = "outputs-agree") -> Trial:
    measured = MeasuredCell(cell)
    recipe = next(iter(Cases().landmarks(cell.signature, 1)))
    return ask(laws()[law], measured, Cases().build(recipe, measured))


def test_every_scene_has_its_outcome() -> None:
    known = {*DIED, *LATE, *MALFORMED, *ANSWERED, *MISSHAPEN, *ARRIVED}

    assert known == set(SCENES)
    assert set(UNUSABLE) == set(HARNESS)


@pytest.mark.parametrize("name", DIED)
def test_a_worker_that_dies_is_told_how_and_started_again(started, name) -> None:
    cell = started(name)

    trial = asked(cell)

    assert trial.lost is Status.CRASHED
    assert DIED[name] in trial.crash
    assert trial.case.document()
    assert cell.shapes(trial.case.spec).states == 1


@pytest.mark.parametrize("name", LATE)
def test_a_worker_that_does_not_answer_is_given_up_in_time(started, name) -> None:
    cell = started(name)
    before = time.monotonic()

    trial = asked(cell)

    assert trial.lost is Status.TIMED_OUT
    assert trial.crash == f"the worker did not answer forward within {SECONDS:g} s"
    assert time.monotonic() - before < SECONDS + 5


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_reply_is_told_and_the_worker_started_again(started, name) -> None:
    cell = started(name)
    cell._worker.call_seconds = 30.0  # 100 MB take their time

    trial = asked(cell)

    assert trial.lost is Status.CRASHED
    assert "the worker's reply to forward is malformed: " in trial.crash
    assert MALFORMED[name] in trial.crash
    assert cell.shapes(trial.case.spec).states == 1


@pytest.mark.parametrize("name", ANSWERED)
def test_what_a_worker_says_is_an_exception_and_no_death(started, name) -> None:
    cell = started(name)

    trial = asked(cell)

    assert (trial.lost, trial.crash) == (None, ANSWERED[name])
    assert cell._worker.lives == 1


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_wrong_shape_is_a_violation(started, name) -> None:
    trial = asked(started(name))

    assert trial.crash == ""
    assert MISSHAPEN[name] in trial.worst.finding.says


def test_a_number_that_is_spelt_arrives(started) -> None:
    trial = asked(started("nan-spelt"))

    assert np.isnan(trial.worst.finding.left)


@pytest.mark.parametrize("name", ["segfault", "garbage", "silence"])
def test_a_loss_is_a_violation_where_a_refusal_is_expected(started, name) -> None:
    trial = asked(started(name), "misfits-are-refused")

    assert trial.lost


@pytest.mark.parametrize("name", ["refused", "failed", "unsupported"])
def test_an_answer_is_a_refusal_where_one_is_expected(started, name) -> None:
    trial = asked(started(name), "misfits-are-refused")

    assert not trial.broken


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("dies-in-build", "outputs-agree"),
        ("dies-in-build-unknown", "same-call-same-result"),
    ],
)
def test_a_cell_whose_build_is_fatal_is_a_crash_of_the_law(name, law) -> None:
    found = check(f"cmd: {command(name)}", select=[law], profile="quick")

    (outcome,) = found.outcomes
    assert outcome.status is Status.CRASHED
    assert "in build" in outcome.reason
    assert outcome.case is not None


UNUSABLE = {
    "another-protocol": "speaks version 2 of the protocol, expected 1",
    "no-hello": "smoke test.*'hello' is no line of JSON",
    "dies-at-once": "smoke test.*ended by itself, exit code 4 in hello",
    "misspelt-capability": "smoke test.*forwards",
    "wrong-gates": "says that its gates are 'abcd', expected 'ifgo'",
    "another-kind": "cannot be held to lstm: weight_ih has shape",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_fault_of_the_harness_is_none_of_the_cell(name: str) -> None:
    with pytest.raises(TargetError, match=UNUSABLE[name]):
        adapt(command(name), Declared(), f"cmd: {name}")


def test_a_program_that_does_not_exist_is_named() -> None:
    with pytest.raises(TargetError, match=r"'./nothing' cannot be started: No such"):
        adapt("./nothing", Declared(), "cmd: ./nothing")


@pytest.mark.parametrize("text", ["", "  ", "worker 'unfinished"])
def test_a_command_that_is_none_is_the_users_mistake(text: str) -> None:
    with pytest.raises(RefcheckError, match="command"):
        adapt(text, Declared(), "cmd:")


def test_what_means_nothing_to_a_worker_is_refused() -> None:
    with pytest.raises(RefcheckError, match="say nothing to a worker"):
        adapt("./worker", Declared(call="step"), "cmd: ./worker")


def test_a_kind_that_is_declared_goes_before_the_workers_own() -> None:
    cell = adapt(command("right"), Declared(like=Kind.RNN_RELU), "cmd: right")
    kind = cell.signature.kind
    cell.close()

    assert kind is Kind.RNN_RELU


def test_cells_that_nobody_holds_are_freed(started) -> None:
    heard: list[str] = []
    cell = adapt(
        command("right"),
        Declared(),
        "cmd: right",
        overhear=lambda arrow, line: heard.append(f"{arrow} {line.decode()[:20]}"),
    )
    fresh = cell.fresh()
    fresh.shapes(TRIAL)
    del fresh
    cell.shapes(TRIAL)
    cell.close()

    assert '→ {"op":"free","id":' in "".join(heard)


def test_a_worker_is_let_go_with_a_word_and_only_once(started) -> None:
    cell = started("right")

    cell.close()
    cell.close()

    assert cell._worker._pipes is None


def test_the_limits_leave_room_for_the_supervisor() -> None:
    from refcheck.supervisor import LOAD_SECONDS, SILENT_SECONDS

    assert min(LOAD_SECONDS, SILENT_SECONDS) > process_worker.LOAD_SECONDS


def test_where_pipes_cannot_be_waited_for_there_are_no_workers(monkeypatch) -> None:
    monkeypatch.setattr(process, "POSSIBLE", False)

    with pytest.raises(TargetError, match="a worker needs Linux or macOS"):
        adapt(command("right"), Declared(), "cmd: right")


def test_a_line_of_a_megabyte_goes_through(started) -> None:
    cell = started("right")
    cell._worker.call_seconds = 30.0
    shapes = cell.shapes(TRIAL)
    case = sample(TRIAL, shapes, stated=True)
    long = case.but(inputs=np.ones((30000, 2, 5)))

    assert cell.forward(long).outputs.shape == (30000, 2, 4)


def test_a_worker_that_was_killed_between_calls_is_lost_in_the_next_one(
    started,
) -> None:
    cell = started("right")
    case = sample(TRIAL, cell.shapes(TRIAL), stated=True)
    cell._worker._pipes._process.kill()

    with pytest.raises(Lost, match="killed by SIGKILL in forward"):
        cell.forward(case)

    assert cell.forward(case).outputs.shape == (3, 2, 4)
    cell._worker._pipes._process.kill()
    cell.close()
    assert cell._worker._pipes is None
