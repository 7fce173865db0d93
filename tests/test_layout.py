"""Layouts: exact conversion both ways, and what is said when parameters do not map."""

from typing import Any

import numpy as np
import pytest

from refcheck.cell import Array, Kind, Params, Spec
from refcheck.layout import CANONICAL, TORCH, TORCH_CELL, Layout, recognised
from refcheck.layouts import (
    EQUINOX_GRU,
    HAIKU_GRU,
    HAIKU_LSTM,
    HAIKU_RNN,
    LINEN,
    LINEN_GRU,
    LINEN_LSTM,
    NNX_LSTM,
)
from refcheck.rounding import FORMATS, exact

KERAS = Layout(
    "keras",
    "kernel",
    "recurrent_kernel",
    "bias",
    transposed=True,
    gates={Kind.GRU: "zrn"},
)
ONE = Spec(4, 5)
STACK = Spec(4, 5, num_layers=2, bidirectional=True)


def own_of(layout: Layout, kind: Kind, spec: Spec) -> dict[str, Array]:
    """Return parameters with distinct entries."""
    shapes = layout.shapes(kind, spec)
    return {
        name: 1000.0 * k + np.arange(np.prod(shape)).reshape(shape)
        for k, (name, shape) in enumerate(shapes.items())
    }


@pytest.mark.parametrize("layout", [TORCH, TORCH_CELL, CANONICAL, KERAS], ids=str)
@pytest.mark.parametrize("kind", [Kind.RNN_TANH, Kind.LSTM, Kind.GRU])
@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back_gives_the_same_arrays(
    layout: Layout, kind: Kind, bias: bool
) -> None:
    spec = Spec(4, 5, bias=bias)
    own = own_of(layout, kind, spec)

    back = layout.from_canonical(kind, spec, layout.to_canonical(kind, spec, own))

    assert back.keys() == own.keys()
    for name, array in own.items():
        np.testing.assert_array_equal(back[name], array)


def test_layers_and_directions_come_in_the_order_of_torch() -> None:
    own = own_of(TORCH, Kind.GRU, STACK)

    params = TORCH.to_canonical(Kind.GRU, STACK, own)

    order = ("l0", "l0_reverse", "l1", "l1_reverse")
    assert [p.weight_hh[0, 0] for p in params] == [
        own[f"weight_hh_{name}"][0, 0] for name in order
    ]
    assert [p.weight_ih.shape for p in params] == [(15, 4)] * 2 + [(15, 10)] * 2


def test_without_biases_the_textbook_gets_none() -> None:
    spec = Spec(4, 5, bias=False)

    (params,) = TORCH.to_canonical(Kind.LSTM, spec, own_of(TORCH, Kind.LSTM, spec))

    assert params.bias_ih is None
    assert params.bias_hh is None


def test_a_layout_of_another_gate_order_is_one_line_of_data() -> None:
    z, r, n = np.ones((4, 5)), 2 * np.ones((4, 5)), 3 * np.ones((4, 5))
    own = {
        "kernel": np.concatenate([z, r, n], axis=1),
        "recurrent_kernel": np.zeros((5, 15)),
        "bias": np.repeat([1.0, 2.0, 3.0], 5),
    }

    (params,) = KERAS.to_canonical(Kind.GRU, ONE, own)

    np.testing.assert_array_equal(params.weight_ih, np.concatenate([r.T, z.T, n.T]))
    np.testing.assert_array_equal(params.bias_ih, np.repeat([2.0, 1.0, 3.0], 5))
    assert params.bias_hh is None


def test_one_bias_has_no_place_for_a_second() -> None:
    (params,) = KERAS.to_canonical(Kind.LSTM, ONE, own_of(KERAS, Kind.LSTM, ONE))
    two = Params(params.weight_ih, params.weight_hh, params.bias_ih, params.bias_ih)

    with pytest.raises(ValueError, match="the keras layout has"):
        KERAS.from_canonical(Kind.LSTM, ONE, [two])


def test_arrays_that_carry_error_bounds_are_converted_too() -> None:
    own = own_of(KERAS, Kind.GRU, ONE)
    bounded: Any = {name: exact(a, FORMATS["float64"]) for name, a in own.items()}

    (plain,) = KERAS.to_canonical(Kind.GRU, ONE, own)
    found: list[Any] = KERAS.to_canonical(Kind.GRU, ONE, bounded)
    back: Any = KERAS.from_canonical(Kind.GRU, ONE, found)

    np.testing.assert_array_equal(found[0].weight_hh.value, plain.weight_hh)
    np.testing.assert_array_equal(back["bias"].value, own["bias"])


def test_parameters_that_map_give_no_complaint() -> None:
    assert not TORCH.matches(Kind.LSTM, STACK, TORCH.shapes(Kind.LSTM, STACK))


