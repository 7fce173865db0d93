"""Parameters that are handed over with each call, and their place in the textbook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refcheck.adapters.arrays import Weights
from refcheck.cell import Array, Declared, Kind, Spec
from refcheck.errors import TargetError
from refcheck.layout import CANONICAL, TORCH, Layout, recognised

Shape = tuple[int, ...]
ONE_BIAS = replace(CANONICAL, bias_hh="")
NO_BIAS = replace(CANONICAL, bias_ih="", bias_hh="")
KNOWN = (CANONICAL, ONE_BIAS, NO_BIAS, TORCH)


@dataclass(frozen=True)
class Params:
    """What the target takes as ``params``: shapes for each spec, and the container."""

    shapes: Callable[[Spec], Mapping[str, Shape]]
    container: Callable[[Mapping[str, Array]], Any]
    resizable: bool


def params_of(declared: Declared, name: str) -> Params:
    """Return what is to be handed over as ``params``.

    Raises:
        TargetError: if that was not said, or is no mapping.
    """
    given = declared.params
    if isinstance(given, Mapping):
        fixed = _shapes(given, name)
        return Params(lambda _: fixed, dict, resizable=False)
    if callable(given):
        return Params(lambda spec: _made(given, spec, name), dict, resizable=True)
    kind = declared.like
    if given is not None or kind is None:
        message = (
            f"{name} takes parameters, and nothing says which. Give --params NAME, a "
            "mapping of name to array or a function (input_size, hidden_size) that "
            "returns one, or --like KIND for weight_ih, weight_hh, bias_ih, bias_hh."
        )
        raise TargetError(message)
    return Params(lambda spec: CANONICAL.shapes(kind, spec), Weights, resizable=True)


def layout_of(
    kind: Kind, spec: Spec, shapes: Mapping[str, Shape], name: str
) -> tuple[Layout, str]:
    """Return where the textbook's parameters are, and a note if that is a guess.

    Raises:
        TargetError: if they cannot be told.
    """
    layout, why = recognised(kind, spec, shapes, KNOWN)
    if layout is not None:
        return layout, ""
    guess = _by_shape(kind, spec, shapes)
    if guess is None:
        message = f"{name} cannot be held to {kind.value}: {why}."
        raise TargetError(message)
    roles = [f"{own} is {part}" for part, (own,) in guess.names(spec)[0].items()]
    across = ", matrices transposed" if guess.transposed else ""
    note = f"parameters are told by their shapes: {', '.join(roles)}{across}"
    return guess, note


def _by_shape(kind: Kind, spec: Spec, shapes: Mapping[str, Shape]) -> Layout | None:
    """Return a layout under the target's own names, if no two could be exchanged."""
    rows = kind.gates * spec.hidden_size
    matrices: dict[Shape, str] = {s: n for n, s in shapes.items() if len(s) == 2}
    biases = [n for n, s in shapes.items() if s == (rows,)]
    for across in (False, True):
        step = -1 if across else 1
        ih: Shape = (rows, spec.input_size)[::step]
        hh: Shape = (rows, spec.hidden_size)[::step]
        fits = matrices.keys() == {ih, hh} and ih != hh and len(biases) <= 2
        if fits and len(shapes) == 2 + len(biases):
            bias_ih, bias_hh = [*biases, "", ""][:2]
            names = (matrices[ih], matrices[hh], bias_ih, bias_hh)
            return Layout("its own form", *names, transposed=across)
    return None


def _made(function: Callable[..., Any], spec: Spec, name: str) -> Mapping[str, Shape]:
    try:
        made = function(spec.input_size, spec.hidden_size)
    except Exception as error:
        sizes = f"({spec.input_size}, {spec.hidden_size})"
        message = (
            f"--params{sizes} raised {type(error).__name__}: {error}. Expected a "
            "function (input_size, hidden_size) that returns name -> array."
        )
        raise TargetError(message) from error
    return _shapes(made, name)


def _shapes(given: Any, name: str) -> Mapping[str, Shape]:
    arrays = given.items() if isinstance(given, Mapping) else ()
    shapes = {str(key): tuple(np.shape(value)) for key, value in arrays}
    if shapes:
        return shapes
    message = (
        f"--params gives {name} an object of type {type(given).__name__}, expected a "
        "mapping of name to array."
    )
    raise TargetError(message)
