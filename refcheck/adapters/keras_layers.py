"""Keras layers as they are built for a spec, and the textbook that they follow.

A cell is run by ``keras.layers.RNN``, as Keras runs it; every layer returns sequences
and its final state.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from refcheck.cell import Kind, Spec
from refcheck.errors import Unsupported
from refcheck.layout import Layout

ALL = {"return_sequences": True, "return_state": True}
AROUND = {"go_backwards", "stateful", "unroll", "zero_output_for_mask"}  # a cell
GATES = {Kind.GRU: "zrn", Kind.GRU_RESET_BEFORE: "zrn"}
ONE_BIAS = Layout(
    "Keras",
    "{suffix}kernel",
    "{suffix}recurrent_kernel",
    "{suffix}bias",
    reverse="backward.",
    transposed=True,
    gates=GATES,
)
TWO_BIASES = Layout(
    "Keras with reset_after",
    "{suffix}kernel",
    "{suffix}recurrent_kernel",
    "{suffix}bias[0]",
    "{suffix}bias[1]",
    reverse="backward.",
    transposed=True,
    gates=GATES,
)
NO_BIAS = Layout(
    "Keras without biases",
    "{suffix}kernel",
    "{suffix}recurrent_kernel",
    "",
    reverse="backward.",
    transposed=True,
    gates=GATES,
)


class Blueprint(NamedTuple):
    """A class of layers or cells, and what of it the user has fixed."""

    cls: type
    options: Mapping[str, Any]
    fixed: Spec | None = None  # of a live layer

    def built(self, spec: Spec, batch: int | None = None) -> Any:
        """Return a new layer for inputs of ``spec``'s size, its weights made.

        Raises:
            Unsupported: if the class does not take these options.
        """
        options = dict(self.options)
        if not spec.bias:
            options["use_bias"] = False
        if self.takes_dtype:
            options["dtype"] = spec.dtype
        keras.utils.set_random_seed(0)
        try:
            layer = self._layer(spec, options)
            if spec.bidirectional:
                layer = keras.layers.Bidirectional(layer, dtype=spec.dtype)
            layer.build((batch, None, spec.input_size))
        except Exception as error:
            named = "".join(f", {name}={value!r}" for name, value in options.items())
            message = (
                f"{self.cls.__name__}({spec.hidden_size}{named}) raised "
                f"{type(error).__name__}: {_first_line(error)}"
            )
            raise Unsupported(message) from error
        return layer

    def _layer(self, spec: Spec, options: dict[str, Any]) -> Any:
        if issubclass(self.cls, keras.layers.RNN):
            return self.cls(spec.hidden_size, **options, **ALL)
        around = {name: options.pop(name) for name in AROUND & options.keys()}
        cell = self.cls(spec.hidden_size, **options)
        return keras.layers.RNN(cell, **ALL, **around, dtype=spec.dtype)

    @property
    def takes_dtype(self) -> bool:
        """Whether it can be asked for a dtype; otherwise it has Keras's own."""
        taken = inspect.signature(self.cls).parameters.values()
        return any(p.name == "dtype" or p.kind is p.VAR_KEYWORD for p in taken)


class Weight(NamedTuple):
    """A variable, or one row of it, under a name of its own."""

    variable: Any
    row: int | None = None

    def part(self, array: Any) -> Any:
        """Return the part of an array of the variable's shape."""
        return array if self.row is None else array[self.row]


def inner(layer: Any) -> Any:
    """Return the layer, or the forward one of two directions."""
    return getattr(layer, "forward_layer", layer)


def state_sizes(layer: Any) -> Sequence[int]:
    """Return the size of each array of one direction's state."""
    size = inner(layer).state_size
    return list(size) if isinstance(size, list | tuple) else [size]


def weights(layer: Any, kind: Kind | None) -> dict[str, Weight]:
    """Return the trainable weights by name; two biases of a GRU are two rows."""
    found: dict[str, Weight] = {}
    sides = {"": inner(layer)}
    if isinstance(layer, keras.layers.Bidirectional):
        sides["backward."] = layer.backward_layer
    for side, one in sides.items():
        for variable in one.trainable_variables:
            name = side + _name(variable, one.trainable_variables)
            if kind is Kind.GRU and variable.name == "bias" and variable.ndim == 2:
                rows = range(variable.shape[0])
                found |= {f"{name}[{k}]": Weight(variable, k) for k in rows}
            else:
                found[name] = Weight(variable)
    return found


def _name(variable: Any, among: Sequence[Any]) -> str:
    """Return its own name, or its path where others are called the same."""
    alone = [v.name for v in among].count(variable.name) == 1
    return str(variable.name if alone else variable.path)


def kind_of(layer: Any) -> Kind | None:
    """Return the textbook that a layer of Keras itself follows, else None."""
    cell = getattr(inner(layer), "cell", None)
    if isinstance(cell, keras.layers.SimpleRNNCell):
        known = {"tanh": Kind.RNN_TANH, "relu": Kind.RNN_RELU}
        return known.get(_spelt(cell.activation))
    if not isinstance(cell, keras.layers.LSTMCell | keras.layers.GRUCell):
        return None
    if (_spelt(cell.activation), _spelt(cell.recurrent_activation)) != BOTH:
        return None
    if isinstance(cell, keras.layers.LSTMCell):
        return Kind.LSTM
    return Kind.GRU if cell.reset_after else Kind.GRU_RESET_BEFORE


BOTH = ("tanh", "sigmoid")


def _spelt(activation: Any) -> str:
    name = str(getattr(activation, "__name__", ""))
    return name if activation is getattr(keras.activations, name, None) else ""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0].rstrip(".")
