"""Targets in any language: a worker process that speaks the protocol.

    refcheck check "cmd: ./worker args"

A smoke test comes first: a worker that cannot be started, that speaks another protocol,
or that does not answer a plain case, is no target, and nothing is said of its cell.
"""

import os
from dataclasses import replace

from refcheck.adapters.process_cell import ProcessCell
from refcheck.adapters.process_sample import sample
from refcheck.adapters.process_worker import FailedInside, Overheard, Refused, Worker
from refcheck.cell import Capability, Declared, Kind, Padding, Shapes, Signature, Spec
from refcheck.errors import Lost, RefcheckError, TargetError, Unsupported
from refcheck.layout import (
    CANONICAL,
    CANONICAL_GATES,
    TORCH,
    Layout,
    recognised,
)
from refcheck.protocol import OFFERS, Names, Welcome

POSSIBLE = os.name == "posix"
TRIAL = Spec(5, 4)  # what a worker is first asked to build
KNOWN = (
    TORCH,
    CANONICAL,
    replace(CANONICAL, bias_hh=""),
    replace(CANONICAL, bias_ih="", bias_hh=""),
)


def adapt(
    command: str,
    declared: Declared,
    name: str,
    *,
    overhear: Overheard = lambda *_: None,
) -> ProcessCell:
    """Return the worker that ``command`` starts as a cell.

    Raises:
        RefcheckError: if something is declared that means nothing to a worker.
        TargetError: if the worker fails its smoke test.
    """
    if not POSSIBLE:
        message = "a worker needs Linux or macOS: pipes cannot be waited for here."
        raise TargetError(message)
    if declared.options or declared.state_attr or declared.params or declared.call:
        message = (
            "--set, --state-attr, --params and --call say nothing to a worker; "
            "give it its options as arguments: 'cmd: ./worker --size 4'."
        )
        raise RefcheckError(message)
    worker = Worker(command, call_seconds=declared.call_timeout, overhear=overhear)
    try:
        return _adapted(worker, declared, name)
    except (Lost, Refused, FailedInside, Unsupported) as error:
        worker.close()
        said = f"{name} fails its smoke test, so nothing is said of its cell"
        message = f"{said}: {error}."
        raise TargetError(message) from error
    except Exception:
        worker.close()
        raise


def _adapted(worker: Worker, declared: Declared, name: str) -> ProcessCell:
    welcome = worker.greeted()
    base = welcome.fixed or replace(TRIAL, dtype=welcome.dtypes[0])
    draft = ProcessCell(worker, _signature(welcome, name, None, None, base))
    shapes = draft.shapes(base)
    kind = declared.like or (Kind(welcome.kind) if welcome.kind else None)
    layout = _layout(welcome, kind, base, shapes, name)
    signature = _signature(welcome, name, kind, layout, base)
    capabilities = signature.capabilities
    if shapes.params:
        capabilities |= Capability.PARAMETERS | Capability.MUTABLE
    cell = ProcessCell(worker, replace(signature, capabilities=capabilities))
    case = sample(base, shapes, stated=not cell.signature.offers(_DEFAULT))
    cell.forward(case)
    if cell.signature.offers(Capability.BACKWARD):
        cell.backward(case)
    return cell


_DEFAULT = Capability.DEFAULT_STATE


def _signature(
    welcome: Welcome, name: str, kind: Kind | None, layout: Layout | None, base: Spec
) -> Signature:
    has = Capability.FORWARD
    for offer in welcome.capabilities:
        has |= OFFERS[offer]
    further = {
        Capability.LAYOUT: layout,
        Capability.BIAS: layout and layout.bias_ih and base.bias,
        Capability.FLOAT64: "float64" in welcome.dtypes,
        Capability.PADDING_CONTRACT: welcome.padding,
    }
    for capability, offers in further.items():
        has |= capability if offers else Capability(0)
    return Signature(
        name,
        kind,
        has,
        welcome.dtypes,
        fixed=None if Capability.RESIZABLE in has else base,
        layout=layout,
        notes=(f"a worker in {welcome.language}: {welcome.name}",),
        padding=Padding(welcome.padding) if welcome.padding else None,
    )


def _layout(
    welcome: Welcome, kind: Kind | None, base: Spec, shapes: Shapes, name: str
) -> Layout | None:
    """Return where the textbook's parameters are, None if there are none to be seen.

    Raises:
        TargetError: if the parameters are not those of the kind.
    """
    if kind is None or not kind.recurrent or not shapes.params:
        return None
    gates = {kind: _gates(welcome.gates, kind, name)}
    known = KNOWN if welcome.names is None else (_named(welcome.names),)
    among = [
        replace(layout, transposed=welcome.transposed, gates=gates) for layout in known
    ]
    layout, why = recognised(kind, base, shapes.params, among)
    if layout is None:
        message = f"{name} cannot be held to {kind.value}: {why}."
        raise TargetError(message)
    return layout


def _named(names: Names) -> Layout:
    return Layout(
        "its own form",
        names.weight_ih,
        names.weight_hh,
        names.bias_ih,
        names.bias_hh,
        reverse=names.reverse,
    )


def _gates(order: str, kind: Kind, name: str) -> str:
    usual = CANONICAL_GATES[kind.gates]
    if sorted(order or usual) != sorted(usual):
        message = (
            f"{name} says that its gates are {order!r}, expected {usual!r} in any "
            f"order for {kind.value}."
        )
        raise TargetError(message)
    return order or usual
