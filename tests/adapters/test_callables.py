"""NumPy targets as cells: what is found out about them, and what is left as it is."""

from collections.abc import Callable
from operator import itemgetter
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from refcheck.adapters.arrays import AnswerError
from refcheck.adapters.callable_cell import CallableCell
from refcheck.adapters.callables import adapt
from refcheck.adapters.stateful import duplicate
from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Array, Capability, Declared, Kind, Spec
from refcheck.errors import RefcheckError, TargetError, Unsupported
from refcheck.layout import CANONICAL
from refcheck.outcome import Status
from refcheck.recipe import Recipe, case_from
from refcheck.runner import hold, measure
from refcheck.settings import Settings
from tests.adapters import functions as f

OFFERS = Capability
GENERIC = dict.fromkeys(("inputs", "state", "params", "outputs", "final"), 300)


def cell_of(thing: Any, like: Kind | None = None, **said: Any) -> CallableCell:
    return adapt(thing, Declared(like=like, **said), "cells:Cell")


def closed(thing: Any, like: Kind | None = None, **said: Any) -> CallableCell:
    """Return the cell of something whose sizes have to be said."""
    return cell_of(thing, like, options=f.SIZES, **said)


def case_of(cell: CallableCell, **changes: Any) -> Case:
    signature = cell.signature
    spec = signature.fixed or Spec(3, 4, dtype=signature.dtypes[0])
    recipe = Recipe(
        time=5,
        batch=2 if signature.offers(OFFERS.BATCH) else 1,
        with_state=signature.offers(OFFERS.INITIAL_STATE),
        seeds=GENERIC,
    )
    spec = changes.pop("spec", spec)
    return case_from(recipe, spec, cell.shapes(spec)).but(**changes)


def unrolled(step: Callable[..., Any], case: Case, *state: Array) -> Array:
    """Return the outputs (T, N, O) of a step on rows that returns (output, state)."""
    outputs, carried = [], list(state)
    for x in case.inputs:
        output, *carried = step(x, *carried)
        outputs.append(output)
    return np.stack(outputs)


def same(left: Array, right: Array) -> bool:
    return left.shape == right.shape and np.array_equal(left, right)


@pytest.mark.parametrize(
    "step",
    [f.closed_step, f.bare_step, f.optional_step, f.probing_step, f.wrapped_step],
    ids=lambda step: step.__name__,
)
def test_a_step_on_rows_is_called_once_for_each_step(step: Any) -> None:
    cell = closed(step)
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert same(reply.outputs, unrolled(f.closed_step, case, case.state[0][0]))
    assert same(reply.state[0], reply.outputs[-1:])
    assert cell.signature.offers(OFFERS.STEPS | OFFERS.BATCH | OFFERS.FINAL_STATE)
    assert not cell.signature.offers(OFFERS.SEQUENCE)


@pytest.mark.parametrize(
    "step",
    [f.pair_step, f.optional_pair_step, f.tuple_step],
    ids=lambda step: step.__name__,
)
def test_a_state_of_two_arrays_is_found_without_a_kind(step: Any) -> None:
    cell = closed(step)
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    h, c = (s[0] for s in case.state)
    for x in case.inputs:
        h, c = f.pair_step(x, h, c)
    assert same(reply.outputs[-1], h)
    assert same(reply.state[0][0], h)
    assert same(reply.state[1][0], c)


@pytest.mark.parametrize(
    ("step", "axes", "batch"),
    [(f.column_step, "columns", True), (f.vector_step, "vectors", False)],
    ids=["columns", "vectors"],
)
def test_other_axes_are_found_by_trial_and_noted(
    step: Any, axes: str, batch: bool
) -> None:
    cell = closed(step)
    case = case_of(cell)

    reply = cell.forward(case)

    assert reply.outputs.shape == case.grad_outputs.shape
    assert reply.state[0].shape == case.grad_state[0].shape
    assert same(reply.state[0], reply.outputs[-1:])
    assert any(f"called with {axes}" in note for note in cell.signature.notes)
    assert cell.signature.offers(OFFERS.BATCH) is batch


def test_a_cell_of_one_row_is_said_to_take_no_batch() -> None:
    cell = closed(f.one_row_step)

    assert not cell.signature.offers(OFFERS.BATCH)
    assert "called with one row at a time: a trial call with several failed" in (
        cell.signature.notes
    )


