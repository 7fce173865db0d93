"""The cell as laws see it: announced calls, shapes, shared results, both budgets."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Case
from refcheck.cell import Gradients, Kind, Reply
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, Recipe, case_from
from refcheck.reference.cell import ReferenceCell

SEEDS = dict.fromkeys(
    ("inputs", "state", "lengths", "outputs", "final", "params"), GENERIC
)


def a_case(cell, **changes) -> Case:
    fields = {
        "time": 4,
        "batch": 3,
        "input_size": 2,
        "hidden_size": 2,
        "with_state": True,
        "seeds": SEEDS,
    }
    recipe = Recipe(**(fields | changes))
    spec = recipe.spec(cell.signature.dtypes)
    return case_from(recipe, spec, cell.shapes(spec))


class Counting(ReferenceCell):
    """Counts its calls."""

    calls = 0

    def forward(self, case):
        self.calls += 1
        return super().forward(case)


class Listening:
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def before(self, law, case):
        self.heard.append((law, case))

    def after(self):
        self.heard.append("after")


def test_laws_share_the_answer_to_a_case_unless_they_ask_again() -> None:
    cell = Counting(Kind.GRU)
    measured, case = MeasuredCell(cell), a_case(cell)

    assert measured.forward(case) is measured.forward(case)
    measured.again(case)

    assert cell.calls == 2


def test_the_watch_hears_of_every_call_and_its_end() -> None:
    cell, watch = ReferenceCell(Kind.GRU), Listening()
    measured, case = MeasuredCell(cell, watch), a_case(cell)
    measured.law = "some-law"

    measured.forward(case)

    assert watch.heard == [("some-law", case), "after"]


def test_old_results_are_dropped() -> None:
    cell = Counting(Kind.RNN_TANH)
    measured, first = MeasuredCell(cell), a_case(cell)
    measured.forward(first)
    for _ in range(600):
        measured.forward(first.but())

    measured.forward(first)

    assert cell.calls == 602


def test_an_exception_of_the_target_is_told_from_our_own() -> None:
    class Raising(ReferenceCell):
        def backward(self, case):
            raise ZeroDivisionError("by zero")

    cell = Raising(Kind.GRU)

    with pytest.raises(TargetRaised, match="ZeroDivisionError: by zero"):
        MeasuredCell(cell).backward(a_case(cell))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda r: Reply(r.outputs[0], r.state), "outputs has shape"),
        (lambda r: Reply(r.outputs, r.state[:1]), "1 states came back, expected 2"),
        (lambda r: Reply(r.outputs, (r.state[0][0], r.state[1])), "state 0 has shape"),
    ],
    ids=["outputs", "count", "state"],
)
def test_a_wrong_shape_is_told_before_any_value(reply, message) -> None:
    class Misshaped(ReferenceCell):
        def forward(self, case):
            return reply(super().forward(case))

    cell = Misshaped(Kind.LSTM)

    with pytest.raises(Misshapen, match=message):
        MeasuredCell(cell).forward(a_case(cell))


def test_a_wrong_shape_of_a_gradient_names_the_parameter() -> None:
    class Misshaped(ReferenceCell):
        def backward(self, case):
            found = super().backward(case)
            params = dict(found.params) | {"bias_ih_l0": np.zeros(1)}
            return Gradients(params, found.inputs, found.state)

    cell = Misshaped(Kind.LSTM)

    with pytest.raises(Misshapen, match="gradient of bias_ih_l0 has shape"):
        MeasuredCell(cell).backward(a_case(cell))


def test_a_cell_of_unknown_kind_gets_an_assumed_allowance() -> None:
    cell = ReferenceCell(Kind.LSTM)
    cell.signature = replace(cell.signature, kind=None, layout=None)
    measured, case = MeasuredCell(cell), a_case(cell)
    known = MeasuredCell(ReferenceCell(Kind.LSTM))

    assumed, derived = measured.forward(case), known.forward(case)
    gradients = measured.backward(case)

    assert not measured.derived
    for left, right in zip(
        (assumed.outputs, *assumed.state),
        (derived.outputs, *derived.state),
        strict=True,
    ):
        assert 0 < left.allowance.max() < 1e-10
        assert left.allowance.max() > 0.1 * right.allowance.max()
    assert 0 < gradients.params["weight_hh_l0"].allowance.max() < 1e-10
    assert 0 < gradients.inputs.allowance.max() < 1e-10
    assert 0 < gradients.state[1].allowance.max() < 1e-10


def test_laws_about_parameters_need_a_layout() -> None:
    cell = ReferenceCell(Kind.LSTM)
    case = a_case(cell)
    cell.signature = replace(cell.signature, layout=None)
    measured = MeasuredCell(cell)

    for ask in (measured.canonical, measured.textbook, measured.textbook_gradients):
        with pytest.raises(TypeError):
            ask(case)
    with pytest.raises(TypeError):
        measured.planted(case, [])


def test_planted_parameters_come_back() -> None:
    cell = ReferenceCell(Kind.LSTM)
    measured, case = MeasuredCell(cell), a_case(cell, single=True)

    planted = measured.planted(case, measured.canonical(case))

    assert all((planted.params[n] == case.params[n]).all() for n in case.params)
    assert planted.params["weight_ih_l0"].dtype == np.float32


def test_a_state_that_was_returned_widens_the_textbooks_allowance() -> None:
    cell = ReferenceCell(Kind.GRU)
    measured, case = MeasuredCell(cell), a_case(cell)
    late = case.starting_at(measured.forward(case).state)
    bare = late.but(carried={})

    assert (
        measured.textbook(late).outputs.allowance[0].max()
        > measured.textbook(bare).outputs.allowance[0].max()
    )


def test_a_fresh_cell_asks_for_the_same_law() -> None:
    measured = MeasuredCell(ReferenceCell(Kind.GRU))
    measured.law = "some-law"

    assert measured.fresh().law == "some-law"
