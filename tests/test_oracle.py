"""The oracle knows better than double precision, and says by how much."""

import sys
from typing import Any

import numpy as np
import pytest

from refcheck import oracle
from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.judge import judge
from refcheck.law import equal
from refcheck.measured import MeasuredCell
from refcheck.oracle import DOUBLE_PRECISION, EXTENDED_PRECISION
from refcheck.outcome import Status
from refcheck.provisional import Provisional
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import Known, Measured, exact
from refcheck.runner import run
from refcheck.scan import exact_result
from refcheck.settings import Settings
from refcheck.strategies import Cases
from tests.reference.networks import with_kinds

flint = pytest.importorskip("flint")

SMALL = Cases(time=(1, 5), hidden=(1, 4), batch=(1, 3))
ARB = f"Arb, {oracle.BITS} bits"
ONE = np.ones((1, 1, 2))


@pytest.fixture
def without_flint(monkeypatch: Any) -> Any:
    """Take python-flint away."""
    monkeypatch.setitem(sys.modules, "flint", None)
    monkeypatch.setattr(oracle.importlib.util, "find_spec", lambda _: None)
    oracle.best.cache_clear()
    yield
    oracle.best.cache_clear()


def some_cases(kind: Kind) -> list[tuple[MeasuredCell, Case]]:
    """Return small cases of every option, in both dtypes."""
    cell = MeasuredCell(ReferenceCell(kind))
    recipes = list(SMALL.landmarks(cell.signature, 3))[:16]
    return [(cell, SMALL.build(recipe, cell)) for recipe in recipes]


def parts(cell: MeasuredCell, case: Case) -> list[Provisional]:
    """Return everything that the textbook answers."""
    reply, grads = cell.textbook(case), cell.textbook_gradients(case)
    states = [*reply.state, *grads.state]
    return [reply.outputs, grads.inputs, *states, *grads.params.values()]


@with_kinds
def test_double_precision_is_off_by_no_more_than_its_budget(kind: Kind) -> None:
    for cell, case in some_cases(kind):
        for found in parts(cell, case):
            right = found.confirmed()
            error = abs(found.value - right.value)
            assert np.all(error <= found.allowance + right.allowance)


@with_kinds
def test_balls_are_far_narrower_than_any_budget(kind: Kind) -> None:
    for cell, case in some_cases(kind):
        budget = cell.gradient_budget(case).inputs
        right = cell.textbook_gradients(case).inputs.confirmed()
        rounding = 2.0**-53 * abs(right.value)
        assert np.all(right.allowance <= rounding * 1.01 + 2.0**-60 * budget.allowance)


@with_kinds
def test_extended_precision_agrees_with_the_balls(kind: Kind, without_flint) -> None:
    if oracle.best() is not EXTENDED_PRECISION:
        pytest.skip("NumPy's long double is no wider than double here")
    extended = [p.confirmed() for c, k in some_cases(kind) for p in parts(c, k)]
    oracle.best.cache_clear()
    sys.modules["flint"] = flint
    balls = [p.confirmed() for c, k in some_cases(kind) for p in parts(c, k)]

    for left, right in zip(extended, balls, strict=True):
        error = abs(left.value - right.value)
        assert np.all(error <= left.allowance + right.allowance)


def test_where_sums_are_exact_the_balls_are_points() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.RNN_RELU))
    recipe = next(SMALL.landmarks(cell.signature, 3))
    case = SMALL.build(recipe, cell)
    whole = {n: np.round(4 * a) for n, a in case.params.items()}
    case = case.but(params=whole, inputs=np.round(case.inputs), state=None)

    right = cell.textbook(case).outputs

    assert np.array_equal(right.confirmed().value, right.value)
    assert not right.confirmed().allowance.any()


def test_a_ball_that_says_nothing_leaves_double_precision() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.RNN_TANH))
    case = SMALL.build(next(SMALL.landmarks(cell.signature, 3)), cell)
    case = case.but(inputs=np.full_like(case.inputs, np.inf))

    right = cell.textbook(case).outputs

    assert np.array_equal(right.confirmed().value, right.value, equal_nan=True)