@pytest.mark.parametrize(
    ("step", "default"),
    [(f.closed_step, False), (f.optional_step, True), (f.probing_step, True)],
    ids=["required", "optional", "required, None taken"],
)
def test_no_state_is_offered_where_none_is_a_state(step: Any, default: bool) -> None:
    cell = closed(step)

    assert cell.signature.offers(OFFERS.DEFAULT_STATE) is default


def test_no_state_is_handed_over_as_none() -> None:
    cell = closed(f.probing_step)
    case = case_of(cell, state=None)

    reply = cell.forward(case)

    assert same(reply.outputs, unrolled(f.closed_step, case, np.zeros((2, 4))))


def test_a_readout_has_its_own_width() -> None:
    cell = closed(f.readout_step)

    assert cell.shapes(case_of(cell).spec).output_size == 2


@pytest.mark.parametrize(
    "function",
    [f.sequence, f.long_sequence, f.layered_sequence, f.listed_outputs],
    ids=lambda function: function.__name__,
)
def test_a_sequence_function_is_called_once(function: Any) -> None:
    cell = closed(function)
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert same(reply.outputs, f.sequence(case.inputs, case.state[0][0])[0])
    assert same(reply.state[0], reply.outputs[-1:])
    assert cell.signature.offers(OFFERS.SEQUENCE)
    assert not cell.signature.offers(OFFERS.STEPS)


def test_a_sequence_function_may_hide_its_state() -> None:
    cell = closed(f.outputs_alone)
    case = case_of(cell)

    reply = cell.forward(case)

    assert same(reply.outputs, f.sequence(case.inputs)[0])
    assert reply.state == ()
    assert not cell.signature.offers(OFFERS.FINAL_STATE)


@pytest.mark.parametrize(
    "function", [f.sequence, f.long_sequence], ids=["optional", "required"]
)
def test_lengths_are_handed_over(function: Any) -> None:
    cell = closed(function)
    case = case_of(cell, lengths=np.array([2, 5]))
    assert case.state is not None

    reply = cell.forward(case)

    expected = f.sequence(case.inputs, case.state[0][0], case.lengths)
    assert same(reply.outputs, expected[0])
    assert cell.signature.offers(OFFERS.LENGTHS)


def test_vectors_of_a_sequence_get_their_row_back() -> None:
    def alone(inputs: Any, state: Any) -> Any:
        outputs, h = f.sequence(inputs[:, None, :], state.reshape(1, 4))
        return outputs[:, 0], h[0]

    cell = closed(alone, call="sequence")
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert same(reply.outputs, f.sequence(case.inputs, case.state[0][0])[0])


def test_what_a_trial_cannot_tell_is_declared() -> None:
    cell = closed(f.outputs_alone, call="step")

    assert cell.signature.offers(OFFERS.STEPS)


def test_a_call_that_is_neither_step_nor_sequence_is_refused() -> None:
    with pytest.raises(RefcheckError, match="expected step or sequence"):
        closed(f.closed_step, call="both")


def test_a_function_of_any_arguments_takes_inputs_and_state() -> None:
    def step(*both: Any) -> Any:
        return f.closed_step(*both)

    cell = closed(step)

    assert cell.signature.offers(OFFERS.STEPS | OFFERS.INITIAL_STATE)


def test_a_function_that_tells_no_signature_is_asked_by_calling_it() -> None:
    def step(x: Any, h: Any) -> Any:
        return f.closed_step(x, h)

    vars(step)["__signature__"] = "unknown"

    def backward(*given: Any) -> Any:
        return f.backward(*given)

    vars(step)["backward"] = backward

    cell = closed(step)

    assert cell.signature.offers(OFFERS.STEPS | OFFERS.INITIAL_STATE | OFFERS.BACKWARD)


def test_arguments_with_a_default_are_passed_over() -> None:
    def step(x: Any, scale: float = 1.0, *, h: Any) -> Any:
        return f.closed_step(scale * x, h)

    cell = closed(step)
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert same(reply.outputs, unrolled(f.closed_step, case, case.state[0][0]))


