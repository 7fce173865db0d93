"""What goes into a module and comes out of it, and what laws about purity see."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch_tensors import VIEWS, array, tensor  # noqa: E402
from refcheck.cell import Capability, Kind, Spec  # noqa: E402
from refcheck.errors import Unsupported  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.adapters.cells import (  # noqa: E402
    ONE,
    adapted,
    case_of,
    furthest,
    textbook,
)

nn = torch.nn
SPECS = {
    "one layer": ONE,
    "two layers": replace(ONE, num_layers=2),
    "both directions": replace(ONE, bidirectional=True),
    "three layers, both directions": replace(ONE, num_layers=3, bidirectional=True),
    "no bias": replace(ONE, bias=False),
    "batch first": replace(ONE, batch_first=True),
    "D = H = N": Spec(4, 4),
}
STACKED = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
STRIDED = {
    "contiguous": (6, 2, 1),
    "transposed": (1, 4, 12),
    "sliced": (12, 4, 2),
    "offset": (6, 2, 1),
}


# the textbook --------------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("name", STACKED)
def test_torch_agrees_with_the_textbook(name: str, spec: Spec) -> None:
    cell = adapted(STACKED[name])
    case = case_of(cell, spec)

    reply, gradients = textbook(cell, case)

    assert furthest(cell.forward(case), reply) < 1e-13
    assert furthest(cell.backward(case), gradients) < 1e-12


def test_a_kind_is_built_as_it_is_declared() -> None:
    cell = adapted(nn.RNN, "rnn-relu")
    case = case_of(cell)

    assert cell.signature.kind is Kind.RNN_RELU
    assert furthest(cell.forward(case), textbook(cell, case)[0]) < 1e-14


def test_results_come_in_the_dtype_of_the_case() -> None:
    cell = adapted(nn.LSTM)
    case = case_of(cell, replace(ONE, dtype="float32"))

    assert cell.forward(case).outputs.dtype == np.float32
    assert cell.backward(case).inputs.dtype == np.float32


def test_no_state_is_passed_on_as_no_state() -> None:
    cell = adapted(nn.GRU)
    case = case_of(cell).but(state=None)
    zeros = case.but(state=tuple(np.zeros_like(g) for g in case.grad_state))

    assert furthest(cell.forward(case), cell.forward(zeros)) == 0.0
    assert cell.backward(case).state == ()


def test_a_state_that_is_required_is_made_of_zeros() -> None:
    cell = adapted(modules.StepSpread, "lstm")
    case = case_of(cell)
    zeros = tuple(np.zeros_like(g) for g in case.grad_state)

    assert Capability.DEFAULT_STATE not in cell.signature.capabilities
    found = cell.forward(case.but(state=None))
    assert furthest(found, cell.forward(case.but(state=zeros))) == 0.0


# gradients -----------------------------------------------------------------------


def test_an_argument_that_is_ignored_has_gradient_zero() -> None:
    cell = adapted(modules.Detached, "gru")
    case = case_of(cell)

    found = cell.backward(case)

    assert not found.inputs.any()
    assert found.params["cell.weight_hh"].any()


def test_an_answer_that_records_nothing_has_gradients_zero() -> None:
    cell = adapted(modules.Inference, "gru")
    case = case_of(cell)

    for found in (cell.backward(case), cell.accumulated(case, 2)):
        assert not any(g.any() for g in found.params.values())
        assert found.inputs.shape == case.inputs.shape


def test_a_frozen_parameter_of_a_class_has_gradient_zero() -> None:
    cell = adapted(modules.Frozen, "gru")

    found = cell.backward(case_of(cell))

    assert not found.params["cell.weight_hh"].any()
    assert found.params["cell.weight_ih"].any()


def test_a_state_of_another_shape_takes_no_gradient() -> None:
    cell = adapted(modules.FlatStateOut, "gru")

    with pytest.raises(TypeError, match=r"of shape \(4, 2\), expected \(1, 4, 2\)"):
        cell.backward(case_of(cell))


def test_gradients_of_several_passes_add_up() -> None:
    cell = adapted(nn.LSTM)
    case = case_of(cell)

    once, thrice = cell.accumulated(case, 1), cell.accumulated(case, 3)

    assert not once.inputs.any()
    for name, gradient in cell.backward(case).params.items():
        assert furthest(once.params[name], gradient) == 0.0
        assert furthest(thrice.params[name], 3 * gradient) < 1e-13


def test_a_detached_state_cuts_the_gradient() -> None:
    cell = adapted(nn.GRU)
    case = case_of(cell).but(lengths=None)
    early, late = case.split(2)
    state = cell.forward(early).state

    found = cell.chain_backward(early, late)

    assert furthest(found, cell.backward(late.but(state=state))) < 1e-14


def test_recording_gradients_changes_no_result_in_double_precision() -> None:
    cell = adapted(nn.GRU)
    case = case_of(cell)

    assert furthest(cell.with_gradients(case), cell.forward(case)) < 1e-15


def test_training_is_seeded_and_leaves_the_global_generator_alone() -> None:
    cell = adapted(nn.LSTM)
    case = case_of(cell, replace(ONE, num_layers=2, dropout=0.5))
    before = torch.random.get_rng_state()

    replies = [cell.train_backward(case, seed)[0] for seed in (1, 1, 2)]

    assert furthest(replies[0], replies[1]) == 0.0
    assert furthest(replies[0], replies[2]) > 0.0
    assert furthest(cell.forward(case), textbook(cell, case)[0]) < 1e-14
    assert torch.equal(torch.random.get_rng_state(), before)


# what an adapter must not hide ---------------------------------------------------


def test_parameters_are_updated_in_place_in_one_live_object() -> None:
    cell = adapted(modules.StaleWeights, "gru")
    case = case_of(cell)
    other = case.but(params={n: a + 1 for n, a in case.params.items()})

    cell.forward(case)

    assert furthest(cell.forward(other), cell.fresh().forward(other)) > 0.1


def test_what_a_module_writes_into_its_arguments_is_seen_and_stays_outside() -> None:
    cell = adapted(modules.Scribbles, "gru")
    case = case_of(cell)
    inputs = case.inputs.copy()

    after = cell.forward_watching(case).after

    assert not after["inputs"].any()
    assert not after["state.0"].any()
    np.testing.assert_array_equal(after["lengths"], case.lengths)
    np.testing.assert_array_equal(
        after["params.cell.bias_hh"], case.params["cell.bias_hh"]
    )
    np.testing.assert_array_equal(case.inputs, inputs)


def test_arguments_are_seen_after_a_backward_call_too() -> None:
    cell = adapted(modules.MaskKeyword, "gru")
    case = case_of(cell)

    after = cell.backward_watching(case)

    np.testing.assert_array_equal(after["inputs"], case.inputs)
    assert after.keys() == cell.forward_watching(case).after.keys()


def test_arguments_are_told_in_the_axes_of_the_case() -> None:
    cell = adapted(modules.MaskKeyword, "gru")
    case = case_of(cell)

    after = cell.forward_watching(case).after

    np.testing.assert_array_equal(after["inputs"], case.inputs)
    np.testing.assert_array_equal(after["lengths"], case.lengths)
    assert case.state is not None
    np.testing.assert_array_equal(after["state.0"], case.state[0])
    assert "state.0" not in cell.forward_watching(case.but(state=None)).after


def test_a_buffer_that_is_used_again_shows_when_results_are_read_again() -> None:
    cell = adapted(modules.Reuses)
    case = case_of(cell)
    watched = cell.forward_watching(case)
    assert furthest(watched.reread(), watched.reply) == 0.0

    cell.forward(case.but(inputs=case.inputs + 1))

    assert furthest(watched.reread(), watched.reply) > 0.1


@pytest.mark.parametrize("strides", VIEWS)
def test_inputs_have_the_strides_that_the_case_asks_for(strides: str) -> None:
    numbers = np.arange(24.0).reshape(4, 3, 2)

    found = tensor(numbers, strides)

    np.testing.assert_array_equal(array(found), numbers)
    assert found.stride() == STRIDED[strides]
    assert found.storage_offset() == (strides == "offset")


def test_a_reversed_view_cannot_be_had_and_is_contiguous() -> None:
    found = tensor(np.arange(24.0).reshape(4, 3, 2)[::-1], "reversed")

    assert found.is_contiguous()
    assert found[0, 0, 0] == 18


@pytest.mark.parametrize("strides", VIEWS)
@pytest.mark.parametrize("thing", [nn.LSTM, nn.LSTMCell])
def test_strides_change_nothing_in_torch(thing: Any, strides: str) -> None:
    cell = adapted(thing)
    case = case_of(cell)

    found = cell.forward(case.but(strides=strides))

    assert furthest(found, cell.forward(case)) < 1e-15


# refusals ------------------------------------------------------------------------


MISFITS: dict[str, dict[str, Any]] = {
    "wrong D": {"inputs": np.zeros((5, 4, 4))},
    "one axis": {"inputs": np.zeros(5)},
    "no step": {"inputs": np.zeros((0, 4, 3))},
    "wrong H": {"state": (np.zeros((1, 4, 3)), np.zeros((1, 4, 3)))},
    "wrong N": {"state": (np.zeros((1, 3, 2)), np.zeros((1, 3, 2)))},
    "one state": {"state": (np.zeros((1, 4, 2)),)},
    "float32": {"inputs": np.zeros((5, 4, 3), "float32")},
}
LENGTHS = {"beyond T": [6, 5, 2, 1], "negative": [-1, 5, 2, 1], "empty": [0, 5, 2, 1]}


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("changes", MISFITS.values(), ids=MISFITS)
def test_misfits_reach_the_module_which_refuses_them(
    changes: dict[str, Any], batch_first: bool
) -> None:
    cell = adapted(nn.LSTM)
    case = case_of(cell, replace(ONE, batch_first=batch_first), with_lengths=False)

    with pytest.raises((RuntimeError, ValueError, IndexError)):
        cell.forward(case.but(**changes))


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_packing_refuses_lengths_that_do_not_fit(lengths: list[int]) -> None:
    cell = adapted(nn.GRU)

    with pytest.raises(RuntimeError):
        cell.forward(case_of(cell).but(lengths=np.array(lengths)))


def test_a_mask_cannot_say_lengths_beyond_the_last_step() -> None:
    cell = adapted(modules.MaskKeyword, "gru")

    with pytest.raises(Unsupported, match="a mask of 5 steps cannot say"):
        cell.forward(case_of(cell).but(lengths=np.array([6, 5, 2, 1])))


def test_lengths_are_not_dropped_where_none_are_taken() -> None:
    cell = adapted(nn.LSTMCell)

    with pytest.raises(Unsupported, match="takes neither lengths nor a mask"):
        cell.forward(case_of(cell).but(lengths=np.array([5, 5, 2, 1])))


def test_parameters_of_another_shape_are_not_broadcast() -> None:
    cell = adapted(nn.GRU)
    case = case_of(cell)
    short = dict(case.params) | {"bias_hh_l0": np.zeros(1)}

    with pytest.raises(ValueError, match="bias_hh_l0 has shape"):
        cell.forward(case.but(params=short))


def test_an_exception_of_the_module_propagates() -> None:
    cell = adapted(modules.FailsWithStateOfOnes, "gru")
    ones = (np.ones((1, 4, 2)),)

    with pytest.raises(ZeroDivisionError):
        cell.forward(case_of(cell).but(state=ones))
