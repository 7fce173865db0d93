"""How classes of libraries are built: from their signatures, and what --set says."""

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from refcheck.cell import Declared, Kind
from refcheck.errors import TargetError, Unsupported

SIZES = ("input_size", "hidden_size")
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
INNER = ("forward_rnn", "backward_rnn", "cell")  # in Flax, from outside inwards
CARRIES = ("carry", "state", "hidden", "h", "hx", "prev_state")
SQUASHED = {"tanh": Kind.RNN_TANH, "relu": Kind.RNN_RELU}


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function or a class that have names."""
    called = (
        inspect.getattr_static(function, "__init__")
        if isinstance(function, type)
        else function
    )
    found = inspect.signature(called).parameters.items()
    return {name: p for name, p in found if p.kind in NAMED and name != "self"}


def options(declared: Declared, taken: Sequence[str], name: str) -> dict[str, Any]:
    """Return what ``--set`` says, sizes aside.

    Raises:
        TargetError: if ``taken`` has no such name.
    """
    given = {k: _literal(v) for k, v in declared.options.items() if k not in SIZES}
    for option in given:
        if option not in taken:
            known = ", ".join(taken) or "none"
            message = f"{name} has no option {option!r} to set; it takes {known}."
            raise TargetError(message)
    return given


def sizes(declared: Declared) -> dict[str, Any]:
    """Return the sizes that ``--set`` says.

    Raises:
        TargetError: if one is no size.
    """
    given = {k: _literal(v) for k, v in declared.options.items() if k in SIZES}
    for size, value in given.items():
        if type(value) is not int or value < 1:
            message = f"{size} is {value!r}, expected a whole number above 0."
            raise TargetError(message)
    return given


def built(cls: type, *arguments: Any, **options: Any) -> Any:
    """Return an object of ``cls``.

    Raises:
        Unsupported: if its constructor raises.
    """
    try:
        return cls(*arguments, **options)
    except Exception as error:
        said = [*map(repr, arguments), *(f"{n}={v!r}" for n, v in options.items())]
        call = f"{cls.__name__}({', '.join(said)})"
        message = f"{call} raised {type(error).__name__}: {error}"
        raise Unsupported(message) from error


@contextmanager
def first_built(name: str) -> Iterator[None]:
    """Tell of a target that cannot be built at all.

    Raises:
        TargetError: where Unsupported is raised.
    """
    try:
        yield
    except Unsupported as error:
        message = f"{name} cannot be built: {error}."
        raise TargetError(message) from error


def inner(module: Any, wrappers: tuple[type, ...]) -> Any:
    """Return the cell in Flax's own RNN or Bidirectional, or else the module."""
    for name in INNER:
        if isinstance(module, wrappers):
            module = getattr(module, name, module)
    return module


def takes_the_carry_first(call: Any) -> bool | None:
    """Return whether the carry comes before the inputs; None if there is no carry."""
    names = list(parameters(call))[:2]
    carries = [any(c in n.lower().split("_") for c in CARRIES) for n in names]
    return carries[0] if any(carries) else None


def kind_of(classes: Mapping[type, Kind | None], cls: type, thing: Any) -> Kind | None:
    """Return the kind that the nearest base says, unless an option changes it."""
    found = next((c for c in cls.__mro__ if c in classes), None)
    if found is None or getattr(thing, "residual", False):
        return None
    squash = getattr(getattr(thing, "activation_fn", None), "__name__", "tanh")
    gate = getattr(getattr(thing, "gate_fn", None), "__name__", "sigmoid")
    kind = classes[found]
    if kind is Kind.RNN_TANH:
        return SQUASHED.get(squash)
    return kind if (squash, gate) == ("tanh", "sigmoid") else None


def _literal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
