"""What is found out about a class of modules, and said of one that will not do."""

import math
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch import adapt  # noqa: E402
from refcheck.cell import Capability, Declared, Kind, Spec  # noqa: E402
from refcheck.errors import TargetError, Unsupported  # noqa: E402
from refcheck.layout import TORCH, TORCH_CELL  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.adapters.cells import ONE, adapted, case_of, furthest, textbook  # noqa: E402

nn = torch.nn
BUILT = Spec(4, 5, dtype="float32")
KINDS = {
    "RNN": (nn.RNN, Kind.RNN_TANH, TORCH),
    "LSTM": (nn.LSTM, Kind.LSTM, TORCH),
    "GRU": (nn.GRU, Kind.GRU, TORCH),
    "RNNCell": (nn.RNNCell, Kind.RNN_TANH, TORCH_CELL),
    "LSTMCell": (nn.LSTMCell, Kind.LSTM, TORCH_CELL),
    "GRUCell": (nn.GRUCell, Kind.GRU, TORCH_CELL),
    "a subclass": (modules.Named, Kind.LSTM, TORCH),
}
OF_STACKS = (
    Capability.SEQUENCE
    | Capability.LENGTHS
    | Capability.STACKS
    | Capability.DIRECTIONS
    | Capability.BATCH_FIRST
    | Capability.DROPOUT
)
ALL = (
    Capability.INITIAL_STATE
    | Capability.DEFAULT_STATE
    | Capability.FINAL_STATE
    | Capability.LAYOUT
    | Capability.RESIZABLE
    | Capability.BIAS
    | Capability.NO_BIAS
    | Capability.FLOAT64
    | Capability.STRIDES
    | Capability.MUTABLE
    | Capability.CHAINS
    | Capability.COPIES
    | Capability.TRAINS
    | Capability.REPEATABLE_TRAINING
    | Capability.BACKWARD
    | Capability.BATCH
    | Capability.PARAMETERS
    | Capability.FORWARD
)


@pytest.mark.parametrize(("thing", "kind", "layout"), KINDS.values(), ids=KINDS)
def test_the_kind_is_that_of_the_class_in_torch(
    thing: Any, kind: Kind, layout: Any
) -> None:
    signature = adapted(thing).signature

    assert signature.kind is kind
    assert signature.layout == layout
    assert signature.dtypes == ("float64", "float32", "float16", "bfloat16")
    assert signature.usual.dtypes == ("float64", "float32")
    assert signature.fixed is None
    assert signature.notes == ()


@pytest.mark.parametrize("thing", [nn.RNN, nn.LSTM, nn.GRU])
def test_torch_stacks_offer_everything_but_steps_and_masks(thing: Any) -> None:
    assert adapted(thing).signature.capabilities == ALL | OF_STACKS


