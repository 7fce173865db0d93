"""Tensors from arrays and back, and a module's tensors as its owner left them."""

from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor, nn

from refcheck.cell import Array

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)  # known to NumPy by name from here on
REGISTERS = ("_parameters", "_buffers", "_modules")


def tensor(array: Array, strides: str = "contiguous") -> Tensor:
    """Return a tensor of its own with these entries, laid out as ``strides`` says."""
    return VIEWS.get(strides, _contiguous)(bare(array))


def bare(array: Array) -> Tensor:
    """Return a contiguous tensor with these entries, which shares no memory."""
    copy = np.array(array, order="C")
    if copy.dtype == BFLOAT16:  # no NumPy dtype that torch knows: hand over the bits
        return torch.from_numpy(copy.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(copy)


def array(found: Any) -> Array:
    """Return the entries of a tensor in an array that shares no memory with it."""
    bits = found.detach().contiguous()
    if bits.dtype == torch.bfloat16:
        return np.array(bits.view(torch.int16).numpy()).view(BFLOAT16)
    copy: Array = found.detach().numpy().copy()
    return copy


def _contiguous(copy: Tensor) -> Tensor:
    return copy


def _transposed(copy: Tensor) -> Tensor:
    backwards = tuple(range(copy.dim()))[::-1]
    return copy.permute(backwards).contiguous().permute(backwards)


def _sliced(copy: Tensor) -> Tensor:
    return copy.repeat_interleave(2, dim=-1)[..., ::2]


def _offset(copy: Tensor) -> Tensor:
    padded = torch.cat([copy.new_zeros(1), copy.reshape(-1)])
    return padded[1:].view(copy.shape)


VIEWS = {  # torch has no negative strides: a reversed view cannot be handed over
    "contiguous": _contiguous,
    "transposed": _transposed,
    "sliced": _sliced,
    "offset": _offset,
}


class Snapshot:
    """A live module as its owner left it, to be given back bit for bit."""

    def __init__(self, module: nn.Module) -> None:
        """Remember its tensors by value, and everything else by reference."""
        parts = list(module.modules())
        self._modes = [(part, part.training) for part in parts]
        self._attributes = [(d, dict(d)) for part in parts for d in _attributes(part)]
        self._tensors = [
            (t, t.detach().clone(), t.requires_grad, t.grad if t.is_leaf else None)
            for t in {id(t): t for part in parts for t in _tensors(part)}.values()
        ]

    def restore(self) -> None:
        """Give the module back."""
        for attributes, before in self._attributes:
            attributes.clear()
            attributes.update(before)
        for part, training in self._modes:
            part.training = training
        for t, value, requires_grad, grad in self._tensors:
            with torch.no_grad():
                t.copy_(value)
            if t.is_leaf:
                t.requires_grad_(requires_grad)
                t.grad = grad


def _attributes(part: nn.Module) -> Iterator[dict[str, Any]]:
    yield part.__dict__
    registers = (part.__dict__.get(name) for name in REGISTERS)
    yield from (register for register in registers if isinstance(register, dict))


def _tensors(part: nn.Module) -> Iterator[Tensor]:
    for attributes in _attributes(part):
        yield from (t for t in attributes.values() if isinstance(t, Tensor))
