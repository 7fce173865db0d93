"""How a module is called is found out, whatever its convention."""

from dataclasses import asdict
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from refcheck.adapters.torch_calls import Call, Form  # noqa: E402
from refcheck.cell import Capability  # noqa: E402
from tests.adapters import modules  # noqa: E402
from tests.adapters.cells import adapted, case_of, furthest, textbook  # noqa: E402

nn = torch.nn
GIVEN = {"arguments": ("state",), "default": True}
STEP = {"sequence": False, "rank": 2}
PAIR = {"states": 2, "form": Form.TUPLE}
CALLS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "torch.nn.RNN": (
        nn.RNN,
        "",
        {"arguments": ("hx",), "default": True, "lengths": "packed"},
    ),
    "torch.nn.LSTM": (
        nn.LSTM,
        "",
        {"arguments": ("hx",), "default": True, "lengths": "packed", **PAIR},
    ),
    "torch.nn.GRUCell": (
        nn.GRUCell,
        "",
        {"arguments": ("hx",), "default": True, **STEP},
    ),
    "torch.nn.LSTMCell": (
        nn.LSTMCell,
        "",
        {"arguments": ("hx",), "default": True, **STEP, **PAIR},
    ),
    "lengths=": (modules.LengthsKeyword, "gru", {**GIVEN, "lengths": "lengths"}),
    "mask=, batch first, flat state": (
        modules.MaskKeyword,
        "gru",
        {
            "arguments": ("h0",),
            "default": True,
            "mask": "mask",
            "batch_first": True,
            "rank": 2,
        },
    ),
    "mask of numbers before the state": (
        modules.NumberMask,
        "gru",
        {**GIVEN, "mask": "mask", "mask_numbers": True, "positional": False},
    ),
    "lengths= and mask=": (
        modules.BothKeywords,
        "gru",
        {**GIVEN, "lengths": "lengths", "mask": "mask"},
    ),
    "lengths= that is not implemented": (modules.NoLengthsYet, "gru", GIVEN),
    "a step that returns h": (modules.StepAlone, "gru", {**GIVEN, **STEP}),
    "a step that predicts": (
        modules.StepReadout,
        "",
        {"arguments": ("h",), "default": True, **STEP},
    ),
    "a step (output, (h, c))": (modules.StepPair, "lstm", {**GIVEN, **STEP, **PAIR}),
    "the same, kind unknown": (modules.StepPair, "", {**GIVEN, **STEP, **PAIR}),
    "a step with h, c spread": (
        modules.StepSpread,
        "lstm",
        {"arguments": ("h", "c"), "states": 2, "form": Form.SPREAD, **STEP},
    ),
    "a step with reset()": (
        modules.StepForgetting,
        "gru",
        {**STEP, "default": True, "reset": "reset"},
    ),
    "a module inside, batch first": (
        modules.Inside,
        "lstm",
        {
            "arguments": ("hidden",),
            "default": True,
            "lengths": "packed",
            "batch_first": True,
            **PAIR,
        },
    ),
    "(output, h, c)": (
        modules.Triple,
        "",
        {
            "arguments": ("hidden",),
            "default": True,
            "lengths": "packed",
            "batch_first": True,
            **PAIR,
        },
    ),
    "no state at all": (modules.OutputAlone, "", {"default": True, "states": 0}),
    "None in place of a state": (modules.NoState, "", {"default": True, "states": 0}),
    "a state that fails": (
        modules.StateMisused,
        "gru",
        {**GIVEN, "lengths": "lengths"},
    ),
    "a state that fails, kind unknown": (
        modules.StateMisused,
        "",
        {"default": True, "lengths": "lengths"},
    ),
    "a state that is not implemented": (
        modules.NoStateYet,
        "gru",
        {"default": True, "lengths": "lengths"},
    ),
    "no state out": (
        modules.StateInAlone,
        "gru",
        {"arguments": ("h0",), "default": True, "lengths": "packed"},
    ),
    "*arguments": (
        modules.Swallows,
        "gru",
        {"arguments": ("hx",), "default": True, "lengths": "packed"},
    ),
    "a state of another shape comes out": (
        modules.FlatStateOut,
        "gru",
        {**GIVEN, "lengths": "lengths"},
    ),
}
WRONG = {"no state out", "a state of another shape comes out", "a state that fails"}
RIGHT = [name for name, (_, like, _) in CALLS.items() if like and name not in WRONG]


@pytest.mark.parametrize(("thing", "like", "expected"), CALLS.values(), ids=CALLS)
def test_the_call_is_found(thing: Any, like: str, expected: dict[str, Any]) -> None:
    found = adapted(thing, like)._call

    assert asdict(found) == asdict(Call()) | expected


@pytest.mark.parametrize("name", RIGHT)
def test_a_module_called_so_agrees_with_the_textbook(name: str) -> None:
    thing, like, _ = CALLS[name]
    cell = adapted(thing, like)
    case = case_of(
        cell, with_state=Capability.INITIAL_STATE in cell.signature.capabilities
    )

    reply, gradients = textbook(cell, case)

    assert furthest(cell.forward(case), reply) < 1e-14
    found = cell.backward(case)
    assert furthest(found.params, gradients.params) < 1e-13
    assert furthest(found.inputs, gradients.inputs) < 1e-13
    if case.state:
        assert furthest(found.state, gradients.state) < 1e-13


def test_masks_and_lengths_give_the_same_where_both_are_taken() -> None:
    cell = adapted(modules.BothKeywords, "gru")
    case = case_of(cell)

    masked = cell.forward(case.but(masked=True))

    assert furthest(masked, cell.forward(case)) == 0.0


def test_packed_rows_are_the_rows_cut_to_their_lengths() -> None:
    cell = adapted(nn.LSTM)
    case = case_of(cell)
    assert case.lengths is not None

    whole = cell.forward(case)

    for n, length in enumerate(case.lengths):
        row = case.rows([n]).but(lengths=None, inputs=case.inputs[:length, [n]])
        alone = cell.forward(row)
        assert furthest(alone.outputs, whole.outputs[:length, [n]]) < 1e-15
        assert furthest(alone.state, tuple(s[:, [n]] for s in whole.state)) < 1e-15
        assert not whole.outputs[length:, n].any()


def test_what_has_the_wrong_shape_is_returned_as_it_is() -> None:
    cell = adapted(modules.FlatStateOut, "gru")

    (h,) = cell.forward(case_of(cell)).state

    assert h.shape == (4, 2)
