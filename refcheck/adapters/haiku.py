"""Cores of haiku, each inside ``hk.transform``; a class is built for each spec.

    core(x_t, state) -> (output, state)          a step, or under --call sequence
    hk.dynamic_unroll(core, inputs, state)       over the whole sequence

The state is whatever ``core.initial_state(rows)`` makes, in that order.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import haiku
import jax
import jax.numpy as jnp
from haiku.data_structures import to_haiku_dict, traverse

from refcheck.adapters.class_options import built, kind_of, options, parameters, sizes
from refcheck.adapters.jax_adapt import TRIAL, Facts, adapted
from refcheck.adapters.jax_carry import Built, Form, cell_comes_first
from refcheck.adapters.jax_cell import JaxCell
from refcheck.cell import Declared, Kind, Spec
from refcheck.errors import TargetError
from refcheck.layouts import HAIKU

KINDS: Mapping[type, Kind | None] = {
    haiku.LSTM: Kind.LSTM,
    haiku.GRU: Kind.GRU_RESET_BEFORE,
    haiku.VanillaRNN: Kind.RNN_RELU,
}


def adapt(thing: Any, declared: Declared, name: str) -> JaxCell:
    """Return the class of cores ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    if not isinstance(thing, type):
        message = f"{name} is built already; name its class, for hk.transform."
        raise TargetError(message)
    given = options(declared, [n for n in parameters(thing) if n != "name"], name)
    said = sizes(declared)
    step = declared.call != "sequence"
    return adapted(
        Facts(
            name,
            declared,
            kind_of(KINDS, thing, thing),
            partial(_built, thing, given, step=step),
            partial(_form, thing, given, step=step),
            HAIKU,
            base=replace(TRIAL, **said),
            resizable=not said,
        )
    )


def _core(cls: type, given: Mapping[str, Any], spec: Spec) -> Any:
    width = [n for n in parameters(cls) if n not in given][:1]
    return built(cls, **dict.fromkeys(width, spec.hidden_size), **given)


def _started(cls: type, given: Mapping[str, Any], spec: Spec, rows: int) -> Any:
    """Return the state that a core begins with, which has no parameters."""
    made = haiku.transform(lambda: _core(cls, given, spec).initial_state(rows))
    return made.apply({}, None)


def _built(cls: type, given: Mapping[str, Any], spec: Spec, *, step: bool) -> Built:
    def once(inputs: Any, state: Any) -> Any:
        core = _core(cls, given, spec)
        if step:
            return core(inputs, state)
        return haiku.dynamic_unroll(core, inputs, state)

    pure = haiku.transform_with_state(once)
    params, kept = _begun(pure, _started(cls, given, spec, 1), spec, step=step)
    places = {f"{module}.{n}": (module, n) for module, n, _ in traverse(params)}

    def call(params: Any, kept: Any, carry: Any, inputs: Any, _: Any) -> Any:
        if carry is None:
            carry = _started(cls, given, spec, inputs.shape[-2])
        nested = _nested({places[name]: array for name, array in params.items()})
        (outputs, carry), kept = pure.apply(nested, kept, None, inputs, carry)
        return carry, outputs, kept

    shapes = {f"{m}.{n}": tuple(a.shape) for m, n, a in traverse(params)}
    return Built(shapes, kept, call)


def _begun(pure: Any, state: Any, spec: Spec, *, step: bool) -> tuple[Any, Any]:
    """Return the shapes of the parameters, and what a core keeps beside its state."""
    shape = (1, spec.input_size) if step else (1, 1, spec.input_size)
    key, x = jax.random.key(0), jnp.zeros(shape, spec.dtype)
    params, kept = jax.eval_shape(pure.init, key, x, state)
    return params, pure.init(key, x, state)[1] if jax.tree.leaves(kept) else kept


def _nested(placed: Mapping[tuple[str, str], Any]) -> Any:
    modules: dict[str, dict[str, Any]] = {module: {} for module, _ in placed}
    for (module, name), array in placed.items():
        modules[module][name] = array
    return to_haiku_dict(modules)


def _form(cls: type, given: Mapping[str, Any], spec: Spec, *, step: bool) -> Form:
    made = _built(cls, given, spec, step=True)
    carry = _started(cls, given, spec, 1)
    x = jnp.zeros((1, spec.input_size), spec.dtype)
    params = {n: jnp.zeros(s, spec.dtype) for n, s in made.params.items()}

    def once(params: Any, kept: Any, carry: Any, x: Any) -> Any:
        return made.call(params, kept, carry, x, None)[:2]

    first = cell_comes_first(once, params, made.kept, carry, x)
    return Form(jax.tree.structure(carry), step=step, cell_first=bool(first))