def test_what_is_large_is_left_to_double_precision() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    wide = Cases(hidden=(20, 33), time=(30, 65))
    large = wide.build(next(wide.landmarks(cell.signature, 0)), cell)
    small = SMALL.build(next(SMALL.landmarks(cell.signature, 0)), cell)

    assert oracle.chosen(large) is DOUBLE_PRECISION
    assert oracle.chosen(small).name == ARB


def test_without_flint_the_best_of_numpy_is_taken_and_said(without_flint) -> None:
    wide = np.finfo(np.longdouble).nmant >= 63
    expected = EXTENDED_PRECISION if wide else DOUBLE_PRECISION

    assert oracle.best() is expected
    assert oracle.shortfall().startswith(f"the oracle is {expected.name}: float64")


def test_where_long_double_is_double_nothing_better_is_claimed(
    without_flint, monkeypatch
) -> None:
    monkeypatch.setattr(oracle.np, "longdouble", np.float64)

    assert oracle.best() is DOUBLE_PRECISION
    assert "allowed 1 of their budget more" in oracle.shortfall()


def test_balls_stand_in_where_long_double_is_double(monkeypatch) -> None:
    monkeypatch.setattr(oracle.np, "longdouble", np.float64)
    balls = exact_result(Kind.LSTM, "sigmoid")
    monkeypatch.undo()

    assert balls == pytest.approx(exact_result(Kind.LSTM, "sigmoid"), rel=1e-15)
    assert oracle.wider_than_double() in (EXTENDED_PRECISION, oracle.best())


def test_with_flint_there_is_nothing_to_say() -> None:
    assert oracle.shortfall() == ""


# in the judge's hands ---------------------------------------------------------------


def provisional(value: Any, right: Measured, certain: float = 0.5) -> Provisional:
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    case = SMALL.build(next(SMALL.landmarks(cell.signature, 0)), cell)
    return Provisional(value, lambda: Known(1e-9), certain, lambda: right, case)


def off(error: float) -> Measured:
    """Return what a target gives that may be off by 1e-9, and is off by ``error``."""
    return Measured(ONE + error, np.full(ONE.shape, 1e-9))


def test_the_textbooks_own_rounding_is_no_violation() -> None:
    right = provisional(ONE - 0.4e-9, exact(ONE))

    verdict = judge(equal("outputs", off(0.8e-9), right))

    assert not verdict.violated
    assert verdict.ratio == pytest.approx(0.8)


def test_the_textbooks_own_rounding_hides_no_violation() -> None:
    right = provisional(ONE + 0.4e-9, exact(ONE))

    verdict = judge(equal("outputs", off(1.2e-9), right))

    assert verdict.violated
    assert verdict.finding is not None
    assert verdict.finding.oracle == ARB


def test_the_oracle_is_not_asked_where_nothing_is_in_doubt() -> None:
    def never():
        raise AssertionError

    right = provisional(ONE, exact(ONE))
    right.confirmed = never

    assert not judge(equal("outputs", off(0.4e-9), right)).violated


def test_what_the_oracle_may_be_off_by_is_allowed() -> None:
    unsure = Measured(ONE, np.full(ONE.shape, 0.5e-9))

    assert not judge(equal("outputs", off(1.4e-9), provisional(ONE, unsure))).violated
    assert judge(equal("outputs", off(1.6e-9), provisional(ONE, unsure))).violated


def test_moving_entries_about_moves_what_the_oracle_says() -> None:
    right = provisional(ONE, exact(ONE * [1.0, 2.0]))

    assert right[0, 0, 1:].confirmed().value.tolist() == [2.0]
    assert right[0, 0, 1:].certain == right.certain


class OffInTheEnd(ReferenceCell):
    """Outputs are off by more than float64 explains, and little more."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return Reply(reply.outputs * (1 + 2.0**-40), reply.state)


def test_a_violation_is_reported_with_the_oracle_that_confirmed_it() -> None:
    from refcheck.catalogue import laws

    chosen = Settings(select=("outputs-agree", "one-step*"), dtypes=("float64",))

    outcomes = list(run(OffInTheEnd(Kind.GRU), list(laws().values()), chosen))

    assert {o.status for o in outcomes} == {Status.VIOLATED}
    assert {o.finding.oracle for o in outcomes if o.finding} == {ARB}
