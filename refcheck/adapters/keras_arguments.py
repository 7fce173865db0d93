"""What a Keras layer is called with on any backend, and the gradients that come back.

x (N, T, D)   mask (N, T)   states (N, H) each; forward ones first, then backward
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from refcheck.cell import Array


class Arguments(NamedTuple):
    """What a layer is called with: arrays, or a backend's tensors."""

    inputs: Any
    mask: Any  # None where every step is read
    states: Sequence[Any] | None


class Pulled(NamedTuple):
    """Gradients as arrays of NumPy."""

    variables: Mapping[str, Array]  # by path
    inputs: Array
    states: Sequence[Array]


def keywords(given: Arguments) -> dict[str, Any]:
    """Return the arguments of a call that stand beside the inputs, as far as given."""
    named = {"mask": given.mask, "initial_state": given.states}
    return {name: value for name, value in named.items() if value is not None}
