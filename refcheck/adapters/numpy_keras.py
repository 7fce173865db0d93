"""Keras on NumPy: calls alone, for this backend has no gradients."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from refcheck.adapters.keras_arguments import Arguments, keywords

COMPILED = False


def precision(dtype: str) -> AbstractContextManager[None]:  # noqa: ARG001 - as on JAX
    """Return the context in which a layer of ``dtype`` is built and called: any."""
    return nullcontext()


class Calls:
    """One layer, called eagerly."""

    def __init__(self, layer: Any) -> None:
        """Call ``layer``."""
        self._layer = layer

    def called(self, given: Arguments) -> list[Any]:
        """Return what the layer returns."""
        return list(self._layer(given.inputs, training=False, **keywords(given)))
