"""The faults of the bank in modules of PyTorch, as its adapter meets them.

A module holds the parameters and hands each call on to a planted cell, whose backward
pass is an autograd function's.  What a planted cell is told by its case, the module
reads from tensors: strides, lengths or a mask, and which call comes after which.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

from refcheck.adapters.torch_tensors import array, bare
from refcheck.bugs.lines import Lines
from refcheck.bugs.planted import Planted
from refcheck.case import Case
from refcheck.cell import Array, Kind, Reply, Spec
from refcheck.reverse import Traced, untraced


class Linked(torch.autograd.Function):
    """Results that were computed elsewhere, and what pulls back from them."""

    @staticmethod
    def forward(ctx, pull, results, *_):
        ctx.pull = pull
        return tuple(results)

    @staticmethod
    def backward(ctx, *grads):
        return (None, None, *map(bare, ctx.pull(*map(array, grads))))


class Network(nn.Module):
    """A network of any options, run by a planted cell."""

    def __init__(
        self,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
    ):
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.options = (num_layers, bidirectional, bias, batch_first, dropout)
        self.cell = self.planted()
        self.kept: Any = None  # the last reply, and the tensors that were returned
        self.passes = 0  # whose gradients have been accumulated
        for name, shape in self.cell.shapes(self.spec("float64")).params.items():
            setattr(self, name, nn.Parameter(torch.rand(shape) - 0.5))

    def planted(self) -> Planted:
        raise NotImplementedError

    def spec(self, dtype: str) -> Spec:
        return Spec(self.input_size, self.hidden_size, *self.options, dtype=dtype)

    def forward(self, x, hx=None, lengths=None, mask=None):
        if x.dim() != 3:
            message = f"inputs have shape {tuple(x.shape)}, expected three axes"
            raise ValueError(message)
        several = self.cell.kind.states > 1
        given = () if hx is None else tuple(hx if several else (hx,))
        state = self.not_detached(given)
        case = self.case(x, given, lengths, mask)
        reply, pull = self.run(case)
        results = [self.turned(reply.outputs), *reply.state]
        leaves = (*self.parameters(), x, *state)
        outputs, *final = Linked.apply(pull, list(map(bare, results)), *leaves)
        self.overwrite(case, reply, {"inputs": x, **named("state", state)})
        self.kept = reply, (outputs, *final)
        return outputs, tuple(final) if several else final[0]

    def case(self, x, state, lengths, mask) -> Case:
        spec = self.spec(str(next(self.parameters()).dtype).removeprefix("torch."))
        if mask is not None:
            lengths = mask.sum(1 if spec.batch_first else 0)
        inputs = self.turned(array(x))
        shape = (spec.depth, inputs.shape[1], spec.hidden_size)
        return Case(
            spec,
            {name: array(p) for name, p in self.named_parameters()},
            inputs,
            tuple(map(array, state)) or None,
            None if lengths is None else array(lengths),
            np.zeros(0),
            (np.zeros(shape, spec.dtype),) * self.cell.kind.states,
            strides=strides_of(x),
            masked=mask is not None,
        )

    def run(self, case: Case) -> tuple[Reply, Callable[..., list[Array]] | None]:
        if not torch.is_grad_enabled():
            return self.cell.forward(case), None
        drawn = self.training and case.spec.dropout and case.spec.num_layers > 1
        seed = int(torch.randint(2**31, ())) if drawn else int(self.training) - 1
        reply, pull = self.cell.recorded(case, None if seed < 0 else seed)

        def pulled(grad_outputs, *grad_state) -> list[Array]:
            turned = self.turned(grad_outputs)
            found = pull(case.but(grad_outputs=turned, grad_state=grad_state))
            state = found.state if case.state else ()
            params = self.accumulated(found).values()
            return [*params, self.turned(found.inputs), *state]

        return reply, pulled

    def turned(self, batched: Array) -> Array:
        """Exchange the first two axes if the batch is to come first."""
        return (
            batched.swapaxes(0, 1) if self.options[3] and batched.ndim > 1 else batched
        )

    def not_detached(self, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the last call's own final state in the place of a detached copy."""
        traced = tuple(Traced(array(s)) for s in state)
        still = [
            a is b
            for a, b in zip(self.cell.lines.detached(traced), traced, strict=True)
        ]
        kept = self.kept[1][1:] if self.kept and any(still) else state
        return tuple(
            own if attached and torch.equal(own, s) else s
            for own, s, attached in zip(kept, state, still, strict=True)
        )

    def accumulated(self, found):
        """Return what leaves in ``grad`` what this many passes should leave there."""
        if self.cell.lines.accumulated is Lines.accumulated:
            return found.params
        before = {n: p.grad for n, p in self.named_parameters() if p.grad is not None}
        self.passes = self.passes + 1 if before else 1
        wanted = self.cell.lines.accumulated(found, self.passes).params
        return {n: g - array(before[n]) if before else g for n, g in wanted.items()}

    def overwrite(self, case: Case, reply: Reply, given: dict[str, Tensor]) -> None:
        """Leave behind what the cell leaves in arguments and in earlier results."""
        tensors = given | named("params", dict(self.named_parameters()))
        for name, left in self.cell.lines.after(case, reply).items():
            turned = self.turned(left) if name == "inputs" else left
            tensors[name].data = bare(untraced(turned))
        if self.kept:
            again = self.cell.lines.again(self.kept[0])
            results = [
                self.turned(untraced(again.outputs)),
                *map(untraced, again.state),
            ]
            for tensor, left in zip(self.kept[1], results, strict=True):
                if tuple(tensor.shape) == left.shape:
                    tensor.data.copy_(bare(left))


class Packed(Network):
    """Lengths come in a packed sequence."""

    def forward(self, x, hx=None):
        if not isinstance(x, PackedSequence):
            return super().forward(x, hx)
        first = self.options[3]
        padded, lengths = pad_packed_sequence(x, first)
        outputs, state = super().forward(padded, hx, lengths)
        return pack_padded_sequence(
            outputs, lengths, first, enforce_sorted=False
        ), state


def named(what: str, tensors: Any) -> dict[str, Tensor]:
    items = tensors.items() if isinstance(tensors, dict) else enumerate(tensors)
    return {f"{what}.{name}": t for name, t in items}


def strides_of(x: Tensor) -> str:
    """Return what a case calls such strides."""
    if x.is_contiguous():
        return "offset" if x.storage_offset() else "contiguous"
    backwards = tuple(range(x.dim()))[::-1]
    return "transposed" if x.permute(backwards).is_contiguous() else "sliced"


def presented(plant: Callable[[Kind], Planted], kind: Kind, base=Network) -> type:
    """Return a class of modules, each of which has a planted cell of its own."""
    return type("Module", (base,), {"planted": lambda self: plant(kind)})
