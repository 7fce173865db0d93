"""What the kill matrix says of a run, and what it does not."""

import json
import re

import pytest

from refcheck.catalogue import laws
from refcheck.kills import catching, kills, power
from refcheck.outcome import Power
from tests.bank import BANK

AGAIN = "python -m tests.benchmarks.kill_matrix, once without and once with --write"

MATRIX = {
    "schema": 2,
    "runs": {
        "float64+float32": {
            "tanh-slope-left-out": {"lstm": ["gradients-agree", "one-step-agrees"]},
            "forget-gate-left-out": {"lstm": ["outputs-agree"]},
        }
    },
}
COULD_HAVE = ("tanh-slope-left-out", "forget-gate-left-out", "hard-sigmoid")
RUN = (("float64", "float32"), "lstm")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "kills.json"
    file.write_text(json.dumps(MATRIX), encoding="utf-8")
    return file


def test_only_laws_that_held_count(path) -> None:
    found = power(COULD_HAVE, {"one-step-agrees"}, *RUN, path=path)

    assert found == Power(2, ["forget-gate-left-out"])
    assert found.caught == 1


def test_nothing_is_said_of_a_run_that_is_not_on_record(path) -> None:
    run = (("float32",), "lstm")

    assert power(COULD_HAVE, {"outputs-agree"}, *run, path=path) is None


def test_nothing_is_said_of_a_cell_that_could_have_no_known_fault(path) -> None:
    assert power((), {"outputs-agree"}, *RUN, path=path) is None


def test_nothing_is_said_without_a_record(tmp_path) -> None:
    assert power(COULD_HAVE, {"x"}, *RUN, path=tmp_path / "none.json") is None


def test_a_fault_that_was_planted_into_other_kinds_alone_does_not_count(path) -> None:
    run = (RUN[0], "gru")

    assert power(COULD_HAVE, {"gradients-agree"}, *run, path=path) is None


def test_a_fault_that_nothing_caught_is_missed(tmp_path) -> None:
    runs = {"float64+float32": {"hard-sigmoid": {"lstm": []}}}
    file = tmp_path / "kills.json"
    file.write_text(json.dumps({"schema": 2, "runs": runs}), encoding="utf-8")

    found = power(COULD_HAVE, {"outputs-agree"}, *RUN, path=file)

    assert found == Power(1, ["hard-sigmoid"])


def test_laws_catch_what_they_say_and_what_is_on_record(path) -> None:
    found = catching([laws()["outputs-agree"]], path)

    assert found["tanh-slope-left-out"] == {"gradients-agree", "one-step-agrees"}
    assert {"outputs-agree"} <= found["input-and-forget-gate-swapped"]


def test_what_is_on_record_names_laws_and_faults_that_there_are() -> None:
    runs = kills().runs
    found = [(bug, law) for run in runs.values() for bug, law in _pairs(run)]

    assert re.fullmatch("[0-9a-f]{12}", kills().tree)
    assert {law for _, law in found} <= set(laws()), AGAIN
    assert {bug for bug, _ in found} <= set(BANK), AGAIN


@pytest.mark.parametrize("dtypes", ["float64+float32", "float64", "float32"])
def test_at_least_95_percent_of_what_is_on_record_are_caught(dtypes) -> None:
    caught = [
        names for kinds in kills().runs[dtypes].values() for names in kinds.values()
    ]

    assert len(caught) >= len(BANK)
    assert sum(map(bool, caught)) >= 0.95 * len(caught)


def _pairs(run):
    return [
        (bug, law)
        for bug, kinds in run.items()
        for names in kinds.values()
        for law in names
    ]
