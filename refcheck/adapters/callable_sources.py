"""Where the functions that are called come from: a function, an object, or a class."""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from refcheck.adapters.stateful import duplicate
from refcheck.cell import Declared, Spec
from refcheck.errors import RefcheckError, TargetError, Unsupported

SIZES = ("input_size", "hidden_size")
METHODS = ("__call__", "forward", "step")
EXPECTED = (
    "expected a step (x_t, state) -> (output, state), a sequence function "
    "(inputs, state) -> (outputs, state), or an object or a class with such a "
    "__call__, forward or step"
)


@dataclass(frozen=True)
class Source:
    """What gives out live objects, and the function of each that is called."""

    thing: Any
    method: str = ""  # "" if the object itself is called
    holds: bool = False  # an object, which may keep arrays of its own
    built: bool = False  # a class, which is built first
    sizes: tuple[str, ...] = ()  # its arguments for input_size and hidden_size
    typed: bool = False  # it can be built for a dtype
    options: Mapping[str, Any] = field(default_factory=dict)

    def live(self, spec: Spec) -> Any:
        """Return an object that nobody else has.

        Raises:
            Unsupported: if it cannot be built.
        """
        if not self.built:
            return self._copied() if self.holds else self.thing
        sizes = (spec.input_size, spec.hidden_size)
        options: dict[str, Any] = dict(zip(self.sizes, sizes, strict=False))
        options |= {"dtype": spec.dtype} if self.typed else {}
        options |= self.options
        try:
            with _same_random_numbers():
                return self.thing(**options)
        except Exception as error:
            said = ", ".join(f"{n}={v!r}" for n, v in options.items())
            call = f"{self.thing.__name__}({said})"
            message = f"{call} raised {type(error).__name__}: {error}"
            raise Unsupported(message) from error

    def _copied(self) -> Any:
        try:
            return duplicate(self.thing)
        except Exception as error:
            kind = type(self.thing).__name__
            message = f"the {kind} cannot be copied, name its class instead: {error}"
            raise Unsupported(message) from error

    def function(self, live: Any) -> Callable[..., Any]:
        """Return what is called of a live object."""
        found: Callable[..., Any] = getattr(live, self.method) if self.method else live
        return found

    def backward(self, live: Any) -> Callable[..., Any] | None:
        """Return the backward pass of a live object, if it has one."""
        beside = sys.modules.get(getattr(live, "__module__", "") or "")
        if getattr(live, "__name__", "") != "forward":
            beside = None
        found = getattr(live, "backward", getattr(beside, "backward", None))
        return found if callable(found) else None


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Let objects of a class that draws what nobody can set be alike."""
    before = np.random.get_state()  # noqa: NPY002 - the one that plain cells draw from
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def source_of(thing: Any, declared: Declared, name: str) -> Source:
    """Return where the functions of ``thing`` come from.

    Raises:
        TargetError: if it is nothing that can be called, or built.
        RefcheckError: if options are set that it does not take.
    """
    options = {k: v for k, v in declared.options.items() if k not in SIZES}
    source = _class(thing, options, name) if _is_built(thing) else _ready(thing)
    if source is None:
        message = f"cannot adapt {name}, of type {type(thing).__name__}: {EXPECTED}."
        raise TargetError(message)
    if options and not source.built:
        message = f"{name} is not built, so it has no option {min(options)!r} to set."
        raise RefcheckError(message)
    return source


def _is_built(thing: Any) -> bool:
    """Whether it is a class whose instances are called."""
    methods = [inspect.getattr_static(thing, m, None) for m in METHODS[1:]]
    static = any(isinstance(m, staticmethod) for m in methods)
    return inspect.isclass(thing) and not static


def _ready(thing: Any) -> Source | None:
    if inspect.isroutine(thing):
        return Source(thing)
    methods = METHODS[1:] if inspect.isclass(thing) else METHODS
    found = next((m for m in methods if callable(getattr(thing, m, None))), "")
    holds = not isinstance(thing, type | ModuleType)
    return Source(thing, found, holds=holds) if found else None


def _class(cls: Any, options: Mapping[str, Any], name: str) -> Source | None:
    method = next((m for m in METHODS if _defined(cls, m)), "")
    if not method:
        return None
    taken = _constructor(cls)
    needed = [n for n, p in taken.items() if p.default is p.empty and n not in options]
    sizes = SIZES if set(SIZES) <= taken.keys() else tuple(needed[:2])
    missing = [n for n in needed if n not in sizes]
    if missing or len(sizes) == 1:
        lacking = (missing or sizes)[0]
        message = (
            f"{name} is built with {', '.join(taken)}, expected (input_size, "
            f"hidden_size) or nothing; give others with --set {lacking}=VALUE."
        )
        raise TargetError(message)
    typed = "dtype" in taken and "dtype" not in options
    return Source(cls, method, True, True, sizes, typed, options)


def _defined(cls: type, method: str) -> bool:
    """Whether instances of ``cls`` have it: every class can be called itself."""
    return any(method in vars(base) for base in cls.__mro__)


def _constructor(cls: Any) -> Mapping[str, inspect.Parameter]:
    try:
        taken = inspect.signature(cls).parameters
    except (TypeError, ValueError):
        return {}
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {n: p for n, p in taken.items() if p.kind not in variable}