@pytest.mark.parametrize(
    ("step", "kind"),
    [(f.lstm, Kind.LSTM), (f.rnn, Kind.RNN_TANH)],
    ids=["unpacked", "by key, by attribute, by place"],
)
def test_the_textbooks_parameters_are_handed_over(step: Any, kind: Kind) -> None:
    cell = cell_of(step, kind)

    status = held("outputs-agree", cell)

    assert status is Status.HELD
    assert cell.signature.layout == CANONICAL
    assert cell.signature.dtypes == ("float64", "float32")
    assert cell.signature.offers(
        OFFERS.PARAMETERS | OFFERS.LAYOUT | OFFERS.RESIZABLE | OFFERS.BIAS
    )


@pytest.mark.parametrize("step", [f.dict_rnn, f.unnamed_rnn], ids=["named", "first"])
def test_a_function_may_give_the_parameters(step: Any) -> None:
    cell = cell_of(step, Kind.RNN_TANH, params=f.dict_params)

    status = held("outputs-agree", cell)

    assert status is Status.HELD
    assert cell.signature.fixed is None
    assert cell.shapes(Spec(2, 5)).params == {"W": (5, 2), "U": (5, 5), "b": (5,)}
    assert (
        "parameters are told by their shapes: W is weight_ih, U is weight_hh, b is "
        "bias_ih"
    ) in cell.signature.notes


def test_a_mapping_gives_parameters_of_one_size() -> None:
    given = {"weight_ih": np.ones((4, 3)), "weight_hh": np.ones((4, 4))}

    def step(params: Any, x: Any, h: Any) -> Any:
        assert type(params) is dict
        return np.tanh(x @ params["weight_ih"].T + h @ params["weight_hh"].T)

    cell = cell_of(step, Kind.RNN_TANH, params=given)

    assert held("outputs-agree", cell) is Status.HELD
    assert cell.signature.fixed == Spec(3, 4)
    assert not cell.signature.offers(OFFERS.BIAS)
    with pytest.raises(Unsupported, match="cannot be built as"):
        cell.shapes(Spec(2, 4))


def test_parameters_stay_the_same_arrays() -> None:
    seen = []

    def step(params: Any, x: Any, h: Any) -> Any:
        seen.append((params, params.weight_ih))
        answer = f.rnn(x, h, params)
        params["weight_ih"] = params.weight_ih.copy()
        return answer

    cell = cell_of(step, Kind.RNN_TANH)
    case = case_of(cell)
    cell.forward(case)
    cell.forward(case.but(params={n: 2 * a for n, a in case.params.items()}))

    (first, array), (last, same_array) = seen[-10], seen[-5]
    assert first is last
    assert array is same_array
    assert np.array_equal(array, 2 * case.params["weight_ih"])


def test_weights_have_a_length() -> None:
    def step(params: Any, x: Any, h: Any) -> Any:
        assert len(params) == 4
        return f.rnn(x, h, params)

    cell = cell_of(step, Kind.RNN_TANH)

    assert held("outputs-agree", cell) is Status.HELD


def test_the_arrays_of_an_object_are_its_parameters() -> None:
    cell = cell_of(f.Resetting, Kind.RNN_TANH)

    assert held("outputs-agree", cell) is Status.HELD
    assert cell.shapes(Spec(3, 4)).params == {"W_xh": (4, 3), "W_hh": (4, 4)}
    assert cell.signature.dtypes == ("float64",)
    assert cell.signature.offers(OFFERS.PARAMETERS | OFFERS.MUTABLE | OFFERS.LAYOUT)


def test_an_object_that_resets_starts_each_sequence_anew() -> None:
    cell = cell_of(f.Resetting)
    case = case_of(cell)

    first, second = cell.forward(case), cell.forward(case)

    assert same(first.outputs, second.outputs)
    assert not cell.signature.offers(OFFERS.INITIAL_STATE)
    assert cell.signature.offers(OFFERS.DEFAULT_STATE)


def test_an_object_that_cannot_reset_keeps_its_state_between_sequences() -> None:
    cell = cell_of(f.Plain)
    case = case_of(cell)

    first, second = cell.forward(case), cell.forward(case)

    assert not same(first.outputs, second.outputs)
    assert (
        "it keeps h from call to call; if that is its state, give it a reset() or "
        "declare --state-attr h"
    ) in cell.signature.notes


