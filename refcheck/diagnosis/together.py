"""Two faults in one cell: the lines of both, where they do not want the same one."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from refcheck.bugs.lines import Lines
from refcheck.bugs.planted import Planted
from refcheck.bugs.steps import STEPS
from refcheck.cell import Kind

CHAINS: Mapping[str, Callable[[Any, Any], Any]] = {  # one line after the other
    "given": lambda a, b: lambda case: b(a(case)),
    "params": lambda a, b: lambda params, spec: b(a(params, spec), spec),
    "ended": lambda a, b: lambda case, reply: b(case, a(case, reply)),
    "pulled": lambda a, b: lambda case, found: b(case, a(case, found)),
}


def together(one: Any, other: Any) -> Planted | None:
    """Return a cell with the faults of both, None if one excludes the other."""
    if not (isinstance(one, Planted) and isinstance(other, Planted)):
        return None
    first, second = one.make, other.make
    if _joined(first(one.kind), second(one.kind), one.kind) is None:
        return None

    def make(kind: Kind) -> Lines:
        return Lines(**(_joined(first(kind), second(kind), kind) or {}))

    return Planted(one.kind, make)


def _joined(one: Lines, other: Lines, kind: Kind) -> dict[str, Any] | None:
    """Return every line of both, None if they want one line each in its own way."""
    found = {}
    for field in fields(Lines):
        usual = STEPS[kind] if field.name == "step" else field.default
        mine, others = getattr(one, field.name), getattr(other, field.name)
        line = _line(field.name, usual, mine, others)
        if line is None:
            return None
        found[field.name] = line
    return found


def _line(name: str, usual: Any, one: Any, other: Any) -> Any:
    if one is usual or other is usual:
        return other if one is usual else one
    if name in CHAINS:
        return CHAINS[name](one, other)
    return _partial(usual, one, other)


def _partial(usual: Any, one: Any, other: Any) -> Any:
    """Return a step with the parts that both replace, None if it is the same part."""
    parts = [_parts(usual, step) for step in (one, other)]
    if None in parts or parts[0].keys() & parts[1].keys():
        return None
    return partial(usual, **parts[0], **parts[1])


def _parts(usual: Any, step: Any) -> Any:
    """Return what ``step`` replaces in the usual one, None if it is another step."""
    base = getattr(usual, "func", usual)
    if not isinstance(step, partial) or step.func is not base:
        return None
    known = getattr(usual, "keywords", {})
    return {k: v for k, v in step.keywords.items() if known.get(k) is not v}
