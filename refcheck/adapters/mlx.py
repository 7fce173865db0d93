"""Layers of MLX, its own and users': classes, built for each spec, or live ones.

layer(x, hidden) -> all h                    x (N, T, D), hidden and cell (N, H)
layer(x, hidden, cell) -> all h, all c       all h and all c (N, T, H)
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import mlx.core as mx
from mlx import nn

from refcheck.adapters.class_options import (
    built,
    first_built,
    options,
    parameters,
    sizes,
)
from refcheck.adapters.mlx_cell import Build, MlxCell, named, shapes
from refcheck.cell import Capability, Declared, Kind, Signature, Spec
from refcheck.errors import TargetError
from refcheck.layout import Layout, recognised
from refcheck.layouts import MLX

KINDS: Mapping[type, Kind] = {
    nn.RNN: Kind.RNN_TANH,
    nn.LSTM: Kind.LSTM,
    nn.GRU: Kind.GRU,
}
SQUASHED = {nn.tanh: Kind.RNN_TANH, nn.relu: Kind.RNN_RELU}
ALWAYS = (
    Capability.FORWARD
    | Capability.BACKWARD
    | Capability.SEQUENCE
    | Capability.BATCH
    | Capability.INITIAL_STATE
    | Capability.DEFAULT_STATE
    | Capability.FINAL_STATE
    | Capability.PARAMETERS
    | Capability.MUTABLE
)
PLAIN = Spec(3, 2)
LAST = {
    "final-state-is-the-last-output": "MLX returns the states of all steps, and the "
    "last of them is taken for the final state"
}


def adapt(thing: Any, declared: Declared, name: str) -> MlxCell:
    """Return the class or the layer ``thing`` as a cell.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    _require_sensible(declared, name)
    is_class = isinstance(thing, type)
    given = options(declared, list(parameters(thing)) if is_class else (), name)
    said = sizes(declared)
    base = replace(PLAIN, **said) if is_class else _spec(thing, said, name)
    if "bias" in given:
        base = replace(base, bias=given["bias"])
    build = _builder(thing, _callables(given))
    with first_built(name):
        module = build(base)
    kind, layout = _mapped(module, declared.like, base, name)
    states = kind.states if kind else len(list(parameters(type(module).__call__))) - 1
    cell = MlxCell(
        build,
        states,
        Signature(
            name,
            kind,
            ALWAYS | _offered(thing, given, said, base, layout),
            ("float64", "float32") if is_class else _dtypes(module),
            fixed=None if base == PLAIN and is_class else base,
            layout=layout,
            by_adapter=LAST,
        ),
    )
    cell.tried(base, name)
    return cell


def _require_sensible(declared: Declared, name: str) -> None:
    for option in ("state_attr", "params", "call"):
        if getattr(declared, option):
            flag = "--" + option.replace("_", "-")
            message = f"{flag} is not for layers of MLX, such as {name}."
            raise TargetError(message)


def _builder(thing: Any, given: Mapping[str, Any]) -> Build:
    """Return how a layer is made for a spec: a class is built, a live one copied."""
    if not isinstance(thing, type):
        return lambda _: copy.deepcopy(thing)
    taken = parameters(thing)

    def build(spec: Spec) -> Any:
        mx.random.seed(0)
        bias = {"bias": spec.bias} if "bias" in taken else {}
        return built(thing, spec.input_size, spec.hidden_size, **{**bias, **given})

    return build


def _callables(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, with the function of mlx.nn that a nonlinearity names."""
    found = dict(given)
    if isinstance(named := found.get("nonlinearity"), str):
        found["nonlinearity"] = getattr(nn, named, named)
    return found


def _spec(module: Any, said: Mapping[str, Any], name: str) -> Spec:
    """Return the sizes of a live layer: as its weights say, or as declared."""
    weight = next((module[n] for n in ("Wx", "Wxh", "weight_ih") if n in module), None)
    found: dict[str, Any] = (
        {} if weight is None else {"input_size": int(weight.shape[1])}
    )
    if hasattr(module, "hidden_size"):
        found["hidden_size"] = module.hidden_size
    found |= said
    if len(found) < 2:
        message = (
            f"{name} does not tell its sizes: expected weights Wx or Wxh and an "
            "attribute hidden_size; give --set input_size=… --set hidden_size=…"
        )
        raise TargetError(message)
    bias = any(n in module for n in ("bias", "b", "bias_ih"))
    return replace(PLAIN, **found, bias=bias, dtype=_dtypes(module)[0])


def _mapped(
    module: Any, like: Kind | None, base: Spec, name: str
) -> tuple[Kind | None, Layout | None]:
    kind = like or _kind_of(module)
    if kind is None:
        return None, None
    layout, why = recognised(kind, base, shapes(module), MLX)
    if why and like:
        message = f"{name} cannot be held to {like.value}: {why}."
        raise TargetError(message)
    return (kind if layout else None), layout


def _kind_of(module: Any) -> Kind | None:
    kind = next((KINDS[c] for c in type(module).__mro__ if c in KINDS), None)
    return SQUASHED.get(module.nonlinearity) if kind is Kind.RNN_TANH else kind


def _offered(
    thing: Any,
    given: Mapping[str, Any],
    said: Mapping[str, Any],
    base: Spec,
    layout: Layout | None,
) -> Capability:
    is_class = isinstance(thing, type)
    chosen = is_class and "bias" in parameters(thing) and "bias" not in given
    offered = {
        Capability.LAYOUT: layout is not None,
        Capability.BIAS: base.bias and layout is not None and bool(layout.bias_ih),
        Capability.RESIZABLE: is_class and not said,
        Capability.NO_BIAS: chosen,
        Capability.FLOAT64: is_class or base.dtype == "float64",
    }
    has = Capability(0)
    for capability, offers in offered.items():
        has |= capability if offers else Capability(0)
    return has


def _dtypes(module: Any) -> tuple[str, ...]:
    """Return the dtype of a live layer's weights."""
    doubles = {array.dtype == mx.float64 for array in named(module).values()}
    return ("float64",) if doubles == {True} else ("float32",)
