"""How a class is constructed: from its signature, then by trial."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from refcheck.adapters.torch_build import CHOICES, SIZES, Blueprint
from refcheck.adapters.torch_calls import Call
from refcheck.adapters.torch_modules import attribute, literal, shapes_of
from refcheck.adapters.torch_samples import attempt, fits, sample
from refcheck.adapters.torch_signatures import Constructor, constructor
from refcheck.cell import Declared, Kind, Spec
from refcheck.errors import TargetError, Unsupported
from refcheck.layout import Layout

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "num_layers": {"num_layers": 2},
    "bidirectional": {"bidirectional": True},
    "bias": {"bias": False},
    "batch_first": {"batch_first": True},
    "dropout": {"dropout": 0.5, "num_layers": 2},
}
NONLINEARITIES = {Kind.RNN_TANH: "tanh", Kind.RNN_RELU: "relu"}
TRIAL = Spec(4, 5, dtype="float32")  # what a class is first built with


def blueprint(
    cls: type[nn.Module], declared: Declared, name: str
) -> tuple[Blueprint, Spec]:
    """Return how to build ``cls``, and the spec that it is first built with.

    Raises:
        TargetError: if an option that was declared is unknown, or a needed one missing.
    """
    known = constructor(cls)
    given = {key: literal(value) for key, value in declared.options.items()}
    sizes = {
        size: given.pop(size, given.pop(called, None))
        for size, called in zip(SIZES, (*known.sizes, *SIZES), strict=False)
    }
    sizes = {size: value for size, value in sizes.items() if value is not None}
    base = replace(TRIAL, **sizes)
    stated = {k: v for k, v in given.items() if k in CHOICES}
    passed = {k: v for k, v in given.items() if k in known.names or known.swallows}
    _require_known(given, stated | passed, known, name)
    if "nonlinearity" in known.names and declared.like in NONLINEARITIES:
        passed.setdefault("nonlinearity", NONLINEARITIES[declared.like])
    takes = frozenset(CHOICES) & set(known.own) - stated.keys()
    missing = set(known.required) - {*known.sizes, *takes, *passed}
    if missing:
        needed = min(missing, key=known.required.index)
        message = f"{name} needs {needed}; give it with --set {needed}=VALUE."
        raise TargetError(message)
    swallowed = set(CHOICES) if known.swallows else known.names & set(CHOICES)
    source = Blueprint(
        cls,
        takes,
        passed,
        resizable=not sizes,
        by_name=known.sizes == SIZES,
        swallows=frozenset(swallowed - takes - stated.keys()),
    )
    return source, replace(base, **stated)


def chosen(
    source: Blueprint, base: Spec, call: Call, kind: Kind | None, layout: Layout | None
) -> tuple[Blueprint, tuple[str, ...]]:
    """Return ``source`` with the options that can be chosen, and why others cannot.

    An option that the class names is offered if it can be built so, even if it then
    does nothing: that is a fault, which the first call of it tells.  One that is
    swallowed by ``**options`` must also do what it says.
    """
    notes = []
    named = source.takes
    for name in (n for n in VARIANTS if n in named | source.swallows):
        spec = replace(base, **VARIANTS[name])
        with_it = replace(source, takes=source.takes | {name})
        without = replace(source, takes=source.takes - {name})
        why = _refusal(with_it, spec)
        if why and name in named:
            notes.append(f"{name} stays {getattr(base, name)!r}: {why}")
        shown = name in named or _does(name, with_it, base, call, kind, layout)
        source = with_it if shown and not why else without
    return source, tuple(notes)


def _refusal(source: Blueprint, spec: Spec) -> str:
    """Return why the class cannot be built so, or an empty string."""
    try:
        source.build(spec)
    except Unsupported as error:
        return str(error)
    return ""


def _does(
    name: str,
    source: Blueprint,
    base: Spec,
    call: Call,
    kind: Kind | None,
    layout: Layout | None,
) -> bool:
    """Return whether a module shows that it was built with the option ``name``."""
    spec = replace(base, **VARIANTS[name])
    if _refusal(source, spec):
        return False
    module = source.build(spec)
    if name == "dropout":
        return bool(attribute(module, "dropout", float) == spec.dropout)
    if name == "batch_first":
        case = sample(spec, None if call.default else call.states)
        reply = attempt(replace(call, batch_first=True), module.eval(), case)
        return not isinstance(reply, Exception) and fits(reply, case)
    if kind is not None and layout is not None:
        return not layout.matches(kind, spec, shapes_of(module))
    return shapes_of(module) != shapes_of(source.build(base))


def _require_known(
    given: Mapping[str, Any], used: Mapping[str, Any], known: Constructor, name: str
) -> None:
    for option in given.keys() - used.keys():
        taken = ", ".join(sorted(known.names)) or "none"
        message = f"{name} has no option {option!r} to set; it takes {taken}."
        raise TargetError(message)
