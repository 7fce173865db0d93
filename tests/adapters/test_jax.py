"""A user's own cells on top of JAX: what is found out about them, and what is said."""

from typing import Any

import pytest

pytest.importorskip("jax")
for library in ("flax", "equinox", "haiku"):
    pytest.importorskip(library)

import haiku  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
from flax import linen, nnx  # noqa: E402

from refcheck.cell import Capability, Declared, Kind, Spec  # noqa: E402
from refcheck.errors import RefcheckError, TargetError, Unsupported  # noqa: E402
from refcheck.target import adapt  # noqa: E402
from tests.adapters import jax_cells as cells  # noqa: E402
from tests.adapters.jax_trial import trial  # noqa: E402

RIGHT = {
    "linen": (cells.LinenGRU, Kind.GRU),
    "linen, a network that takes no state": (cells.LinenSequence, Kind.RNN_TANH),
    "nnx": (cells.NnxRNN, Kind.RNN_TANH),
    "equinox": (cells.EquinoxLSTM, Kind.LSTM),
    "haiku": (cells.HaikuRNN, Kind.RNN_TANH),
    "a function, one step": (cells.step, Kind.LSTM),
    "a function, a sequence with lengths": (cells.sequence, Kind.RNN_TANH),
}
WRONG = {
    "linen": (cells.LinenGRUReversed, Kind.GRU, "gradients-agree"),
    "nnx": (cells.NnxKeepsItsState, None, "calls-leave-no-trace"),
    "equinox": (cells.EquinoxLSTMForgetsLess, Kind.LSTM, "gradients-agree"),
    "haiku": (cells.HaikuRNNCutsTheGradient, Kind.RNN_TANH, "gradients-agree"),
    "a function": (cells.step_with_gates_exchanged, Kind.LSTM, "gradients-agree"),
}


def adapted(thing: Any, like: Kind | None = None, **declared: Any) -> Any:
    return adapt(thing, Declared(like, **declared), "it")


@pytest.mark.parametrize(("thing", "like"), RIGHT.values(), ids=RIGHT)
def test_a_right_cell_agrees_with_the_textbook(thing: Any, like: Kind) -> None:
    found = trial("gradients-agree", adapted(thing, like))

    assert not found.broken
    assert found.conclusive


@pytest.mark.parametrize(("thing", "like", "law"), WRONG.values(), ids=WRONG)
def test_a_faulty_cell_is_refuted(thing: Any, like: Kind | None, law: str) -> None:
    found = trial(law, adapted(thing, like))

    assert found.broken
    assert not found.crash


def test_what_refcheck_does_itself_is_not_credited() -> None:
    one_row = adapted(cells.EquinoxLSTM).signature
    sequence = adapted(linen.LSTMCell, call="sequence").signature

    assert not one_row.capabilities & (Capability.BATCH | Capability.SEQUENCE)
    assert any("jax.vmap over rows is refcheck's" in note for note in one_row.notes)
    assert Capability.SEQUENCE | Capability.LENGTHS in sequence.capabilities


def test_a_class_that_is_unlike_its_base_is_of_unknown_kind() -> None:
    assert adapted(linen.SimpleCell(4, residual=True)).signature.kind is None
    assert adapted(linen.LSTMCell(4, gate_fn=jax.nn.relu)).signature.kind is None
    relu = adapted(linen.SimpleCell(4, activation_fn=jax.nn.relu)).signature
    assert relu.kind is Kind.RNN_RELU


def test_a_class_with_a_parameter_of_its_own_is_of_unknown_kind() -> None:
    signature = adapted(cells.LinenScaledGRU).signature

    assert signature.kind is None
    assert "the textbook's gru has nothing like scale" in " ".join(signature.notes)


def test_an_object_of_nnx_keeps_its_sizes_and_its_dtype() -> None:
    cell = adapted(nnx.RNN(nnx.GRUCell(3, 2, rngs=nnx.Rngs(0))))

    assert cell.signature.dtypes == ("float32",)
    assert cell.signature.fixed == Spec(3, 2, dtype="float32")
    assert not trial("updates-are-seen", cell).broken
    with pytest.raises(Unsupported, match="it cannot be built as Spec"):
        cell.shapes(Spec(3, 4, dtype="float32"))


def test_an_object_of_equinox_keeps_its_biases() -> None:
    made = cells.equinox.nn.GRUCell(3, 2, use_bias=False, key=jax.random.key(0))
    cell = adapted(made)

    assert cell.signature.fixed == Spec(3, 2, bias=False, dtype="float32")
    assert not trial("outputs-agree", cell).broken