def test_a_named_state_is_set_read_and_put_back() -> None:
    cell = cell_of(f.Plain, state_attr="h")
    case = case_of(cell)
    assert case.state is not None
    live = f.Plain(3, 4)
    live.W_xh, live.W_hh, live.h = *case.params.values(), case.state[0][0]

    reply = cell.forward(case)
    without = cell.forward(case.but(state=None))

    assert same(reply.outputs, np.stack([live(x) for x in case.inputs]))
    assert same(reply.state[0], reply.outputs[-1:])
    assert same(without.outputs, cell.forward(case.but(state=None)).outputs)
    assert cell.signature.offers(OFFERS.INITIAL_STATE | OFFERS.FINAL_STATE)


def test_axes_in_which_it_cannot_start_by_itself_are_not_its_own() -> None:
    class Vectors(f.Plain):
        def __call__(self, x: Any) -> Any:
            self.h = np.tanh(self.W_xh @ x + self.W_hh @ self.h)
            return self.h

    cell = cell_of(Vectors, state_attr="h")

    assert "called with vectors" in " ".join(cell.signature.notes)


def test_a_state_of_two_arrays_may_live_in_one_attribute() -> None:
    cell = cell_of(f.Pair, Kind.LSTM, state_attr="state")
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert same(reply.outputs, closed(f.pair_step).forward(case).outputs)
    assert len(reply.state) == 2
    assert "its parameters cannot be set" in " ".join(cell.signature.notes)


def test_a_state_of_two_arrays_may_live_in_two_attributes() -> None:
    class Two(f.Plain):
        def __init__(self) -> None:
            super().__init__(3, 4)
            self.c = np.zeros(4)

        def __call__(self, x: Any) -> Any:
            self.c = 0.5 * self.c + x @ self.W_xh.T + self.h @ self.W_hh.T
            self.h = np.tanh(self.c)
            return self.h

    cell = closed(Two, state_attr="h, c")
    case = case_of(cell)
    assert case.state is not None

    reply = cell.forward(case)

    assert len(reply.state) == 2
    assert same(reply.state[0], reply.outputs[-1:])


def test_a_stale_cache_shows() -> None:
    cell = cell_of(f.Caching)
    case = case_of(cell)
    other = case.but(params={n: 2 * a for n, a in case.params.items()})

    cell.forward(case)

    used, new = cell.forward(other), cell.fresh().forward(other)
    assert not same(used.outputs, new.outputs)


def test_a_users_object_is_left_alone() -> None:
    mine = f.Plain(3, 4)
    cell = closed(mine)

    cell.forward(case_of(cell))

    assert same(mine.W_xh, np.ones((4, 3)))
    assert same(mine.h, np.zeros(4))


def test_views_still_share_memory_in_a_copy() -> None:
    mine = f.Views(3, 4)
    cell = closed(mine)
    case = case_of(cell)

    reply = cell.forward(case)

    assert cell.shapes(case.spec).params == {"W_xh": (4, 3), "W_hh": (4, 4)}
    assert same(reply.outputs, closed(f.Resetting).forward(case).outputs)
    assert not mine.W_xh.any()


def test_a_view_with_strides_of_its_own_is_one_in_a_copy_too() -> None:
    mine = f.Views(3, 4)
    whole = np.asfortranarray(np.arange(48.0).reshape(8, 6))
    mine.W_xh = whole[::-2, ::2]
    mine.W_hx = mine.W_xh.T

    twin = duplicate(mine)

    twin.W_xh[0, 0] = 7
    assert twin.W_hx[0, 0] == 7
    assert same(twin.W_xh[1:], mine.W_xh[1:])
    assert whole[7, 0] == 42


def test_an_object_in_single_precision_is_not_asked_for_double() -> None:
    mine = f.Single(3, 4, "float32")

    cell = closed(mine)

    assert cell.signature.dtypes == ("float32",)
    assert not cell.signature.offers(OFFERS.FLOAT64)


def test_a_class_that_takes_a_dtype_is_built_for_it() -> None:
    cell = cell_of(f.Single)
    case = case_of(cell, spec=Spec(3, 4, dtype="float32"))

    reply = cell.forward(case)

    assert cell.signature.dtypes == ("float64", "float32")
    assert reply.outputs.dtype == np.float32


