"""Keras on PyTorch: calls, and gradients by autograd."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from refcheck.adapters.keras_arguments import Arguments, Pulled, keywords
from refcheck.cell import Array

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
        """Return what the layer returns, without recording gradients."""
        with torch.no_grad():
            return self._returned(_tensors(given))

    def pulled(self, given: Arguments, seeds: list[Array]) -> Pulled:
        """Return the gradients, where ``seeds`` enter at what is returned."""
        tensors = _tensors(given)
        variables = {v.path: v.value for v in self._layer.trainable_variables}
        arguments = [tensors.inputs, *(tensors.states or ())]
        for tensor in arguments:
            tensor.requires_grad_()
        returned = self._returned(tensors)
        found = torch.autograd.grad(
            returned,
            [*variables.values(), *arguments],
            [torch.from_numpy(seed) for seed in seeds],
            allow_unused=True,
            materialize_grads=True,
        )
        arrays = [gradient.numpy() for gradient in found]
        named = dict(zip(variables, arrays, strict=False))
        inputs, *states = arrays[len(named) :]
        return Pulled(named, inputs, states)

    def _returned(self, given: Arguments) -> list[Any]:
        return list(self._layer(given.inputs, training=False, **keywords(given)))


def _tensors(given: Arguments) -> Arguments:
    mask = None if given.mask is None else torch.from_numpy(given.mask.copy())
    states = given.states and [torch.from_numpy(s) for s in given.states]
    return Arguments(torch.from_numpy(given.inputs), mask, states)
