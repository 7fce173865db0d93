"""A Keras layer, its arguments and its answers, between a case and the backend.

A layer that goes backwards reads a sequence from its last step, padding included, and
returns outputs in the order of reading: it is handed the sequence turned about, so that
it reads it forward.
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from refcheck.adapters.arrays import copied, handed
from refcheck.adapters.keras_arguments import Arguments, Pulled
from refcheck.adapters.keras_layers import Weight, inner, state_sizes
from refcheck.case import Case
from refcheck.cell import Array, Gradients, Reply, Spec


class Live(NamedTuple):
    """A layer that was built, its weights by name, and how the backend calls it."""

    layer: Any
    weights: Mapping[str, Weight]
    calls: Any
    directions: int

    @property
    def backwards(self) -> bool:
        """Whether it reads sequences from their end."""
        return bool(inner(self.layer).go_backwards)


def backend() -> Any:
    """Return what calls a layer on Keras's backend, and pulls gradients back."""
    return importlib.import_module(f"refcheck.adapters.{keras.config.backend()}_keras")


def arguments(live: Live, case: Case) -> Arguments:
    """Return what the layer is called with for ``case``, as arrays."""
    mask = None
    if case.lengths is not None:
        mask = (np.arange(case.time)[:, None] < case.lengths).T
    inputs = case.inputs.swapaxes(0, 1)
    if live.backwards:
        inputs = inputs[:, ::-1]
        mask = None if mask is None else mask[:, ::-1]
    state = case.state
    if state is None and inner(live.layer).stateful:
        inner(live.layer).reset_state()
    return Arguments(handed(inputs), mask, None if state is None else _listed(state))


def read_back(live: Live, given: Arguments) -> Mapping[str, Array]:
    """Return the arguments as the layer left them, in canonical form."""
    inputs = given.inputs.swapaxes(0, 1)
    return {"inputs": inputs[::-1] if live.backwards else inputs}


def reply(live: Live, returned: Sequence[Any]) -> Reply:
    """Return copies of what was returned, in canonical form."""
    outputs, *states = (copied(keras.ops.convert_to_numpy(r)) for r in returned)
    return Reply(outputs.swapaxes(0, 1), _stacked(live, states))


def seeds(case: Case) -> list[Array]:
    """Return the gradients of what is returned, in its order."""
    return [handed(case.grad_outputs.swapaxes(0, 1)), *_listed(case.grad_state)]


def gradients(live: Live, found: Pulled) -> Gradients:
    """Return gradients in canonical form."""
    params = {
        name: copied(weight.part(found.variables[weight.variable.path]))
        for name, weight in live.weights.items()
    }
    inputs = found.inputs[:, ::-1] if live.backwards else found.inputs
    states = _stacked(live, list(found.states)) if found.states else ()
    return Gradients(params, copied(inputs).swapaxes(0, 1), states)


def assign(live: Live, spec: Spec, params: Mapping[str, Array]) -> None:
    """Update the weights in place."""
    whole: dict[str, tuple[Any, Array]] = {}
    for name, weight in live.weights.items():
        variable = weight.variable
        fresh = (variable, np.empty(variable.shape, spec.dtype))
        weight.part(whole.setdefault(variable.path, fresh)[1])[...] = params[name]
    for variable, array in whole.values():
        variable.assign(array)


def _listed(state: Sequence[Array]) -> list[Array]:
    """Return states (L, N, H) as Keras lists them: h, c forward, then backward."""
    return [handed(part[k]) for k in range(len(state[0])) for part in state]


def _stacked(live: Live, arrays: list[Array]) -> tuple[Array, ...]:
    """Return states as Keras lists them, each (L, N, H)."""
    count = len(state_sizes(live.layer))
    return tuple(np.stack(arrays[k::count]) for k in range(count))