def test_options_build_a_class() -> None:
    cell = cell_of(f.Scaled, options={"scale": 2.0})

    assert cell.signature.fixed is None
    assert cell.shapes(Spec(2, 5)).params["W_xh"] == (5, 2)


def test_sizes_that_are_declared_are_kept() -> None:
    cell = closed(f.Plain)

    assert cell.signature.fixed == Spec(3, 4)
    assert not cell.signature.offers(OFFERS.RESIZABLE)


def test_random_numbers_of_the_caller_are_left_alone() -> None:
    class Random(f.Resetting):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            super().__init__(input_size, hidden_size)
            self._noise = np.random.rand(4)  # noqa: NPY002

    before = np.random.get_state()[1].tobytes()  # noqa: NPY002

    cell_of(Random)

    after = np.random.get_state()[1].tobytes()  # noqa: NPY002
    assert after == before


@pytest.mark.parametrize("thing", [f.Rnn, f.SteppingRnn], ids=["sequence", "step"])
def test_a_backward_of_its_own_gives_gradients(thing: Any) -> None:
    cell = cell_of(thing, Kind.RNN_TANH)

    assert cell.signature.offers(OFFERS.BACKWARD)
    assert held("gradients-agree", cell) is Status.HELD


@pytest.mark.parametrize("backward", [f.backward, None], ids=["attribute", "beside"])
def test_a_backward_stands_beside_its_function(backward: Any) -> None:
    thing = f.forward
    if backward:
        thing = SimpleNamespace(forward=f.forward, backward=backward)
    cell = closed(thing)
    case = case_of(cell)
    case = case.but(inputs=case.inputs[:1], grad_outputs=case.grad_outputs[:1])
    assert case.state is not None

    found = cell.backward(case)

    d_x, d_h = f.backward(
        case.inputs[0], case.state[0][0], case.grad_outputs[0], case.grad_state[0][0]
    )
    assert found.params == {}
    assert same(found.inputs[0], d_x)
    assert same(found.state[0][0], d_h)


def test_a_module_may_hold_both_passes() -> None:
    module = ModuleType("both")
    vars(module).update(forward=f.forward, backward=f.backward)

    cell = closed(module)

    assert cell.signature.offers(OFFERS.BACKWARD)


def test_a_backward_of_another_form_is_not_used() -> None:
    def step(x: Any, h: Any) -> Any:
        return f.closed_step(x, h)

    vars(step)["backward"] = lambda d_y: d_y

    cell = closed(step)

    assert not cell.signature.offers(OFFERS.BACKWARD)
    assert (
        "no gradients: its backward is not backward(x, h, grad_outputs, grad_state) "
        "-> (grad_inputs, grad_state)"
    ) in cell.signature.notes


def test_a_backward_that_writes_to_attributes_does_not_make_them_parameters() -> None:
    class Accumulating(f.SteppingRnn):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            super().__init__(input_size, hidden_size)
            self.grad_bias = np.zeros(hidden_size)

        def backward(self, x: Any, h: Any, grad_output: Any, grad_state: Any) -> Any:
            answer = super().backward(x, h, grad_output, grad_state)
            self.grad_bias += answer[0]["bias_ih"]
            return answer

    cell = cell_of(Accumulating)

    assert set(cell.shapes(Spec(3, 4)).params) == {"weight_ih", "weight_hh", "bias_ih"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, r"backward returned None, expected \(grad_params, grad_inputs, "),
        (({}, 0.0, 0.0), "backward returned no gradient of weight_ih"),
        ((object(), 0.0, 0.0), "backward returned no gradient of weight_ih"),
        ((np.zeros(2), None, 0.0), "backward returned no gradient"),
    ],
    ids=["nothing", "an empty mapping", "no mapping", "an array"],
)
def test_a_backward_that_cannot_be_read_is_told(answer: Any, says: str) -> None:
    class Wrong(f.SteppingRnn):
        def backward(self, x: Any, h: Any, grad_output: Any, grad_state: Any) -> Any:
            return answer

    cell = cell_of(Wrong)

    with pytest.raises(AnswerError, match=says):
        cell.backward(case_of(cell))


def test_there_is_no_backward_of_a_function_that_has_none() -> None:
    cell = closed(f.closed_step)

    with pytest.raises(TypeError, match="no backward"):
        cell.backward(case_of(cell))


