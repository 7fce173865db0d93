"""Searching, shrinking and reducing: from a violation to numbers to check by hand."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.law import equal, law
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.recipe import Recipe
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import Measured
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


TOP, HEIGHT = 41213, 1.001  # drawn at random, one number in 500 is beyond 1


@law("nothing is higher than its allowance", cases=Cases(extra={"n": lambda _, n: n}))
def low(cell, case):
    """A hill whose sides say where the top is."""
    height = HEIGHT - abs(case.extra["n"] - TOP) / 2**16
    one = np.ones(1)
    yield equal("height", Measured(one + height * 1e-3, np.full(1, 1e-3)), one)


def test_the_search_climbs_towards_what_comes_near_to_its_allowance(monkeypatch):
    cell, effort = MeasuredCell(ReferenceCell(Kind.RNN_TANH)), Effort(0, 150, 1.0, 1)

    climbing = Search(low, cell, effort).smallest()
    monkeypatch.setattr("refcheck.drawing.climb", lambda ratio: None)
    at_random = Search(low, cell, effort).smallest()

    assert climbing is not None
    assert at_random is None


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


def asked_of(easy, single=None):
    """Return the cases asked of a law that can only decide easy ones, and the search.

    Where it cannot, both sides differ within an allowance that says nothing.
    """
    asked = []

    @law("1 = 1", cases=Cases(time=(33, 65), single=single))
    def vaguely(_, case):
        """Nothing to argue for."""
        asked.append((case.time, case.spec.dtype))
        found = Measured(np.ones(1), np.full(1, 9.0))
        yield equal("one", found, Measured(np.ones(1) + (not easy(case))))

    effort = Effort(landmarks=1, drawn=0, shrink_seconds=1.0, seed=0)
    search = Search(vaguely, MeasuredCell(ReferenceCell(Kind.LSTM)), effort)
    assert search.smallest() is None
    return asked, search


def test_what_says_nothing_is_asked_again_with_fewer_steps_then_in_double() -> None:
    cases = Cases(time=(1, 65))
    recipe = Recipe(time=9, single=True, hidden_size=2)

    easier = list(cases.easier(recipe, ReferenceCell(Kind.LSTM).signature))

    assert [(r.time, r.single) for r in easier] == [(9, True), (5, True), (5, False)]


def test_a_case_that_says_something_is_not_asked_again() -> None:
    asked, search = asked_of(lambda _: True)

    assert len(asked) == search.cases == search.conclusive == 1


def test_nothing_is_asked_again_that_would_be_the_same() -> None:
    asked, search = asked_of(lambda _: False, single=True)

    assert asked == [(33, "float32")]
    assert (search.cases, search.conclusive) == (1, 0)
    assert search.undecided == {"allowance too wide": 1}


def test_easier_cases_count_as_cases_and_reasons_are_counted() -> None:
    effort = Effort(landmarks=3, drawn=6, shrink_seconds=1.0, seed=0)

    @law("1 = 1", cases=Cases(single=None))
    def decided_when_short(_, case):
        """Nothing to argue for."""
        far = case.time > 3
        found = Measured(np.ones(1), np.full(1, 9.0))
        yield equal("one", found, Measured(np.ones(1) + far))

    search = Search(decided_when_short, MeasuredCell(ReferenceCell(Kind.GRU)), effort)

    assert search.smallest() is None
    assert search.undecided == {"allowance too wide": search.cases - search.conclusive}
    assert search.conclusive >= 9
    assert search.cases > search.conclusive


@pytest.mark.parametrize(("compiled", "asked"), [(False, 14), (True, 8)])
def test_the_most_of_a_costly_law_bounds_all_cases_where_each_is_compiled(
    compiled: bool, asked: int
) -> None:
    costly = replace(agrees, cases=Cases(most=8))
    cell = MeasuredCell(ReferenceCell(Kind.RNN_TANH))
    cell.signature = replace(cell.signature, compiled=compiled)

    search = Search(costly, cell, Effort(14, 6, 1.0, 0))

    assert search.smallest() is None
    assert search.cases == asked