@pytest.mark.parametrize("thing", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_torch_cells_offer_steps_and_no_loop_over_time(thing: Any) -> None:
    assert adapted(thing).signature.capabilities == ALL | Capability.STEPS


def test_a_user_module_is_of_unknown_kind_until_it_is_declared() -> None:
    signature = adapted(modules.LengthsKeyword).signature

    assert signature.kind is None
    assert signature.layout is None
    assert Capability.LAYOUT not in signature.capabilities


def test_a_subclass_with_a_weight_of_its_own_is_of_unknown_kind() -> None:
    signature = adapted(modules.Extended).signature

    assert signature.kind is None
    (note,) = signature.notes
    assert "nothing like scale" in note


def test_lengths_and_mask_are_masks_only_where_both_are_taken() -> None:
    both = adapted(modules.BothKeywords).signature.capabilities
    mask = adapted(modules.MaskKeyword).signature

    assert Capability.LENGTHS | Capability.MASKS in both
    assert Capability.LENGTHS in mask.capabilities
    assert Capability.MASKS not in mask.capabilities
    assert mask.notes == ("lengths are handed over as mask=",)


def test_a_module_that_returns_no_state_has_no_final_state() -> None:
    found = adapted(modules.StateInAlone, "gru").signature.capabilities

    assert Capability.INITIAL_STATE in found
    assert Capability.FINAL_STATE not in found


def test_without_a_state_the_axes_are_assumed_and_said() -> None:
    signature = adapted(modules.OutputAlone).signature

    assert not signature.capabilities & (Capability.BIAS | Capability.INITIAL_STATE)
    assert signature.fixed == replace(BUILT, bias=False)
    assert signature.notes == (
        "inputs are taken to be (T, N, D); --set batch_first=… says otherwise",
    )


def test_axes_that_are_declared_are_believed() -> None:
    cell = adapted(modules.OutputAlone, options={"batch_first": "True"})

    assert "(N, T, D)" in cell.signature.notes[0]


def test_a_default_state_in_single_precision_leaves_float32_alone() -> None:
    signature = adapted(modules.SinglePrecisionZeros, "gru").signature

    assert signature.dtypes == ("float32",)
    assert Capability.FLOAT64 not in signature.capabilities
    assert signature.notes[0].startswith("float64 is not checked: ")


# options -------------------------------------------------------------------------


def test_options_that_no_signature_tells_are_found_by_trial() -> None:
    cell = adapted(modules.Swallows, "gru")
    spec = Spec(3, 2, 2, bidirectional=True, bias=False, batch_first=True)
    case = case_of(cell, spec)

    assert OF_STACKS in cell.signature.capabilities
    assert furthest(cell.forward(case), textbook(cell, case)[0]) < 1e-13


def test_swallowed_options_that_do_nothing_are_not_offered() -> None:
    found = adapted(modules.SwallowsAndForgets, "gru").signature.capabilities

    assert not found & OF_STACKS & ~(Capability.SEQUENCE | Capability.LENGTHS)


def test_swallowed_options_of_an_unknown_kind_must_change_the_parameters() -> None:
    found = adapted(modules.Swallows).signature.capabilities

    assert OF_STACKS in found
    assert Capability.NO_BIAS in found


def test_an_option_that_is_refused_is_not_offered_and_said() -> None:
    signature = adapted(modules.RefusesOptions, "gru").signature

    assert Capability.DIRECTIONS not in signature.capabilities
    (note,) = signature.notes
    assert note.startswith("bidirectional stays False: RefusesOptions(")
    assert note.endswith("raised NotImplementedError: one direction only")


def test_a_named_option_that_does_nothing_fails_when_it_is_used() -> None:
    cell = adapted(modules.IgnoresBias, "gru")
    case = case_of(cell, replace(ONE, bias=False))

    with pytest.raises(
        TypeError, match="built with bias=False: the textbook's gru has"
    ):
        cell.forward(case)


def test_what_is_declared_is_passed_on_and_fixed() -> None:
    cell = adapted(nn.LSTM, options={"num_layers": "2", "hidden_size": 6})

    assert cell.signature.fixed == replace(BUILT, hidden_size=6, num_layers=2)
    assert Capability.RESIZABLE not in cell.signature.capabilities
    assert cell.shapes(Spec(4, 6, 2, bidirectional=True)).output_size == 12
    with pytest.raises(Unsupported, match="LSTM has num_layers=2, not 1"):
        cell.shapes(Spec(4, 6))


def test_sizes_may_be_declared_by_the_names_that_the_class_gives_them() -> None:
    cell = adapted(modules.OutputAlone, options={"n_in": 2, "n_hidden": 3})

    assert cell.shapes(Spec(2, 3, bias=False)).params == {"weight": (3, 2)}


def test_an_option_of_a_base_class_is_passed_on() -> None:
    cell = adapted(nn.RNN, options={"nonlinearity": "relu"})

    assert cell.signature.kind is Kind.RNN_RELU


def test_a_needed_option_can_be_declared() -> None:
    cell = adapted(modules.NeedsMore, "gru", options={"vocabulary": 9})

    assert cell.signature.kind is Kind.GRU


def test_a_combination_that_cannot_be_built_is_unsupported() -> None:
    cell = adapted(modules.EvenOnly, "gru", options={"hidden_size": 4})
    odd = adapted(modules.EvenInputsOnly, "gru")

    assert cell.shapes(Spec(4, 4)).states == 1
    with pytest.raises(Unsupported, match="raised ValueError: odd"):
        odd.shapes(Spec(3, 4))


# shapes --------------------------------------------------------------------------


def test_the_width_of_a_readout_is_found_by_a_call() -> None:
    cell = adapted(modules.StepReadout)

    assert cell.shapes(BUILT).output_size == 7
    assert cell.shapes(Spec(2, 3)).output_size == 7
    assert cell.shapes(Spec(2, 3)).states == 1


def test_where_the_call_fails_the_width_is_that_of_the_first() -> None:
    cell = adapted(modules.ThreeUnitsFail)

    assert cell.shapes(Spec(2, 3)).output_size == 5


# messages ------------------------------------------------------------------------


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no module": (dict, {}, "cannot adapt it: expected a torch.nn.Module, found"),
    "no module, an instance": (3, {}, "expected a torch.nn.Module, found 3."),
    "no parameters": (
        modules.NoParameters,
        {},
        "it has no parameters; weights are kept as torch.nn.Parameter.",
    ),
    "on another device": (
        nn.LSTM(3, 2, device="meta"),
        {},
        "it is on meta; call .cpu() first.",
    ),
    "returns None": (
        modules.ReturnsNone,
        {},
        "it: forward returned None, expected (output, state).",
    ),
    "returns a dictionary": (
        modules.ReturnsDictionary,
        {},
        "it: forward returned (a tensor of shape (7, 3, 4), an object of type dict), ",
    ),
    "raises in __init__": (
        modules.EvenOnly,
        {},
        "EvenOnly(input_size=4, hidden_size=5) raised ValueError: odd. Expected a ",
    ),
    "raises in __init__ without sizes": (
        modules.NeverBuilt,
        {},
        "it() raised ValueError: never",
    ),
    "one size": (
        modules.OneSize,
        {},
        "OneSize(4, 5) raised TypeError: ",
    ),
    "needs an option": (
        modules.NeedsMore,
        {},
        "it needs vocabulary; give it with --set vocabulary=VALUE.",
    ),
    "unknown option": (
        nn.GRUCell,
        {"options": {"layers": 2}},
        "it has no option 'layers' to set; it takes bias, device, dtype, hidden_size,",
    ),
    "an option for a live module": (
        nn.GRU(3, 2),
        {"options": {"dropout_p": 0}},
        "it is built already: --set dropout_p comes too late.",
    ),
    "a fault inside": (
        modules.FaultInside,
        {},
        "it raised NameError: name 'missing' is not defined on inputs (7, 3, 4); ",
    ),
    "no forward": (
        modules.Recurrent,
        {},
        "it raised NotImplementedError: Module [Recurrent] is missing the required",
    ),
    "steps that are no sequence": (
        modules.StepAlone,
        {"call": "sequence"},
        "expected forward(x, state=None) -> (output, state) over whole sequences",
    ),
    "another kind": (
        nn.LSTM,
        {"like": Kind.GRU},
        (
            "it cannot be held to gru: weight_ih_l0 has shape (20, 4), "
            "expected (15, 4) for gru; declare --like lstm."
        ),
    ),
    "a projection": (
        nn.LSTM,
        {"options": {"proj_size": 2}},
        "it has proj_size=2: h and c of unequal width are not known.",
    ),
    "a clipping function": (
        nn.LSTM,
        {"like": Kind.CLIP_NORM},
        "it is a module, and clip-norm a clipping function.",
    ),
    "a state attribute": (
        nn.LSTM,
        {"state_attr": "h"},
        "--state-attr is for NumPy callables; it is a torch module.",
    ),
}


@pytest.mark.parametrize(("thing", "declared", "says"), REFUSED.values(), ids=REFUSED)
def test_what_will_not_do_is_said_in_one_sentence(
    thing: Any, declared: dict[str, Any], says: str
) -> None:
    with pytest.raises(TargetError) as refused:
        adapt(thing, Declared(**declared), "it")

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_adapting_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(7)
    adapted(nn.LSTM)
    adapted(nn.LSTM(3, 2)).close()
    after = torch.rand(1)
    torch.manual_seed(7)
    nn.LSTM(3, 2)

    assert math.isclose(torch.rand(1), after)