def test_arguments_come_back_as_they_were() -> None:
    found = trial("arguments-are-not-written", adapted(cells.step, Kind.LSTM))

    assert not found.broken


def test_float64_is_on_for_refcheck_alone() -> None:
    cell = adapted(linen.GRUCell)

    assert not jax.config.jax_enable_x64
    assert "jax_enable_x64 is off" in cell.signature.notes[0]
    assert jax.numpy.zeros(1).dtype == np.float32


def test_parameters_of_a_function_can_be_of_any_name() -> None:
    def made(input_size, hidden_size):
        return {"W": np.zeros((hidden_size, input_size)), "U": np.eye(hidden_size)}

    def named(params, x, h):
        h = jax.numpy.tanh(x @ params["W"].T + h @ params["U"].T)
        return h, h

    cell = adapted(named, params=made)

    assert cell.signature.kind is None
    assert cell.shapes(Spec(3, 2)).params == {"W": (2, 3), "U": (2, 2)}


def made_in_haiku() -> Any:
    """Return a core that has left hk.transform."""
    made = []
    haiku.transform(lambda: made.append(haiku.LSTM(3))).init(jax.random.key(0))
    return made[0]


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "another kind": (
        linen.LSTMCell,
        {"like": Kind.GRU},
        "it cannot be held to gru: ",
    ),
    "a state attribute": (
        haiku.LSTM,
        {"state_attr": "h"},
        "--state-attr is for functions and objects; it is neither.",
    ),
    "parameters from elsewhere": (
        haiku.LSTM,
        {"params": dict},
        "--params is for functions and objects; it is neither.",
    ),
    "a call that equinox has none of": (
        cells.equinox.nn.LSTMCell,
        {"call": "sequence"},
        "it takes one step; leave out --call sequence.",
    ),
    "a call of no kind": (
        haiku.LSTM,
        {"call": "twice"},
        "--call is 'twice', expected step or sequence.",
    ),
    "an instance of haiku": (
        made_in_haiku(),
        {},
        "it is built already; name its class, for hk.transform.",
    ),
    "a constructor that raises": (
        linen.LSTMCell,
        {"options": {"name": "4"}},
        "it has no option 'name' to set; it takes features,",
    ),
    "an object of equinox that tells no sizes": (
        cells.EquinoxLSTM(3, 2, key=jax.random.key(0)),
        {},
        "it does not tell its sizes: expected attributes input_size and",
    ),
    "an answer of equinox that cannot be read": (
        cells.EquinoxReturnsThree,
        {"like": Kind.LSTM},
        "AnswerError: the cell returned ",
    ),
    "a network's answer that cannot be read": (
        cells.LinenNetworkReturnsThree,
        {},
        "expected (carry, outputs) or outputs",
    ),
    "another carry": (
        cells.LinenChangesItsCarry,
        {"like": Kind.GRU},
        "AnswerError: the carry came back as PyTreeDef((*, *)), expected PyTreeDef(*)",
    ),
    "a class that cannot be built": (
        cells.NnxNeverBuilt,
        {},
        "NnxNeverBuilt(n_in=4, n_hidden=5) raised ValueError: never",
    ),
    "an answer that cannot be read": (
        cells.LinenReturnsThree,
        {},
        "expected (carry, output)",
    ),
    "an unknown option": (
        nnx.GRUCell,
        {"options": {"layers": "2"}},
        "it has no option 'layers' to set; it takes in_features,",
    ),
    "no size": (
        cells.EquinoxLSTM,
        {"options": {"input_size": "wide", "hidden_size": 2}},
        "input_size is 'wide', expected a whole number above 0.",
    ),
    "no sizes": (
        cells.NnxRNN(3, 2, param_dtype="float32", rngs=nnx.Rngs(0)),
        {},
        "it does not tell its sizes: expected attributes in_features and",
    ),
    "a function that raises": (
        lambda x, h: (jax.numpy.dot(x, x), h),
        {},
        "it failed in a trial call: TypeError: dot_general requires",
    ),
}


@pytest.mark.parametrize(("thing", "declared", "says"), REFUSED.values(), ids=REFUSED)
def test_what_will_not_do_is_said_in_one_sentence(
    thing: Any, declared: dict[str, Any], says: str
) -> None:
    with pytest.raises((TargetError, RefcheckError)) as refused:
        adapt(thing, Declared(**declared), "it")

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
