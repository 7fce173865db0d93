"""Keras on TensorFlow: calls as a graph, and gradients by its tape."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from refcheck.adapters.keras_arguments import Arguments, Pulled, keywords
from refcheck.cell import Array

COMPILED = True


GRAPPLER = "disable_meta_optimizer"


@contextmanager
def precision(dtype: str) -> Iterator[None]:  # noqa: ARG001 - as on JAX
    """Build and call a layer of ``dtype``: graphs are run as they were traced.

    What is left out is Grappler's work on speed, which takes longer than a check's
    graphs take to run.
    """
    left_out = tf.config.optimizer.get_experimental_options().get(GRAPPLER, False)
    tf.config.optimizer.set_experimental_options({GRAPPLER: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({GRAPPLER: left_out})


class Calls:
    """One layer as graphs: one each with and without a mask and states.

    A graph serves any time and batch, unless the layer unrolls time.
    """

    def __init__(self, layer: Any) -> None:
        """Trace calls of ``layer``."""
        self._layer = layer
        self._graphs: dict[Any, Any] = {}

    def called(self, given: Arguments) -> list[Any]:
        """Return what the layer returns."""
        return list(self._traced(self._returned, *given))

    def pulled(self, given: Arguments, seeds: list[Array]) -> Pulled:
        """Return the gradients, where ``seeds`` enter at what is returned."""
        found = self._traced(self._gradients, *given, tuple(seeds))
        arrays = [gradient.numpy() for gradient in found]
        paths = [v.path for v in self._layer.trainable_variables]
        named = dict(zip(paths, arrays, strict=False))
        inputs, *states = arrays[len(named) :]
        return Pulled(named, inputs, states)

    def _returned(self, inputs: Any, mask: Any, states: Any) -> list[Any]:
        given = Arguments(inputs, mask, states)
        return list(self._layer(inputs, training=False, **keywords(given)))

    def _gradients(self, inputs: Any, mask: Any, states: Any, seeds: Any) -> list[Any]:
        variables = [v.value for v in self._layer.trainable_variables]
        leaves = [*variables, inputs, *(states or ())]
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            returned = self._returned(inputs, mask, states)
        found: list[Any] = tape.gradient(
            returned, leaves, list(seeds), tf.UnconnectedGradients.ZERO
        )
        return [tf.convert_to_tensor(gradient) for gradient in found]

    def _traced(self, function: Callable[..., Any], *given: Any) -> Any:
        """Call ``function`` as a graph, which has no place for what is None."""
        flat = tf.nest.flatten(given)
        absent = [array is None for array in flat]
        there = [array for array in flat if array is not None]
        specs = [self._spec(array) for array in there]

        def packed(*tensors: Any) -> Any:
            left = iter(tensors)
            again = [None if empty else next(left) for empty in absent]
            return function(*tf.nest.pack_sequence_as(given, again))

        key = repr((function.__name__, absent, specs))
        if key not in self._graphs:
            self._graphs[key] = tf.function(packed, input_signature=specs)
        return self._graphs[key](*there)

    def _spec(self, array: Array) -> Any:
        layer = getattr(self._layer, "forward_layer", self._layer)
        shape = list(array.shape)
        if not (layer.unroll or layer.stateful):
            over_time = array.ndim == 3 or array.dtype == bool
            shape[: 1 + over_time] = [None] * (1 + over_time)
        return tf.TensorSpec(shape, array.dtype)
