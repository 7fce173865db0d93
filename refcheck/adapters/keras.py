"""Keras targets: layers of its own and users' layers and cells, on any backend."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras

from refcheck.adapters.keras_blueprints import blueprint
from refcheck.adapters.keras_calls import backend
from refcheck.adapters.keras_cell import KerasCell, built, shapes
from refcheck.adapters.keras_layers import (
    NO_BIAS,
    ONE_BIAS,
    TWO_BIASES,
    Blueprint,
    inner,
    kind_of,
)
from refcheck.cell import Capability, Declared, Kind, Padding, Signature, Spec
from refcheck.errors import TargetError, Unsupported
from refcheck.layout import Layout, recognised

ALWAYS = (
    Capability.FORWARD
    | Capability.SEQUENCE
    | Capability.BATCH
    | Capability.INITIAL_STATE
    | Capability.DEFAULT_STATE
    | Capability.FINAL_STATE
    | Capability.PARAMETERS
    | Capability.MASKS
    | Capability.PADDING_CONTRACT
    | Capability.MUTABLE
)
PLAIN = Spec(3, 2)


def adapt(thing: Any, declared: Declared, name: str) -> KerasCell:
    """Return the class or the layer ``thing`` as a cell.

    A live layer is built anew from its configuration, with the weights of the cases.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    plan = blueprint(thing, declared, name)
    dtypes = ("float64", "float32") if plan.takes_dtype else (keras.config.floatx(),)
    base = replace(plan.fixed or PLAIN, dtype=dtypes[0])
    try:
        layer = built(plan, base, 1)
    except Unsupported as error:
        message = (
            f"{name} cannot be used: {error}. Expected a layer that derives from "
            "keras.layers.RNN or a cell with call(inputs, states) and state_size, "
            f"built as {plan.cls.__name__}(units); --set NAME=VALUE gives options."
        )
        raise TargetError(message) from error
    kind, layout, why = _mapped(layer, declared.like or kind_of(layer), base)
    if why and declared.like:
        message = f"{name} cannot be held to {declared.like.value}: {why}."
        raise TargetError(message)
    signature = Signature(
        name,
        kind,
        ALWAYS | _offered(plan, layer, base, (kind, layout)),
        dtypes,
        fixed=None if base == PLAIN else base,
        layout=layout,
        notes=(*_notes(plan, layer), *([f"no textbook: {why}"] if why else [])),
        padding=_padding(layer),
        compiled=backend().COMPILED,
    )
    return KerasCell(plan, signature)


def _mapped(
    layer: Any, kind: Kind | None, spec: Spec
) -> tuple[Kind | None, Layout | None, str]:
    """Return kind and layout if the weights map to the textbook, else why not."""
    if kind is None:
        return None, None, ""
    likely = TWO_BIASES if kind is Kind.GRU else ONE_BIAS
    among = (likely, ONE_BIAS, NO_BIAS) if spec.bias else (likely,)
    layout, why = recognised(kind, spec, shapes(layer, kind), among)
    return (kind if layout else None), layout, why


def _offered(
    plan: Blueprint, layer: Any, base: Spec, textbook: tuple[Kind | None, Layout | None]
) -> Capability:
    one_way = inner(layer).go_backwards or inner(layer).stateful
    layout = textbook[1]

    def builds(**changes: Any) -> bool:
        spec = replace(base, **changes)
        return plan.fixed is None and _builds(plan, spec, *textbook)

    offered = {
        Capability.BACKWARD: keras.config.backend() != "numpy",
        Capability.LAYOUT: layout is not None,
        Capability.BIAS: base.bias and layout is not None and bool(layout.bias_ih),
        Capability.RESIZABLE: plan.fixed is None,
        Capability.FLOAT64: base.dtype == "float64",
        Capability.DIRECTIONS: not one_way and builds(bidirectional=True),
        Capability.NO_BIAS: builds(bias=False),
    }
    has = Capability(0)
    for capability, offers in offered.items():
        has |= capability if offers else Capability(0)
    return has


def _builds(
    plan: Blueprint, spec: Spec, kind: Kind | None, layout: Layout | None
) -> bool:
    try:
        layer = built(plan, spec, 1)
    except Unsupported:
        return False
    if kind is None or layout is None:
        return True
    return not layout.matches(kind, spec, shapes(layer, kind))


def _padding(layer: Any) -> Padding:
    return Padding.ZEROS if inner(layer).zero_output_for_mask else Padding.REPEATED


def _notes(plan: Blueprint, layer: Any) -> Iterator[str]:
    yield f"Keras {keras.__version__} on {keras.config.backend()}"
    if not issubclass(plan.cls, keras.layers.RNN):
        yield "the cell is run by keras.layers.RNN"
    if inner(layer).go_backwards:
        yield "it goes backwards: the adapter turns sequences about"
    if inner(layer).stateful:
        yield "it is stateful: reset_state() comes before a call without a state"
    if not plan.takes_dtype:
        yield f"it takes no dtype: {keras.config.floatx()} alone is checked"