def test_the_blog_style_cell_loads_and_both_of_its_faults_show() -> None:
    cell = cell_of(f.Blog, Kind.RNN_TANH)
    square, single = (case_of(cell, spec=Spec(n, n)) for n in (3, 1))

    products = cell.forward(square).outputs
    first, second = cell.forward(single), cell.forward(single)

    assert products.shape == (5, 3, 3)  # (T, N, H) would be (5, 1, 3)
    assert first.outputs.shape == (5, 1, 1)
    assert not same(first.outputs, second.outputs)
    assert "a trial call went well only where input_size = hidden_size" in (
        cell.signature.notes
    )
    with pytest.raises(ValueError, match="broadcast"):
        cell.forward(case_of(cell))


def test_the_blog_style_cell_is_refuted_by_the_textbook() -> None:
    cell = cell_of(f.Blog, Kind.RNN_TANH)

    assert held("outputs-agree", cell) is Status.VIOLATED


def test_wrong_shapes_come_out_wrong() -> None:
    def step(x: Any, h: Any) -> Any:
        h = f.bare_step(x, h)
        return h[:, :, None], h

    cell = closed(step)

    reply = cell.forward(case_of(cell))

    assert reply.outputs.shape == (5, 2, 4, 1)


def test_outputs_of_several_shapes_are_told() -> None:
    def step(x: Any, h: Any) -> Any:
        return (h if x[0, 0] > -0.8 else h[:1]), h

    cell = closed(step)
    inputs = np.sin(np.arange(30.0)).reshape(5, 2, 3)

    with pytest.raises(AnswerError, match=r"several shapes: \(2, 4\) and \(1, 4\)"):
        cell.forward(case_of(cell, inputs=inputs))


def test_no_steps_are_refused() -> None:
    cell = closed(f.closed_step)

    with pytest.raises(AnswerError, match="there are no steps"):
        cell.forward(case_of(cell, inputs=np.zeros((0, 2, 3))))


def test_a_reused_buffer_shows_when_the_results_are_read_again() -> None:
    buffer = np.zeros((2, 4))

    def step(x: Any, h: Any) -> Any:
        out = buffer if len(x) == 2 else np.zeros((len(x), 4))
        out[...] = f.bare_step(x, h)
        return out, out

    cell = closed(step)
    case = case_of(cell)

    seen = cell.forward_watching(case)
    cell.forward(case.but(inputs=-case.inputs))

    assert not same(seen.reply.outputs, seen.reread().outputs)
    assert not same(seen.reply.state[0], seen.reread().state[0])


class AddsUp(f.Rnn):
    """A cell whose backward pass adds up in the array of its caller."""

    @staticmethod
    def backward(params: Any, x: Any, h: Any, grad_y: Any, grad_h: Any) -> Any:
        grad_h += grad_y[-1]
        return f.Rnn.backward(params, x, h, grad_y, grad_h)


def test_what_a_backward_pass_writes_into_its_arguments_shows() -> None:
    cell = cell_of(AddsUp, Kind.RNN_TANH)
    case = case_of(cell)

    left = cell.backward_watching(case)

    given = {"inputs": case.inputs, "grad_outputs": case.grad_outputs}
    given |= {"grad_state.0": case.grad_state[0], "state.0": case.state[0]}
    given |= {f"params.{name}": array for name, array in case.params.items()}
    assert [n for n, a in left.items() if not same(a, given[n])] == ["grad_state.0"]


def test_what_the_target_writes_into_its_arguments_shows() -> None:
    def forward(params: Any, inputs: Any, state: Any, lengths: Any = None) -> Any:
        inputs[0] = state[...] = params.weight_ih[...] = 7.0
        if lengths is not None:
            lengths[0] = 7
        return f.sequence(inputs[:, :, :3], state)

    cell = cell_of(forward, Kind.RNN_TANH, options=f.SIZES)
    case = case_of(cell, lengths=np.array([5, 2]))

    left = cell.forward_watching(case).after

    written = [name for name, array in left.items() if (array == 7).any()]
    assert written == ["inputs", "state.0", "lengths", "params.weight_ih"]
    assert left["inputs"].shape == case.inputs.shape
    assert not (case.inputs == 7).any()


