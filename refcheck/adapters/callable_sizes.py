"""The sizes and dtypes that a callable has, where they are not for us to choose."""

from collections.abc import Mapping
from typing import Any

from refcheck.adapters.callable_params import Params, Shape
from refcheck.adapters.callable_sources import SIZES, Source
from refcheck.adapters.stateful import arrays_of
from refcheck.cell import Declared, Spec
from refcheck.errors import RefcheckError, TargetError

BOTH = ("float64", "float32")


def fixed_sizes(
    source: Source, params: Params | None, live: Any, name: str
) -> Spec | None:
    """Return the one spec that the target has, or None if it can be built to order.

    Raises:
        TargetError: if its sizes cannot be told.
    """
    if params.resizable if params else source.sizes:
        return None
    found = _of_attributes(live) or _of_weights(_shapes(params, live))
    if found is None:
        message = (
            f"the sizes of {name} cannot be told. Declare them: --set input_size=3 "
            "--set hidden_size=4."
        )
        raise TargetError(message)
    return found


def dtypes_of(source: Source, params: Params | None, live: Any) -> tuple[str, ...]:
    """Return the dtypes that the target computes in: its arrays', or what it is given.

    A function without parameters has arrays that nobody sees; they are float64 by
    default.
    """
    if params is not None or source.typed:
        return BOTH
    own = list(arrays_of(live).values()) if source.holds else []
    return (own[0].dtype.name if own else BOTH[0],)


def declared_sizes(declared: Declared, name: str) -> Spec | None:
    """Return the spec that the user asks for, if any.

    Raises:
        RefcheckError: if it is half of one, or no size.
    """
    given = {key: declared.options[key] for key in SIZES if key in declared.options}
    for key, value in given.items():
        if type(value) is not int or value < 1:
            message = f"{key} of {name} is {value!r}, expected a whole number above 0."
            raise RefcheckError(message)
    if len(given) == 1:
        other = next(key for key in SIZES if key not in given)
        message = f"{name} has one size declared; give the other: --set {other}=4."
        raise RefcheckError(message)
    return Spec(**given) if given else None


def _shapes(params: Params | None, live: Any) -> Mapping[str, Shape]:
    if params is not None:
        return params.shapes(Spec(1, 1))
    return {name: array.shape for name, array in arrays_of(live).items()}


def _of_attributes(live: Any) -> Spec | None:
    inputs, hidden = (getattr(live, size, None) for size in SIZES)
    if not (isinstance(inputs, int) and isinstance(hidden, int)):
        return None
    return Spec(inputs, hidden)


def _of_weights(shapes: Mapping[str, Shape]) -> Spec | None:
    ih, hh = (shapes.get(name, ()) for name in ("weight_ih", "weight_hh"))
    return Spec(ih[1], hh[1]) if len(ih) == len(hh) == 2 else None