COMPLAINTS = {
    "another name": (
        Kind.GRU,
        {"W": (15, 4), "U": (15, 5), "b": (15,)},
        (
            "there is no parameter weight_ih_l0 (15, 4) among W, U, b; "
            "name them as torch.nn does, or leave out --like: "
            "refcheck probe then says which is which"
        ),
    ),
    "another kind": (
        Kind.LSTM,
        TORCH.shapes(Kind.GRU, ONE),
        (
            "weight_ih_l0 has shape (15, 4), expected (20, 4) for lstm; "
            "declare --like gru or gru-reset-before"
        ),
    ),
    "gates by columns": (
        Kind.GRU,
        {name: s[::-1] for name, s in TORCH.shapes(Kind.GRU, ONE).items()},
        (
            "weight_ih_l0 has shape (4, 15), expected (15, 4) for gru; "
            "are the gates stacked by rows?"
        ),
    ),
    "a readout": (
        Kind.LSTM,
        TORCH.shapes(Kind.LSTM, ONE) | {"readout.weight": (7, 5)},
        (
            "the textbook's lstm has nothing like readout.weight; "
            "leave out --like, or these parameters"
        ),
    ),
}


@pytest.mark.parametrize(
    ("kind", "shapes", "says"), COMPLAINTS.values(), ids=COMPLAINTS
)
def test_what_does_not_map_is_named_with_what_to_declare(
    kind: Kind, shapes: dict[str, tuple[int, ...]], says: str
) -> None:
    assert TORCH.matches(kind, ONE, shapes) == says


def test_the_names_of_one_layer_cannot_tell_several_apart() -> None:
    says = CANONICAL.matches(Kind.RNN_RELU, STACK, {})

    assert says.startswith("the canonical form names the parameters of one layer")
    assert "weight_hh_l1_reverse" in says


def test_a_module_inside_a_module_is_recognised_by_its_prefix() -> None:
    shapes = {f"lstm.{n}": s for n, s in TORCH.shapes(Kind.LSTM, STACK).items()}

    layout, why = recognised(Kind.LSTM, STACK, shapes, (TORCH, TORCH_CELL))

    assert not why
    assert layout is not None
    assert layout.shapes(Kind.LSTM, STACK) == shapes


def test_the_likeliest_layout_says_why_none_fits() -> None:
    shapes = TORCH_CELL.shapes(Kind.GRU, ONE) | {"extra": (1,)}

    layout, why = recognised(Kind.GRU, ONE, shapes, (TORCH, TORCH_CELL))

    assert layout is None
    assert "nothing like extra" in why


ON_JAX = [
    (LINEN_LSTM, Kind.LSTM),
    (LINEN_GRU, Kind.GRU),
    (NNX_LSTM, Kind.LSTM),
    (EQUINOX_GRU, Kind.GRU),
    (HAIKU_RNN, Kind.RNN_RELU),
    (HAIKU_LSTM, Kind.LSTM),
    (HAIKU_GRU, Kind.GRU_RESET_BEFORE),
]


@pytest.mark.parametrize(
    ("layout", "kind"), ON_JAX, ids=lambda x: getattr(x, "name", "")
)
def test_layouts_on_top_of_jax_convert_exactly(layout: Layout, kind: Kind) -> None:
    own = own_of(layout, kind, ONE)

    back = layout.from_canonical(kind, ONE, layout.to_canonical(kind, ONE, own))

    assert not layout.matches(kind, ONE, layout.shapes(kind, ONE))
    assert back.keys() == own.keys()
    for name, array in own.items():
        np.testing.assert_array_equal(back[name], array)


def test_two_directions_of_flax_are_told_by_the_names_of_their_modules() -> None:
    both = Spec(4, 5, bidirectional=True)
    layout = next(x for x in LINEN if x.name.endswith("GRUCell in Bidirectional"))

    shapes = layout.shapes(Kind.GRU, both)

    assert shapes["forward_rnn.cell.ir.kernel"] == (4, 5)
    assert shapes["backward_rnn.cell.hn.bias"] == (5,)
    assert recognised(Kind.GRU, both, shapes, LINEN)[0] == layout


def test_one_matrix_that_holds_both_weights_is_cut_between_inputs_and_units() -> None:
    own = {"linear.w": np.arange(180.0).reshape(9, 20), "linear.b": np.zeros(20)}

    (params,) = HAIKU_LSTM.to_canonical(Kind.LSTM, ONE, own)

    np.testing.assert_array_equal(params.weight_ih[:5], own["linear.w"][:4, :5].T)
    np.testing.assert_array_equal(params.weight_hh[5:10], own["linear.w"][4:, 10:15].T)


def test_the_other_side_of_the_update_gate_has_the_opposite_sign() -> None:
    own = own_of(HAIKU_GRU, Kind.GRU_RESET_BEFORE, ONE)

    (params,) = HAIKU_GRU.to_canonical(Kind.GRU_RESET_BEFORE, ONE, own)

    np.testing.assert_array_equal(params.bias_ih[5:10], -own["b"][:5])
    np.testing.assert_array_equal(params.bias_ih[:5], own["b"][5:10])


def test_a_gate_without_a_second_bias_has_zeros_there() -> None:
    own = own_of(EQUINOX_GRU, Kind.GRU, ONE)

    (params,) = EQUINOX_GRU.to_canonical(Kind.GRU, ONE, own)

    assert not params.bias_hh[:10].any()
    np.testing.assert_array_equal(params.bias_hh[10:], own["bias_n"])
    assert not EQUINOX_GRU.summed
    assert TORCH.summed