@pytest.mark.parametrize(
    "strides", ["contiguous", "transposed", "sliced", "offset", "reversed"]
)
def test_arrays_have_the_strides_that_a_case_asks_for(strides: str) -> None:
    seen = []

    def step(params: Any, x: Any, h: Any) -> Any:
        seen.append((x.strides, h.strides, params.weight_ih.strides))
        return f.rnn(x, h, params)

    cell = cell_of(step, Kind.RNN_TANH)
    case = case_of(cell)
    plain = cell.forward(case)
    known, seen[:] = list(seen), []

    reply = cell.forward(case.but(strides=strides))

    differ = strides in {"transposed", "sliced", "reversed"}
    assert (seen[0] != known[-5]) is differ
    assert same(reply.outputs.round(12), plain.outputs.round(12))


def test_exceptions_of_the_target_come_out_unchanged() -> None:
    def step(x: Any, h: Any) -> Any:
        if x.shape[0] == 2:
            message = "two rows"
            raise ZeroDivisionError(message)
        return f.closed_step(x, h)

    cell = closed(step)

    with pytest.raises(ZeroDivisionError, match="two rows"):
        cell.forward(case_of(cell))


@pytest.mark.parametrize(
    ("step", "changes"),
    [
        (f.closed_step, {"state": (np.zeros((2, 2, 4)),)}),
        (f.pair_step, {"state": (np.zeros((1, 2, 4)),)}),
        (f.vector_step, {"state": (np.zeros((1, 2, 4)),)}),
        (f.vector_step, {"inputs": np.zeros((5, 2, 3))}),
    ],
    ids=["layers", "states", "rows of the state", "rows"],
)
def test_what_a_target_cannot_be_told_is_refused(step: Any, changes: Any) -> None:
    cell = closed(step)

    with pytest.raises(Unsupported, match="the target takes"):
        cell.forward(case_of(cell).but(**changes))


@pytest.mark.parametrize(
    "changes", [{"num_layers": 2}, {"bidirectional": True}, {"batch_first": True}]
)
def test_options_that_a_callable_lacks_are_unsupported(changes: Any) -> None:
    cell = cell_of(f.Plain)

    with pytest.raises(Unsupported, match="cannot be built as"):
        cell.shapes(Spec(3, 4, **changes))


def test_parameters_of_another_shape_are_not_broadcast() -> None:
    class Diagonal(f.Resetting):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            super().__init__(input_size, hidden_size)
            if hidden_size == 2:
                self.W_hh = np.ones((1, 2))

    cell = cell_of(Diagonal, Kind.RNN_TANH)

    with pytest.raises(TypeError, match=r"W_hh has shape \(1, 2\), expected \(2, 2\)"):
        cell.forward(case_of(cell, spec=Spec(3, 2)))


class Unbuilt(f.Plain):
    """Cannot be built small."""

    def __init__(self, input_size: int, hidden_size: int, wrong: str = "") -> None:
        if hidden_size < 4 or wrong:
            message = f"too small{wrong}"
            raise ValueError(message)
        super().__init__(input_size, hidden_size)


