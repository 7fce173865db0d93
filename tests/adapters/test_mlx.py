"""Layers of MLX conform or violate as measured, and so do layers on top of it."""

import pytest

mx = pytest.importorskip("mlx.core")

from refcheck.catalogue import laws  # noqa: E402
from refcheck.cell import Capability, Declared, Kind, Spec  # noqa: E402
from refcheck.errors import TargetError, Unsupported  # noqa: E402
from refcheck.landmarks import BASE, generic  # noqa: E402
from refcheck.measured import MeasuredCell  # noqa: E402
from refcheck.strategies import Cases  # noqa: E402
from refcheck.target import adapt  # noqa: E402
from refcheck.trial import Trial, ask  # noqa: E402
from tests.adapters import mlx_layers as layers  # noqa: E402

TEXTBOOK = ("outputs-agree", "final-state-agrees", "gradients-agree")
ASKED = (*TEXTBOOK, "gradients-agree-step-by-step", "calls-leave-no-trace")
ROUNDED = {"LSTM", "GRU"}  # sigmoid of float64 is computed in float32


def asked(name: str, cell: MeasuredCell, dtype: str) -> Trial | None:
    """Return what comes of asking a law on one generic case, None if it is excused."""
    law = laws()[name]
    if law.excuse(cell.signature):
        return None
    recipe = generic(BASE.but(single=dtype == "float32"), 5)
    return ask(law, cell, law.cases.build(recipe, cell))


def broken(cell, dtype: str = "float32") -> set[str]:
    """Return which laws do not hold, of those that are conclusive."""
    measured = MeasuredCell(cell)
    trials = {name: asked(name, measured, dtype) for name in ASKED}
    assert all(t is None or t.verdicts for t in trials.values())
    return {name for name, t in trials.items() if t and t.broken}


@pytest.mark.parametrize("name", layers.RELEASED)
def test_a_released_layer_is_right_in_float32(name: str) -> None:
    cell = adapt(*layers.RELEASED[name], name)

    assert cell.signature.layout is not None
    assert broken(cell) == set()


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_float64_is_double_where_no_gate_is_squashed(name: str) -> None:
    found = broken(adapt(*layers.RELEASED[name], name), "float64")

    assert (set(TEXTBOOK) <= found) is (name in ROUNDED)


@pytest.mark.parametrize("cls", [layers.MyRNN, layers.CutsTheGradient])
def test_a_users_layer_is_held_to_the_textbook(cls) -> None:
    found = broken(adapt(cls, layers.RNN_TANH, "mine"))

    assert ("gradients-agree" in found) is (cls is layers.CutsTheGradient)
    assert "outputs-agree" not in found


def test_exchanged_gates_are_found() -> None:
    assert set(TEXTBOOK) <= broken(adapt(layers.GatesExchanged, Declared(), "mine"))


def test_weights_that_are_kept_are_found() -> None:
    measured = MeasuredCell(adapt(layers.KeepsItsWeights, layers.RNN_TANH, "mine"))

    found = asked("updates-are-seen", measured, "float32")

    assert found is not None
    assert found.broken


def test_a_layer_of_no_kind_is_called_with_the_states_that_it_takes() -> None:
    cell = adapt(layers.MyRNN, Declared(), "mine")

    assert cell.signature.kind is None
    assert cell.shapes(Spec(3, 2)).states == 1
    assert broken(cell) == set()


def test_a_live_layer_keeps_its_sizes_its_dtype_and_its_weights() -> None:
    layer = layers.nn.GRU(5, 4)
    before = mx.array(layer.Wx)

    cell = adapt(layer, Declared(), "live")

    assert cell.signature.fixed == Spec(5, 4, dtype="float32")
    assert cell.signature.dtypes == ("float32",)
    assert broken(cell) == set()
    assert bool((layer.Wx == before).all())


def test_a_layer_in_float64_is_checked_in_float64() -> None:
    layer = layers.nn.RNN(3, 2)
    layer.set_dtype(mx.float64)

    assert adapt(layer, Declared(), "live").signature.dtypes == ("float64",)


def test_biases_are_left_out_where_a_layer_can_be_built_without() -> None:
    cell = adapt(layers.nn.GRU, Declared(), "GRU")

    assert cell.signature.offers(Capability.NO_BIAS)
    assert cell.shapes(Spec(3, 2, bias=False)).params == {"Wx": (6, 3), "Wh": (6, 2)}


@pytest.mark.parametrize("changes", [{"num_layers": 2}, {"bidirectional": True}])
def test_what_mlx_has_not_is_not_built(changes) -> None:
    cell = adapt(layers.nn.LSTM, Declared(), "LSTM")

    with pytest.raises(Unsupported, match="one direction"):
        cell.shapes(Spec(3, 2, **changes))


def test_lengths_are_refused() -> None:
    cell = MeasuredCell(adapt(layers.nn.LSTM, Declared(), "LSTM"))
    case = Cases().build(generic(BASE, 5), cell)

    with pytest.raises(Unsupported, match="takes no lengths"):
        cell.cell.forward(case.but(lengths=[1] * case.batch))


@pytest.mark.parametrize(
    ("thing", "declared", "says"),
    [
        (layers.NeverBuilt, Declared(), "NeverBuilt(3, 2) raised ValueError: never"),
        (layers.LastStepAlone, Declared(), "expected 1 of (N, T, H)"),
        (layers.Sizeless(), Declared(), "mine does not tell its sizes"),
        (layers.nn.GRU, Declared(Kind.LSTM), "cannot be held to lstm: "),
        (layers.nn.GRU, Declared(options={"reset": 1}), "no option 'reset' to set"),
        (layers.nn.GRU, Declared(state_attr="h"), "--state-attr is not for layers"),
    ],
)
def test_what_will_not_do_is_said_in_one_sentence(thing, declared, says) -> None:
    with pytest.raises(TargetError) as raised:
        adapt(thing, declared, "mine")

    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
