"""Modules of flax.linen: cells, RNN and Bidirectional over them, and a user's own.

A module of linen has no parameters in itself, so that one object stands for every
input size; other hidden sizes are cloned from it.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from flax.traverse_util import flatten_dict, unflatten_dict

from refcheck.adapters import flax_calls as calls
from refcheck.adapters.class_options import (
    INNER,
    built,
    first_built,
    inner,
    kind_of,
    options,
    sizes,
    takes_the_carry_first,
)
from refcheck.adapters.jax_adapt import TRIAL, Facts, adapted
from refcheck.adapters.jax_cell import JaxCell
from refcheck.cell import Declared, Kind, Padding, Spec
from refcheck.layouts import LINEN

KINDS: Mapping[type, Kind | None] = {
    linen.LSTMCell: Kind.LSTM,
    linen.OptimizedLSTMCell: Kind.LSTM,
    linen.GRUCell: Kind.GRU,
    linen.SimpleCell: Kind.RNN_TANH,
}
WRAPPERS = (linen.RNN, linen.Bidirectional)
WIDTHS = ("features", "hidden_size", "hidden_features", "units")


def adapt(thing: Any, declared: Declared, name: str) -> JaxCell:
    """Return the module, or the class of modules, ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    module = _module(thing, declared, name)
    if declared.call == "sequence" and hasattr(module, "initialize_carry"):
        module = linen.RNN(module)
    cell = inner(module, WRAPPERS)
    width = next((w for w in WIDTHS if hasattr(cell, w)), "")
    said = sizes(declared)
    sized = said or ({} if width else {"hidden_size": _width_of(cell)})
    both = isinstance(module, linen.Bidirectional)
    kind = kind_of(KINDS, type(cell), cell)
    loops = isinstance(module, linen.RNN)
    turns = calls.Turns.of(module) if loops else calls.Turns()

    def parts(spec: Spec) -> calls.Parts:
        return _parts(_resized(module, width, spec), spec)

    build, form = calls.called(module, parts, declared.like or kind, turns)
    return adapted(
        Facts(
            name,
            declared,
            kind,
            build,
            form,
            LINEN,
            base=replace(TRIAL, bidirectional=both, **sized),
            resizable=bool(width) and not said,
            padding=Padding.UNTOUCHED if loops else None,
            notes=calls.BACKWARDS if turns.backwards else (),
        )
    )


def _module(thing: Any, declared: Declared, name: str) -> Any:
    """Return the module itself, or one of the class."""
    if not isinstance(thing, type):
        options(declared, (), name)
        return thing
    taken = [f.name for f in fields(thing) if f.name not in {"parent", "name"}]
    given = options(declared, taken, name)
    width = next((w for w in WIDTHS if w in taken and w not in given), None)
    own = {width: TRIAL.hidden_size} if width else {}
    with first_built(name):
        return built(thing, **own, **given)


def _resized(module: Any, width: str, spec: Spec) -> Any:
    """Return the module with other sizes and another dtype, as far as it has them."""
    parts = [n for n in INNER if isinstance(module, WRAPPERS) and hasattr(module, n)]
    changes = {n: _resized(getattr(module, n), width, spec) for n in parts}
    own = {"param_dtype": jnp.dtype(spec.dtype), width: spec.hidden_size}
    return module.clone(**changes, **{n: own[n] for n in own if hasattr(module, n)})


def _width_of(cell: Any) -> int:
    """Return the hidden size of a cell that does not tell it: that of its carry."""
    if not hasattr(cell, "initialize_carry"):
        return TRIAL.hidden_size
    carry = cell.initialize_carry(jax.random.key(0), (1, TRIAL.input_size))
    return int(jax.tree.leaves(carry)[0].shape[-1])


def _parts(module: Any, spec: Spec) -> calls.Parts:
    key = jax.random.key(0)
    steps = takes_the_carry_first(type(module).__call__) is True

    def start(_: Any, rows: int) -> Any:
        return module.initialize_carry(key, (rows, spec.input_size))

    starts = hasattr(module, "initialize_carry")
    x = jnp.zeros((1, spec.input_size), spec.dtype)
    h = jnp.zeros((1, spec.hidden_size), spec.dtype)
    arguments = (start(None, 1) if starts else h, x) if steps else (x[None],)
    found = dict(jax.eval_shape(module.init, key, *arguments))
    params = flatten_dict(found.pop("params", {}), sep=".")
    kept = dict(module.init(key, *arguments)) if found else {}
    kept.pop("params", None)

    def apply(params: Any, kept: Any, *arguments: Any, **named: Any) -> Any:
        variables = {"params": unflatten_dict(params, sep="."), **kept}
        return module.apply(variables, *arguments, **named), kept

    shapes = {name: tuple(p.shape) for name, p in params.items()}
    return calls.Parts(shapes, kept, apply, start if starts else None)