class Unequal(f.Plain):
    """Cannot be built with D = H, nor called."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        if input_size == hidden_size:
            message = "equal"
            raise ValueError(message)
        super().__init__(input_size, hidden_size)

    def __call__(self, x: Any) -> Any:
        message = "always"
        raise ValueError(message)


class Uncopied(f.Plain):
    """Cannot be copied."""

    def __deepcopy__(self, memo: Any) -> Any:
        message = "not me"
        raise RuntimeError(message)


def raising(x: Any, h: Any) -> Any:
    message = f"no {x.ndim} {h.ndim}"
    raise KeyError(message)


def late(x: Any, state: Any) -> Any:
    h, c = state
    return h @ undefined @ x, (h, c)  # noqa: F821


TOLD = {
    "a number": (3, {}, "cannot adapt cells:Cell, of type int: expected a step"),
    "an object that is not called": (Declared(), {}, "cells:Cell, of type Declared"),
    "a class that is not called": (Declared, {}, "cells:Cell, of type type"),
    "no sizes": (f.closed_step, {}, "--set input_size=3 --set hidden_size=4"),
    "one size": (
        f.closed_step,
        {"options": {"input_size": 3}},
        "give the other: --set hidden_size=4",
    ),
    "a size of 0": (
        f.closed_step,
        {"options": f.SIZES | {"input_size": 0}},
        "input_size of cells:Cell is 0, expected a whole number above 0",
    ),
    "an option of a function": (
        f.closed_step,
        {"options": {"scale": 3}},
        "cells:Cell is not built, so it has no option 'scale' to set",
    ),
    "an option that a class lacks": (
        f.Plain,
        {"options": {"scale": 3}},
        "cannot be built: Plain.*scale=3.* raised TypeError",
    ),
    "an argument that is missing": (f.Scaled, {}, "give others with --set scale=VALUE"),
    "a constructor that raises": (
        Unbuilt,
        {"options": {"wrong": "!"}},
        "cannot be built: Unbuilt.* raised ValueError: too small!",
    ),
    "a constructor that refuses the sizes": (
        Unbuilt,
        {"options": {"input_size": 3, "hidden_size": 2}},
        "cannot be built: Unbuilt.* raised ValueError: too small",
    ),
    "sizes that a later trial cannot have": (
        Unequal,
        {},
        "failed in a trial call: ValueError: always",
    ),
    "a class whose signature is unknown": (itemgetter, {}, "cannot be built: itemgett"),
    "an object that cannot be copied": (
        Uncopied(3, 4),
        {},
        "the Uncopied cannot be copied, name its class instead: not me",
    ),
    "no parameters": (f.lstm, {}, "takes parameters, and nothing says which"),
    "parameters of no use": (
        f.lstm,
        {"params": 3},
        "takes parameters, and nothing says which",
    ),
    "parameters in a tuple": (
        f.lstm,
        {"params": lambda *sizes: sizes},
        "an object of type tuple, expected a mapping of name to array",
    ),
    "a function of parameters that raises": (
        f.lstm,
        {"params": f.sigmoid},
        r"--params\(.*\) raised TypeError",
    ),
    "parameters that do not map": (
        f.dict_rnn,
        {"params": f.dict_params, "like": Kind.LSTM},
        "failed in a trial call|cannot be held to lstm",
    ),
    "no inputs": (lambda: 3, {}, "takes no inputs"),
    "a state that is not there": (
        f.Plain,
        {"state_attr": "hh"},
        "has no attribute 'hh'.*declare --state-attr h or W_hh|W_hh or h",
    ),
    "a state of a function": (
        f.closed_step,
        {"state_attr": "h"},
        "--state-attr names an attribute of an object",
    ),
    "an exception": (
        raising,
        {"options": f.SIZES},
        "failed in a trial call: KeyError: 'no . .'. If it is called in another way",
    ),
    "the exception of the call that got furthest": (
        late,
        {"options": f.SIZES},
        "NameError: name 'undefined' is not defined",
    ),
    "nothing returned": (
        lambda x, h: None,
        {"options": f.SIZES},
        "the target returned None where an array was expected",
    ),
    "an empty tuple": (
        lambda x, h: (),
        {"options": f.SIZES},
        r"returned \(\), expected \(output, state\)",
    ),
    "a sequence without its state": (
        lambda x, h: f.sequence(x, h)[0],
        {"options": f.SIZES, "call": "sequence"},
        r"returned an array of shape .*, expected \(output, state\)",
    ),
    "text": (
        lambda x, h: ("y", h),
        {"options": f.SIZES},
        "the target returned an object of type str",
    ),
}


@pytest.mark.parametrize(("thing", "said", "told"), TOLD.values(), ids=TOLD)
def test_what_does_not_work_is_told_in_a_sentence(
    thing: Any, said: Any, told: str
) -> None:
    with pytest.raises(RefcheckError, match=told):
        cell_of(thing, **said)


def test_a_size_that_cannot_be_built_is_unsupported() -> None:
    cell = cell_of(Unbuilt)

    with pytest.raises(Unsupported, match="too small"):
        cell.shapes(Spec(2, 3))


@pytest.mark.parametrize("thing", [f.closed_step, 3], ids=["no sizes", "no target"])
def test_a_target_that_cannot_be_adapted_is_a_target_error(thing: Any) -> None:
    with pytest.raises(TargetError):
        cell_of(thing)


def held(law: str, cell: CallableCell) -> Status:
    """Return how a law ends on the quick profile."""
    settings = Settings(profile="quick")
    return hold(laws()[law], measure(cell, settings), settings).status
