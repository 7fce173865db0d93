"""The released layers on top of JAX, and which laws each is known to violate."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import equinox
import haiku
from flax import linen, nnx

from refcheck.cell import Declared, Kind

# None is known upstream: docs/findings.md has them without refcheck.
EMPTY_ROW = "lengths-need-no-order"  # a row of length 0 ends where the padding ends
TOO_LONG = "misfits-are-refused"  # a length of T + 1 is taken for T
NAN_PADDING = "nan-padding-leaves-gradients-alone"  # strict


class Layer(NamedTuple):
    """A layer, how it is declared, and what is expected of it."""

    thing: Any
    violates: tuple[str, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})
    call: str = ""
    like: Kind | None = None

    @property
    def declared(self) -> Declared:
        """What the command line would say."""
        return Declared(self.like, options=self.options, call=self.call)


class NnxRNN(nnx.RNN):
    """RNN of nnx, for a cell of any sizes."""

    cell_class: Any = nnx.LSTMCell

    def __init__(self, in_features, hidden_features, *, dtype, param_dtype, rngs):
        made = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        super().__init__(self.cell_class(in_features, hidden_features, **made))


class NnxGRU(NnxRNN):
    """With the other cell that has a layout of its own."""

    cell_class = nnx.GRUCell


class NnxBackwards(NnxRNN):
    """One that reads from the end, and returns its outputs in the order of inputs."""

    def __init__(self, in_features, hidden_features, *, dtype, param_dtype, rngs):
        made = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        super().__init__(in_features, hidden_features, **made)
        self.reverse = self.keep_order = True


class NnxBoth(nnx.Bidirectional):
    """Bidirectional of nnx, for any sizes."""

    def __init__(self, in_features, hidden_features, *, dtype, param_dtype, rngs):
        made = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        super().__init__(
            NnxRNN(in_features, hidden_features, **made),
            NnxRNN(in_features, hidden_features, **made),
        )


class Resetting(haiku.RNNCore):
    """ResetCore over an LSTM, whose flags are never up."""

    def __init__(self, hidden_size, name=None):
        super().__init__(name=name)
        self.core = haiku.ResetCore(haiku.LSTM(hidden_size))

    def __call__(self, inputs, prev_state):
        return self.core((inputs, inputs[..., 0] != inputs[..., 0]), prev_state)

    def initial_state(self, batch_size):
        return self.core.initial_state(batch_size)


def _rnn(cell: Any, **options: Any) -> Any:
    return linen.RNN(cell(features=3), **options)


LENGTHS = (EMPTY_ROW, TOO_LONG, NAN_PADDING)
LAYERS = {
    "linen SimpleCell": Layer(linen.SimpleCell),
    "linen LSTMCell": Layer(linen.LSTMCell),
    "linen OptimizedLSTMCell": Layer(linen.OptimizedLSTMCell),
    "linen GRUCell": Layer(linen.GRUCell),
    "linen RNN(LSTMCell)": Layer(_rnn(linen.LSTMCell), LENGTHS),
    "linen RNN(GRUCell, time_major)": Layer(
        _rnn(linen.GRUCell, time_major=True), LENGTHS
    ),
    "linen RNN(SimpleCell, unroll=2)": Layer(_rnn(linen.SimpleCell, unroll=2), LENGTHS),
    "linen RNN(GRUCell, reverse)": Layer(_rnn(linen.GRUCell, reverse=True), LENGTHS),
    "linen RNN(LSTMCell, reverse, keep_order, time_major)": Layer(
        _rnn(linen.LSTMCell, reverse=True, keep_order=True, time_major=True), LENGTHS
    ),
    "linen Bidirectional(GRUCell)": Layer(
        linen.Bidirectional(_rnn(linen.GRUCell), _rnn(linen.GRUCell)), LENGTHS
    ),
    "nnx SimpleCell": Layer(nnx.SimpleCell),
    "nnx LSTMCell": Layer(nnx.LSTMCell),
    "nnx OptimizedLSTMCell": Layer(nnx.OptimizedLSTMCell),
    "nnx GRUCell": Layer(nnx.GRUCell),
    "nnx RNN(LSTMCell)": Layer(NnxRNN, LENGTHS),
    "nnx RNN(GRUCell)": Layer(NnxGRU, LENGTHS),
    "nnx RNN(LSTMCell, reverse, keep_order)": Layer(NnxBackwards, LENGTHS),
    "nnx Bidirectional(LSTMCell)": Layer(NnxBoth, LENGTHS),
    "equinox LSTMCell": Layer(equinox.nn.LSTMCell),
    "equinox GRUCell": Layer(equinox.nn.GRUCell),
    "equinox GRUCell, use_bias=False": Layer(
        equinox.nn.GRUCell, options={"use_bias": False}
    ),
    "haiku VanillaRNN": Layer(haiku.VanillaRNN),
    "haiku VanillaRNN, double_bias=False": Layer(
        haiku.VanillaRNN, options={"double_bias": False}
    ),
    "haiku LSTM": Layer(haiku.LSTM),
    "haiku GRU": Layer(haiku.GRU),
    "haiku LSTM, dynamic_unroll": Layer(haiku.LSTM, call="sequence"),
    "haiku GRU, dynamic_unroll": Layer(haiku.GRU, call="sequence"),
    "haiku ResetCore(LSTM)": Layer(Resetting, like=Kind.LSTM),
}
