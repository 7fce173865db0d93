"""Where results go wrong first, and what has to be 0 for them to be right."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.bugs.planted import planted, stepping
from refcheck.bugs.steps import heard
from refcheck.case import ClipCase, ClipSpec
from refcheck.cell import Kind, Spec
from refcheck.diagnosis.place import first_wrong
from refcheck.landmarks import BASE, generic
from refcheck.measured import MeasuredCell
from refcheck.recipe import case_from


def drawn(cell, **changes):
    recipe = generic(BASE.but(**changes), 1)
    return case_from(recipe, Spec(3, 2, bias=recipe.bias), cell.shapes(Spec(3, 2)))


def place_of(cell, *cases) -> str:
    return first_wrong(MeasuredCell(cell), cases or [drawn(cell)])


def twice_heard(params, x):
    half = len(params.weight_ih) // 4
    weight = np.concatenate([params.weight_ih[:half] * 2, params.weight_ih[half:]])
    return heard(params._replace(weight_ih=weight), x)


def test_the_block_that_a_fault_needs_is_named() -> None:
    cell = stepping(heard=twice_heard)(Kind.LSTM)

    found = place_of(cell)

    assert found.startswith("outputs at t=0, row ")
    assert found.endswith("right once the input weights of the input gate are 0")


def test_one_bias_is_told_of_in_the_singular() -> None:
    def bias_twice(params, x):
        first = np.arange(len(params.bias_ih)) < len(params.bias_ih) // 4
        bias = np.where(first, 2 * params.bias_ih, params.bias_ih)
        return heard(params._replace(bias_ih=bias), x)

    found = place_of(stepping(heard=bias_twice)(Kind.LSTM))

    assert found.endswith("right once the bias of the inputs of the input gate is 0")


def test_the_time_step_is_the_first_at_which_outputs_are_wrong() -> None:
    def ended(_, reply):
        late = np.arange(len(reply.outputs))[:, None, None] >= 3
        return reply._replace(outputs=np.where(late, 7, reply.outputs))

    cell = planted(ended=ended)(Kind.GRU)

    assert place_of(cell).startswith("outputs at t=3, row ")
    assert ";" not in place_of(cell)


def test_a_state_may_be_wrong_where_outputs_are_not() -> None:
    cell = planted(
        ended=lambda _, reply: reply._replace(
            state=tuple(state + 1 for state in reply.state)
        )
    )(Kind.LSTM)

    assert place_of(cell).startswith("final h at layer 0, row ")


def test_results_that_are_right_have_no_wrong_place() -> None:
    assert place_of(planted()(Kind.GRU)) == ""


@pytest.mark.parametrize("what", ["raises", "is misshapen"])
def test_where_there_are_no_results_there_is_no_place(what: str) -> None:
    def ended(_, reply):
        if what == "raises":
            raise ValueError
        return reply._replace(outputs=reply.outputs[1:])

    assert place_of(planted(ended=ended)(Kind.GRU)) == ""


def test_clipping_has_no_place_in_time() -> None:
    cell = planted()(Kind.LSTM)
    cell.signature = replace(cell.signature, kind=Kind.CLIP_NORM)
    case = ClipCase(ClipSpec(), (np.ones(2),), 1.0)

    assert place_of(cell, case) == ""


def test_a_cell_without_biases_has_none_to_silence() -> None:
    cell = stepping(heard=twice_heard)(Kind.LSTM)
    spec = Spec(3, 2, bias=False)
    case = case_from(generic(BASE.but(bias=False), 1), spec, cell.shapes(spec))

    assert "bias" not in place_of(cell, case)
