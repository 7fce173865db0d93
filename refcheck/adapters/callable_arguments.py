"""Which argument of a function takes what: from its signature."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

PARAMS = ("params", "parameters", "weights", "theta")
Parameter = inspect.Parameter


class Argument(NamedTuple):
    """One argument that is handed over."""

    role: str  # "params", "inputs", "state" or "lengths"
    name: str
    optional: bool = False  # None says that nothing is given
    keyword: bool = False  # by its name, since an argument before it is left out


UNTOLD = (Argument("inputs", "x"), Argument("state", "state"))


def arguments(
    function: Callable[..., Any], *, params: bool, states: int | None
) -> tuple[Argument, ...]:
    """Return the arguments to hand over, in the order of the signature.

    Parameters are found by name, or come first if they were declared.  Of the others
    the first is the input, and the next one or two are the state.
    """
    taken = _signature(function)
    if taken is None:
        return (Argument("params", "params"), *UNTOLD) if params else UNTOLD
    roles = _roles(taken, params=params, states=states)
    found, gap = [], False
    for p in taken:
        gap = gap or p.name not in roles or p.kind is p.KEYWORD_ONLY
        if p.name in roles:
            optional = p.default is None
            found.append(Argument(roles[p.name], p.name, optional, gap))
    return tuple(found)


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Whether ``function`` can be called with so many arguments by position."""
    taken = _signature(function)
    if taken is None:
        return True
    needed = sum(p.default is p.empty for p in taken)
    return needed <= count <= len(taken)


def _signature(function: Callable[..., Any]) -> Sequence[Parameter] | None:
    try:
        taken = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in taken):
        return None
    return [p for p in taken if p.kind is not p.VAR_KEYWORD]


def _roles(
    taken: Sequence[Parameter], *, params: bool, states: int | None
) -> dict[str, str]:
    names = [p.name for p in taken]
    called = [name for name in names if name.lower() in PARAMS]
    roles = dict.fromkeys(called[:1] or names[: int(params)], "params")
    roles |= {name: "lengths" for name in names if "len" in name}
    open_ = [p for p in taken if p.default is p.empty or p.default is None]
    given = [p for p in open_ if p.name not in roles]
    roles |= {p.name: "inputs" for p in given[:1]}
    roles |= {p.name: "state" for p in _states(given[1:], states)}
    return roles


def _states(given: Sequence[Parameter], states: int | None) -> Sequence[Parameter]:
    """Return the first, and the second if it is a state too: ``(x, h, c)``."""
    second = [p for p in given[1:2] if p.default is p.empty or p.name.startswith("c")]
    return [*given[:1], *(second if states != 1 else [])]
