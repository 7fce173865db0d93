"""PyTorch targets: torch.nn's own modules, and any user's with the same calls."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from refcheck.adapters.torch_build import Blueprint, Live, Source
from refcheck.adapters.torch_calls import Call
from refcheck.adapters.torch_cell import TorchCell
from refcheck.adapters.torch_classes import TRIAL, blueprint, chosen
from refcheck.adapters.torch_modules import (
    DTYPES,
    attribute,
    built,
    kind_of,
    live,
    modes,
    observed,
    require_checkable,
    require_sensible,
    shapes_of,
)
from refcheck.adapters.torch_samples import attempt, sample
from refcheck.adapters.torch_signatures import takes_nothing
from refcheck.adapters.torch_training import draws
from refcheck.adapters.torch_trials import Found, discovered
from refcheck.cell import HALVES, Capability, Declared, Kind, Signature, Spec
from refcheck.errors import TargetError, Unsupported
from refcheck.layout import TORCH, TORCH_CELL, Layout, recognised

ALWAYS = (
    Capability.FORWARD
    | Capability.BATCH
    | Capability.BACKWARD
    | Capability.PARAMETERS
    | Capability.STRIDES
    | Capability.MUTABLE
    | Capability.CHAINS
    | Capability.COPIES
    | Capability.TRAINS
)
NOISY = (
    "random numbers are drawn in training mode, so what it computes there is held to "
    "its own gradients alone"
)


def adapt(thing: Any, declared: Declared, name: str) -> TorchCell:
    """Return the module, or the class of modules, ``thing`` as a cell.

    A live module is checked itself; ``close`` gives it back as it was.

    Raises:
        TargetError: if it cannot be built or called, or is not what was declared.
    """
    require_sensible(thing, declared, name)
    source: Source
    if isinstance(thing, type) and not takes_nothing(thing):
        source, base = blueprint(thing, declared, name)
    else:
        module = built(thing, name) if isinstance(thing, type) else thing
        source, base = live(module, declared, name)
    try:
        with torch.random.fork_rng(devices=[]):
            return _adapted(source, base, declared, name)
    except Unsupported as error:
        source.close()
        message = (
            f"{error}. Expected a constructor (input_size, hidden_size, …); the sizes "
            "and options that it needs are given with --set NAME=VALUE."
        )
        raise TargetError(message) from error
    except Exception:
        source.close()
        raise


def _adapted(source: Source, base: Spec, declared: Declared, name: str) -> TorchCell:
    module = source.scratch(base)
    require_checkable(module, name)
    base = observed(module, base, source.takes | declared.options.keys())
    kind = declared.like or kind_of(module)
    found = discovered(
        lambda: source.scratch(base).eval(), base, kind, modes(module, declared), name
    )
    live_axes = isinstance(source, Live) and found.call.batch_first
    base = replace(base, batch_first=live_axes)  # a class has it in its call alone
    layout, why = _layout(module, base, kind)
    if why and declared.like:
        message = f"{name} cannot be held to {declared.like.value}: {why}."
        raise TargetError(message)
    kind = kind if layout else None
    notes = [*found.notes, *_assumed(module, source, found, why)]
    if isinstance(source, Blueprint):
        source, refused = chosen(source, base, found.call, kind, layout)
        notes += refused
    dtypes, failed = _dtypes(source, base, found.call)
    capabilities = _capabilities(source, base, found, layout, dtypes)
    if Capability.REPEATABLE_TRAINING not in capabilities:
        notes.append(NOISY)
    plain = replace(TRIAL, dtype=base.dtype)
    signature = Signature(
        name,
        kind,
        capabilities,
        dtypes,
        fixed=None if source.resizable and base == plain else base,
        layout=layout,
        notes=(*notes, *failed),
    )
    outputs = found.reply.outputs
    width = outputs.shape[-1] if outputs.ndim else base.hidden_size
    return TorchCell(source, found.call, signature, base, width)


def _layout(
    module: nn.Module, base: Spec, kind: Kind | None
) -> tuple[Layout | None, str]:
    if kind is None:
        return None, ""
    return recognised(kind, base, shapes_of(module), (TORCH, TORCH_CELL))


def _capabilities(
    source: Source,
    base: Spec,
    found: Found,
    layout: Layout | None,
    dtypes: tuple[str, ...],
) -> Capability:
    call, takes = found.call, source.takes
    told_twice = call.mask and call.lengths not in ("", "packed")
    stacks = "num_layers" in takes or base.num_layers > 1
    offered = {
        Capability.SEQUENCE: call.sequence,
        Capability.STEPS: not call.sequence,
        Capability.INITIAL_STATE: call.arguments,
        Capability.DEFAULT_STATE: call.default,
        Capability.FINAL_STATE: found.reply.state,
        Capability.LAYOUT: layout,
        Capability.RESIZABLE: source.resizable,
        Capability.BIAS: base.bias,
        Capability.NO_BIAS: "bias" in takes or not base.bias,
        Capability.LENGTHS: call.lengths or call.mask,
        Capability.PADS: call.pads,
        Capability.MASKS: told_twice,
        Capability.BATCH_FIRST: "batch_first" in takes,
        Capability.STACKS: stacks,
        Capability.DIRECTIONS: "bidirectional" in takes or base.bidirectional,
        Capability.DROPOUT: stacks and ("dropout" in takes or base.dropout > 0),
        Capability.REPEATABLE_TRAINING: not draws(source, base, call),
        Capability.FLOAT64: "float64" in dtypes,
    }
    has = ALWAYS
    for capability, offers in offered.items():
        has |= capability if offers else Capability(0)
    return has


def _dtypes(
    source: Source, base: Spec, call: Call
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the dtypes in which no more fails than at first, and why others do."""
    at_first = _failures(source, base, call)
    works: list[str] = []
    notes: dict[str, str] = {}
    for dtype in (*DTYPES, *HALVES):
        try:
            failures = _failures(source, replace(base, dtype=dtype), call)
        except Unsupported as error:
            notes[dtype] = f"{dtype} is not checked: {error}"
            continue
        new = [why for states, why in failures.items() if states not in at_first]
        if new:
            why = f"{type(new[0]).__name__}: {new[0]}"
            notes[dtype] = f"{dtype} is not checked: {why}"
        else:
            works.append(dtype)
    return tuple(works), tuple(notes[dtype] for dtype in DTYPES if dtype in notes)


def _failures(source: Source, spec: Spec, call: Call) -> dict[int | None, Exception]:
    """Return what calls without and with a state raise, by the number of states."""
    counts: list[int | None] = [call.states] if call.arguments else []
    counts += [None] if call.default else []
    replies = {
        states: attempt(call, source.scratch(spec).eval(), sample(spec, states))
        for states in counts
    }
    return {n: reply for n, reply in replies.items() if isinstance(reply, Exception)}


def _assumed(
    module: nn.Module, source: Source, found: Found, why: str
) -> Iterator[str]:
    """Yield what is taken for granted, for the report."""
    call = found.call
    if why:
        yield f"its base class says what it is, but {why}: its kind is unknown"
    axes_told = "batch_first" in source.takes or found.reply.state
    if (
        call.sequence
        and not axes_told
        and attribute(module, "batch_first", bool) is None
    ):
        axes = "(N, T, D)" if call.batch_first else "(T, N, D)"
        yield f"inputs are taken to be {axes}; --set batch_first=… says otherwise"
    if call.mask and not call.lengths:
        yield f"lengths are handed over as {call.mask}="
    if isinstance(source, Live):
        yield from source.notes()
