"""Modules of flax.nnx: cells, RNN and Bidirectional over them, and a user's own.

A module has its parameters in itself: a class is built for each spec, an object keeps
its sizes and its dtype.  What else a module holds (generators, caches, a state) is
carried from call to call, as nnx.jit does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from refcheck.adapters import flax_calls as calls
from refcheck.adapters.class_options import (
    built,
    first_built,
    inner,
    kind_of,
    options,
    parameters,
    sizes,
)
from refcheck.adapters.jax_adapt import DTYPES, TRIAL, Facts, adapted
from refcheck.adapters.jax_calls import precision
from refcheck.adapters.jax_cell import JaxCell
from refcheck.cell import Declared, Kind, Padding, Spec
from refcheck.errors import TargetError
from refcheck.layouts import NNX

KINDS: Mapping[type, Kind | None] = {
    nnx.LSTMCell: Kind.LSTM,
    nnx.OptimizedLSTMCell: Kind.LSTM,
    nnx.GRUCell: Kind.GRU,
    nnx.SimpleCell: Kind.RNN_TANH,
}
WRAPPERS = (nnx.RNN, nnx.Bidirectional)
TYPED = ("dtype", "param_dtype")


def adapt(thing: Any, declared: Declared, name: str) -> JaxCell:
    """Return the module, or the class of modules, ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    is_class = isinstance(thing, type)
    taken = [n for n in parameters(thing) if n != "rngs"] if is_class else []
    given = options(declared, taken, name)
    said = sizes(declared)
    base = replace(TRIAL, **(said if is_class else _sizes(thing, said, name)))

    def module_of(spec: Spec) -> Any:
        module = _made(thing, given, spec) if is_class else thing
        looped = declared.call == "sequence" and hasattr(module, "initialize_carry")
        return nnx.RNN(module) if looped else module

    with precision(base.dtype), first_built(name):
        module = module_of(base)
    base = replace(base, bidirectional=isinstance(module, nnx.Bidirectional))
    cell = inner(module, WRAPPERS)
    kind = kind_of(KINDS, type(cell), cell)
    loops = isinstance(module, nnx.RNN)
    turns = calls.Turns.of(module) if loops else calls.Turns()

    def parts(spec: Spec) -> calls.Parts:
        return _parts(module_of(spec), spec)

    build, form = calls.called(module, parts, declared.like or kind, turns)
    return adapted(
        Facts(
            name,
            declared,
            kind,
            build,
            form,
            NNX,
            base=base,
            resizable=is_class and not said,
            dtypes=DTYPES if is_class else _dtypes(thing),
            padding=Padding.UNTOUCHED if loops else None,
            notes=calls.BACKWARDS if turns.backwards else (),
        )
    )


def _made(cls: type, given: Mapping[str, Any], spec: Spec) -> Any:
    taken = parameters(cls)
    typed = {n: jnp.dtype(spec.dtype) for n in TYPED if n in taken}
    rngs = {"rngs": nnx.Rngs(0)} if "rngs" in taken else {}
    needed = [n for n in taken if n not in {*typed, *rngs, *given}][:2]
    own = dict(zip(needed, (spec.input_size, spec.hidden_size), strict=False))
    return built(cls, **own, **{**typed, **rngs, **given})


def _sizes(module: Any, said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the sizes of a live module: as attributes say, or as declared."""
    cell = inner(module, WRAPPERS)
    seen = {
        "input_size": getattr(cell, "in_features", None),
        "hidden_size": getattr(cell, "hidden_features", None),
    }
    found = {n: v for n, v in seen.items() if isinstance(v, int)} | dict(said)
    if len(found) < len(seen):
        message = (
            f"{name} does not tell its sizes: expected attributes in_features and "
            "hidden_features; give them with --set input_size=… --set hidden_size=…"
        )
        raise TargetError(message)
    return found


def _dtypes(module: Any) -> tuple[str, ...]:
    """Return the dtype of a live module's parameters, if it is one of ours."""
    leaves = jax.tree.leaves(nnx.state(module, nnx.Param))
    found = {str(leaf.dtype) for leaf in leaves}
    return tuple(dtype for dtype in DTYPES if dtype in found) or DTYPES[1:]


def _parts(module: Any, spec: Spec) -> calls.Parts:
    graph, params, kept = nnx.split(module, nnx.Param, ...)
    flat = {".".join(map(str, path)): v for path, v in nnx.to_flat_state(params)}
    paths = {".".join(map(str, path)): path for path, _ in nnx.to_flat_state(params)}

    def whole(arrays: Mapping[str, Any], kept: Any) -> Any:
        named = [(paths[n], flat[n].replace(a)) for n, a in arrays.items()]
        return nnx.merge(graph, nnx.from_flat_state(named), kept)

    def apply(params: Any, kept: Any, *arguments: Any, **named: Any) -> Any:
        module = whole(params, kept)
        answer = module(*arguments, **named)
        return answer, nnx.split(module, nnx.Param, ...)[2]

    def start(params: Any, rows: int) -> Any:
        shape = (rows, spec.input_size)
        return whole(params, kept).initialize_carry(shape, nnx.Rngs(0))

    starts = hasattr(module, "initialize_carry")
    shapes = {n: tuple(v.shape) for n, v in flat.items()}
    return calls.Parts(shapes, kept, apply, start if starts else None)
