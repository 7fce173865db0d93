"""Modules of equinox: a step of one row, which ``jax.vmap`` maps over rows here.

    cell(x_t, state) -> state                             as equinox's own cells
    cell(x_t, state) -> (output, state), cell(state, x_t) -> (state, output)

The state of an LSTM is (h, c).  A class is built for each spec, an object keeps its
sizes and its dtype.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import equinox
import jax

from refcheck.adapters.arrays import AnswerError
from refcheck.adapters.class_options import (
    built,
    kind_of,
    options,
    parameters,
    sizes,
    takes_the_carry_first,
)
from refcheck.adapters.jax_adapt import DTYPES, TRIAL, Facts, adapted
from refcheck.adapters.jax_carry import Built, Form, cell_comes_first
from refcheck.adapters.jax_cell import JaxCell
from refcheck.cell import Declared, Kind, Spec
from refcheck.errors import TargetError
from refcheck.layouts import EQUINOX

KINDS: Mapping[type, Kind | None] = {
    equinox.nn.LSTMCell: Kind.LSTM,
    equinox.nn.GRUCell: Kind.GRU,
}


def adapt(thing: Any, declared: Declared, name: str) -> JaxCell:
    """Return the module, or the class of modules, ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    is_class = isinstance(thing, type)
    taken = [n for n in parameters(thing) if n != "key"] if is_class else []
    given = options(declared, taken, name)
    cls = thing if is_class else type(thing)
    said = sizes(declared)
    known = said if is_class else _sizes(thing, said, name)
    kind = kind_of(KINDS, cls, thing)
    like = declared.like or kind

    def build(spec: Spec) -> Built:
        return _built(_made(thing, given, spec) if is_class else thing)

    bias = is_class and "use_bias" in taken and "use_bias" not in given
    base = replace(TRIAL, **known)
    if not is_class or "use_bias" in given:
        base = replace(
            base, bias=getattr(thing, "use_bias", given.get("use_bias", True))
        )
    return adapted(
        Facts(
            name,
            declared,
            kind,
            build,
            lambda spec: _form(build(spec), spec, like),
            EQUINOX,
            base=base,
            resizable=is_class and not said,
            bias=bias,
            dtypes=DTYPES if is_class else _dtypes(thing),
        )
    )


def _made(cls: type, given: Mapping[str, Any], spec: Spec) -> Any:
    taken = parameters(cls)
    key = {"key": jax.random.key(0)} if "key" in taken else {}
    bias = {"use_bias": spec.bias} if "use_bias" in taken else {}
    needed = [n for n in taken if n not in {*key, *bias, *given}][:2]
    own = dict(zip(needed, (spec.input_size, spec.hidden_size), strict=False))
    return built(cls, **own, **{**key, **bias, **given})


def _sizes(module: Any, said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the sizes of a live module: as attributes say, or as declared."""
    names = ("input_size", "hidden_size")
    seen = {
        n: getattr(module, n)
        for n in names
        if isinstance(getattr(module, n, None), int)
    }
    found = seen | dict(said)
    if len(found) < len(names):
        message = (
            f"{name} does not tell its sizes: expected attributes input_size and "
            "hidden_size; give them with --set input_size=… --set hidden_size=…"
        )
        raise TargetError(message)
    return found


def _dtypes(module: Any) -> tuple[str, ...]:
    """Return the dtype of a live module's arrays, if it is one of ours."""
    arrays = jax.tree.leaves(equinox.filter(module, equinox.is_inexact_array))
    found = {str(array.dtype) for array in arrays}
    return tuple(dtype for dtype in DTYPES if dtype in found) or DTYPES[1:]


def _built(module: Any) -> Built:
    arrays, static = equinox.partition(module, equinox.is_inexact_array)
    leaves, tree = jax.tree_util.tree_flatten_with_path(arrays)
    names = [jax.tree_util.keystr(k, simple=True, separator=".") for k, _ in leaves]
    first = takes_the_carry_first(type(module).__call__)

    def call(params: Any, kept: Any, carry: Any, inputs: Any, _: Any) -> Any:
        whole = jax.tree.unflatten(tree, [params[name] for name in names])
        cell: Callable[..., Any] = equinox.combine(whole, static)
        answer = cell(carry, inputs) if first else cell(inputs, carry)
        return *_read(answer, jax.tree.structure(carry), first=bool(first)), kept

    shapes = {n: tuple(a.shape) for n, (_, a) in zip(names, leaves, strict=True)}
    return Built(shapes, (), call)


def _read(answer: Any, tree: Any, *, first: bool) -> tuple[Any, Any]:
    """Return (state, output); the output of a cell that returns its state is its h."""
    if jax.tree.structure(answer) == tree:
        return answer, jax.tree.leaves(answer)[0]
    if isinstance(answer, tuple) and len(answer) == 2:
        return (answer[0], answer[1]) if first else (answer[1], answer[0])
    message = (
        f"the cell returned {jax.tree.structure(answer)}, expected its state {tree}."
    )
    raise AnswerError(message)


def _form(built: Built, spec: Spec, kind: Kind | None) -> Form:
    """Return the form of a cell of this kind; of an unknown one, what can be called."""
    if kind is not None:
        return _carrying(built, spec, kind.states)
    try:
        return _carrying(built, spec, 1)
    except Exception:  # noqa: BLE001 - whatever the target raises
        return _carrying(built, spec, 2)


def _carrying(built: Built, spec: Spec, states: int) -> Form:
    h = jax.ShapeDtypeStruct((spec.hidden_size,), spec.dtype)
    carry = h if states == 1 else (h, h)
    x = jax.ShapeDtypeStruct((spec.input_size,), spec.dtype)
    params = {n: jax.ShapeDtypeStruct(s, spec.dtype) for n, s in built.params.items()}

    def once(params: Any, carry: Any, x: Any) -> Any:
        return built.call(params, (), carry, x, None)[:2]

    return Form(
        jax.tree.structure(carry),
        step=True,
        cell_first=bool(cell_comes_first(once, params, carry, x)),
        vmapped=True,
        default=False,
    )
