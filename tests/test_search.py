"""Searching, shrinking and reducing: from a violation to numbers to check by hand."""

import numpy as np

from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.law import equal, law
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import PROFILES, hold
from refcheck.search import Effort, Search
from refcheck.settings import Settings
from refcheck.strategies import Cases
from tests.bank import faulty

ANY = Cases()


@law("y = y of the textbook", cases=ANY)
def agrees(cell, case):
    """It does."""
    yield equal("outputs", cell.forward(case).outputs, cell.textbook(case).outputs)


class WrongFrom(ReferenceCell):
    """Outputs are off wherever a predicate of the case holds."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        wrong = case.inputs.any() and case.batch == 2 and case.spec.hidden_size == 4
        return Reply(reply.outputs + wrong, reply.state)


def smallest(cell, seed=0, drawn=60, landmarks=40):
    search = Search(agrees, MeasuredCell(cell), Effort(landmarks, drawn, 5.0, seed))
    return search.smallest(), search


def test_a_gate_swap_is_told_with_one_unit_one_step_and_short_numbers() -> None:
    trial, _ = smallest(faulty("input-and-forget-gate-swapped", Kind.LSTM))

    assert trial is not None
    case = trial.case
    assert (case.time, case.batch, case.spec.hidden_size, case.spec.input_size) == (
        1,
        1,
        1,
        1,
    )
    for array in (*case.params.values(), case.inputs, case.grad_outputs):
        assert np.array_equal(array * 8, np.round(array * 8))


def test_what_needs_many_steps_keeps_just_enough() -> None:
    trial, _ = smallest(faulty("outputs-scaled-after-sixteen-steps", Kind.GRU))

    assert trial is not None
    assert trial.case.time == 17
    assert trial.case.batch == 1


def test_what_no_landmark_shows_is_found_by_drawing_and_shrunk() -> None:
    trial, search = smallest(WrongFrom(Kind.GRU), drawn=2000, landmarks=0)

    assert trial is not None
    assert trial.case.time == 1
    assert (trial.case.batch, trial.case.spec.hidden_size) == (2, 4)
    assert search.worst is not None


def test_the_same_seed_finds_the_same_case() -> None:
    found = [
        smallest(faulty("input-and-forget-gate-swapped", Kind.LSTM), seed=5)[0]
        for _ in range(2)
    ]

    assert found[0] is not None
    assert found[1] is not None
    assert found[0].case.document() == found[1].case.document()


def test_a_right_cell_is_not_violated_and_its_closest_case_is_known() -> None:
    trial, search = smallest(ReferenceCell(Kind.LSTM), drawn=15)

    assert trial is None
    assert search.cases > 30
    assert search.conclusive > 0.95 * search.cases
    assert 0 < search.closest < 1


class Raising(ReferenceCell):
    """Raises once there are two rows."""

    def forward(self, case: Case) -> Reply:
        if case.batch > 1:
            message = "rows do not fit"
            raise ValueError(message)
        return super().forward(case)


def test_an_exception_of_the_target_is_an_outcome_with_its_smallest_case() -> None:
    outcome = hold(agrees, MeasuredCell(Raising(Kind.LSTM)), Settings())

    assert outcome.status is Status.CRASHED
    assert outcome.reason == "ValueError: rows do not fit"
    assert outcome.case is not None
    assert outcome.case["inputs"]["shape"][:2] == [1, 2]


class Misshaped(ReferenceCell):
    """Drops the batch axis of its outputs when there is one row."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        outputs = reply.outputs[:, 0] if case.batch == 1 else reply.outputs
        return Reply(outputs, reply.state)


def test_a_wrong_shape_is_an_outcome_that_names_both_shapes() -> None:
    outcome = hold(agrees, MeasuredCell(Misshaped(Kind.RNN_TANH)), Settings())

    assert outcome.status is Status.VIOLATED
    assert outcome.finding is not None
    assert outcome.finding.says == "outputs has shape (1, 1), expected (1, 1, 1)"


def test_the_profiles_grow() -> None:
    drawn = [PROFILES[name].drawn for name in ("quick", "default", "gate", "deep")]

    assert drawn == sorted(drawn)
