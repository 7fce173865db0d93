"""Keras on JAX: compiled calls without side effects, and gradients by jax.vjp."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from refcheck.adapters.jax_calls import QUICK, precision
from refcheck.adapters.keras_arguments import Arguments, Pulled, keywords
from refcheck.cell import Array

__all__ = ["COMPILED", "Calls", "precision"]
COMPILED = True


class Calls:
    """One layer, compiled for each shape that it is called with."""

    def __init__(self, layer: Any) -> None:
        """Compile calls of ``layer``."""
        self._layer = layer
        self._run = jax.jit(self._ran, compiler_options=QUICK)
        self._pull = jax.jit(self._pulled, compiler_options=QUICK)

    def called(self, given: Arguments) -> list[Any]:
        """Return what the layer returns."""
        trainable, kept = self._values()
        returned, after = self._run(trainable, kept, _arrays(given))
        self._keep(after)
        return list(returned)

    def pulled(self, given: Arguments, seeds: list[Array]) -> Pulled:
        """Return the gradients, where ``seeds`` enter at what is returned."""
        trainable, kept = self._values()
        seeded = tuple(map(jnp.asarray, seeds))
        found, after = self._pull(trainable, kept, _arrays(given), seeded)
        self._keep(after)
        variables, inputs, states = jax.tree.map(np.asarray, found)
        paths = [v.path for v in self._layer.trainable_variables]
        named = dict(zip(paths, variables, strict=True))
        return Pulled(named, inputs, states or ())

    def _values(self) -> tuple[list[Any], list[Any]]:
        trainable = [v.value for v in self._layer.trainable_variables]
        return trainable, [v.value for v in self._layer.non_trainable_variables]

    def _keep(self, after: list[Any]) -> None:
        for variable, value in zip(
            self._layer.non_trainable_variables, after, strict=True
        ):
            variable.assign(value)

    def _ran(self, trainable: Any, kept: Any, given: Arguments) -> Any:
        returned, after = self._layer.stateless_call(
            trainable, kept, given.inputs, training=False, **keywords(given)
        )
        return tuple(returned), after

    def _pulled(self, trainable: Any, kept: Any, given: Arguments, seeds: Any) -> Any:
        def run(trainable: Any, inputs: Any, states: Any) -> Any:
            return self._ran(trainable, kept, Arguments(inputs, given.mask, states))

        _, pull, after = jax.vjp(
            run, trainable, given.inputs, given.states, has_aux=True
        )
        return pull(seeds), after


def _arrays(given: Arguments) -> Arguments:
    states = given.states and [jnp.asarray(s) for s in given.states]
    mask = None if given.mask is None else jnp.asarray(given.mask)
    return Arguments(jnp.asarray(given.inputs), mask, states)
