"""Modules as users write them, each with a calling convention or a fault of its own."""

from typing import Any

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class Recurrent(nn.Module):
    """A GRU step inside; those who inherit loop over time in their own way."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size, bias)
        self.hidden_size = hidden_size

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> State:
        """Return outputs (T, N, H) and the state (N, H) where ``ends`` says."""
        outputs = []
        for t in range(len(x)):
            h_next = self.cell(x[t], h)
            inside = torch.tensor(True) if ends is None else ends[t, :, None]
            h = torch.where(inside, h_next, h)
            outputs.append(torch.where(inside, h, 0.0))
        return torch.stack(outputs), h


class LengthsKeyword(Recurrent):
    """Time-major, state (1, N, H), lengths=."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        h = x.new_zeros(x.shape[1], self.hidden_size) if state is None else state[0]
        steps = torch.arange(len(x))[:, None]
        y, h = self.steps(x, h, None if lengths is None else steps < lengths)
        return y, h[None]


class MaskKeyword(Recurrent):
    """Batch first without an option that says so, state (N, H), mask= of booleans."""

    def forward(
        self, inputs: Tensor, h0: Tensor | None = None, *, mask: Tensor | None = None
    ) -> State:
        h = inputs.new_zeros(len(inputs), self.hidden_size) if h0 is None else h0
        y, h = self.steps(inputs.transpose(0, 1), h, None if mask is None else mask.T)
        return y.transpose(0, 1), h


class NumberMask(Recurrent):
    """A mask of 1 and 0, blended arithmetically, before the state in the signature."""

    def forward(
        self, x: Tensor, mask: Tensor | None = None, state: Tensor | None = None
    ) -> State:
        h = x.new_zeros(x.shape[1], self.hidden_size) if state is None else state[0]
        mask = x.new_ones(x.shape[:2]) if mask is None else mask
        outputs = []
        for t in range(len(x)):
            m = mask[t, :, None]
            h = m * self.cell(x[t], h) + (1 - m) * h
            outputs.append(m * h)
        return torch.stack(outputs), h[None]


class BothKeywords(LengthsKeyword):
    """lengths= and mask=."""

    def forward(
        self,
        x: Tensor,
        state: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> State:
        if mask is not None:
            lengths = mask.sum(0)
        return super().forward(x, state, lengths)


class NoLengthsYet(LengthsKeyword):
    """An argument that is not implemented."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if lengths is not None:
            raise NotImplementedError
        return super().forward(x, state)


class StepAlone(Recurrent):
    """A step that returns h, and needs a state."""

    def forward(self, x_t: Tensor, state: Tensor) -> Tensor:
        return self.cell(x_t, state)


class StepReadout(Recurrent):
    """A step that returns a prediction and h."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int = 7) -> None:
        super().__init__(input_size, hidden_size)
        self.readout = nn.Linear(hidden_size, output_size)

    def forward(self, x_t: Tensor, h: Tensor) -> State:
        h = self.cell(x_t, h)
        return self.readout(h), h


class StepPair(nn.Module):
    """A step that returns (output, (h, c))."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTMCell(input_size, hidden_size)

    def forward(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = self.lstm(x_t, state)
        return h, (h, c)


class StepSpread(StepPair):
    """h and c are arguments of their own."""

    def forward(self, x_t: Tensor, h: Tensor, c: Tensor) -> State:
        return self.lstm(x_t, (h, c))


class StepForgetting(Recurrent):
    """A step that keeps its state, and a method that forgets it."""

    def reset(self) -> None:
        self.h: Tensor | None = None

    def forward(self, x_t: Tensor) -> Tensor:
        self.h = self.cell(x_t, self.h)
        return self.h


class Inside(nn.Module):
    """torch.nn.LSTM in a module; both, PackedSequence too, go through."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)

    def forward(self, x: Any, hidden: State | None = None) -> Any:
        return self.lstm(x, hidden)


class Triple(Inside):
    """(output, h, c)."""

    def forward(self, x: Tensor, hidden: State | None = None) -> Any:
        y, (h, c) = self.lstm(x, hidden)
        return y, h, c


class OutputAlone(nn.Module):
    """No state in, no state out."""

    def __init__(self, n_in: int, n_hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_hidden, n_in))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cumsum(x @ self.weight.T, 0)


class StateInAlone(nn.Module):
    """A state in, none out."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size)

    def forward(self, x: Tensor, h0: Tensor | None = None) -> Any:
        return self.gru(x, h0)[0]


class Swallows(nn.Module):
    """Options that no signature tells."""

    def __init__(self, *sizes: int, **options: Any) -> None:
        super().__init__()
        self.gru = nn.GRU(*sizes, **options)

    def forward(self, *arguments: Any) -> Any:
        return self.gru(*arguments)


class Fixed(LengthsKeyword):
    """A class without sizes."""

    def __init__(self) -> None:
        super().__init__(2, 3)
        self.input_size = 2


class StaleWeights(LengthsKeyword):
    """Prepares a weight once, and never looks at the parameter again."""

    prepared: Tensor | None = None

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if self.prepared is None:
            self.prepared = self.cell.weight_ih.detach().clone()
        return super().forward(x + self.prepared.sum(), state, lengths)


class Scribbles(LengthsKeyword):
    """Writes into what it is given."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        found = super().forward(x.clone(), state, lengths)
        x.zero_()
        if state is not None:
            state.zero_()
        return found


class Reuses(nn.Module):
    """Returns the same buffer each time."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size)
        self.outputs: Tensor | None = None

    def forward(self, x: Tensor, state: Tensor | None = None) -> State:
        y, h = self.gru(x, state)
        if self.outputs is None or self.outputs.shape != y.shape:
            self.outputs = y.detach().clone()
        return self.outputs.copy_(y.detach()), h


class IgnoresBias(LengthsKeyword):
    """bias=False does nothing."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__(input_size, hidden_size)


class RefusesOptions(LengthsKeyword):
    """An option that is not implemented, and says so."""

    def __init__(
        self, input_size: int, hidden_size: int, bidirectional: bool = False
    ) -> None:
        if bidirectional:
            message = "one direction only"
            raise NotImplementedError(message)
        super().__init__(input_size, hidden_size)


class SinglePrecisionZeros(LengthsKeyword):
    """The default state is float32, whatever the inputs are."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if state is None:
            state = torch.zeros(1, x.shape[1], self.hidden_size)
        return super().forward(x, state, lengths)


class FlatStateOut(LengthsKeyword):
    """Takes the state as (1, N, H), returns it as (N, H)."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if state is not None and state.dim() != 3:
            message = "the state has three axes"
            raise ValueError(message)
        y, h = super().forward(x, state, lengths)
        return y, h[0]


class Detached(LengthsKeyword):
    """The inputs are cut from the graph."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        return super().forward(x.detach(), state, lengths)


class Inference(LengthsKeyword):
    """Nothing is recorded."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        with torch.no_grad():
            return super().forward(x, state, lengths)


class Frozen(LengthsKeyword):
    """A weight that was frozen by mistake."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.cell.weight_hh.requires_grad_(False)


class FailsWithStateOfOnes(LengthsKeyword):
    """A fault that no trial call meets."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if state is not None and bool((state == 1).all()):
            raise ZeroDivisionError
        return super().forward(x, state, lengths)


class Counting(LengthsKeyword):
    """Counts its calls in a buffer, and keeps its last outputs."""

    count: Tensor

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.input_size = input_size
        self.register_buffer("count", torch.zeros(()))

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        self.count += 1
        y, h = super().forward(x, state, lengths)
        self.last = y.detach()
        return y, h


class Unlabelled(nn.Module):
    """A GRU step that keeps its sizes to itself."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih = nn.Parameter(torch.ones(3 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.ones(3 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.ones(3 * hidden_size))
        self.bias_hh = nn.Parameter(torch.ones(3 * hidden_size))

    def forward(self, x: Tensor, h: Tensor) -> Any:
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return torch.gru_cell(x, h, *weights)


class Named(nn.LSTM):
    """A subclass that gives the sizes names of its own, and passes options on."""

    def __init__(self, n_in: int, n_hidden: int, **options: Any) -> None:
        super().__init__(n_in, n_hidden, **options)


class Extended(nn.LSTM):
    """A subclass with a weight of its own."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.scale = nn.Parameter(torch.ones(()))


class SwallowsAndForgets(LengthsKeyword):
    """Options that are accepted, and lost."""

    def __init__(self, input_size: int, hidden_size: int, **options: Any) -> None:
        super().__init__(input_size, hidden_size)


class NeedsMore(LengthsKeyword):
    """An option that has no default."""

    def __init__(self, input_size: int, hidden_size: int, vocabulary: int) -> None:
        super().__init__(input_size, hidden_size)


class EvenOnly(LengthsKeyword):
    """Takes even sizes."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        if hidden_size % 2:
            message = "odd"
            raise ValueError(message)
        super().__init__(input_size, hidden_size)


class EvenInputsOnly(LengthsKeyword):
    """Takes even numbers of inputs."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        if input_size % 2:
            message = "odd"
            raise ValueError(message)
        super().__init__(input_size, hidden_size)


class ThreeUnitsFail(LengthsKeyword):
    """Works, but not with three units."""

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if self.hidden_size == 3:
            raise ZeroDivisionError
        return super().forward(x, state, lengths)


class NoParameters(nn.Module):
    """Weights in plain tensors."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight = torch.ones(hidden_size, input_size)


class ReturnsNone(Recurrent):
    """A return statement that was forgotten."""

    def forward(self, x: Tensor, state: Tensor | None = None) -> None:
        self.steps(x, x.new_zeros(x.shape[1], self.hidden_size), state)


class ReturnsDictionary(Recurrent):
    """A state by name."""

    def forward(self, x: Tensor, state: Any = None) -> Any:
        return x, {"h": state}


class NeverBuilt(nn.Module):
    """Raises without reading a size."""

    def __init__(self) -> None:
        message = "never"
        raise ValueError(message)


class OneSize(Recurrent):
    """As many inputs as units."""

    def __init__(self, size: int) -> None:
        super().__init__(size, size)


class FaultInside(StepAlone):
    """A name that does not exist."""

    def forward(self, x_t: Tensor, state: Tensor) -> Tensor:
        return super().forward(x_t, state) + missing  # noqa: F821


class StateMisused(LengthsKeyword):
    """Fails whenever a state is given."""

    fails: type[Exception] = ZeroDivisionError

    def forward(
        self, x: Tensor, state: Tensor | None = None, lengths: Tensor | None = None
    ) -> State:
        if state is not None:
            raise self.fails
        return super().forward(x, state, lengths)


class NoStateYet(StateMisused):
    """Says that no state can be given."""

    fails = NotImplementedError


class NoState(OutputAlone):
    """(output, None)."""

    def forward(self, x: Tensor) -> Any:
        return super().forward(x), None


class CarelessTail(LengthsKeyword):
    """Outputs past the end of a row are what follows from the padding."""

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> State:
        outputs, last = super().steps(x, h, None)
        return outputs, last if ends is None else super().steps(x, h, ends)[1]


class MixedTail(LengthsKeyword):
    """Zeros past the end of a row, but the last output once all rows have ended."""

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> State:
        outputs, h = super().steps(x, h, ends)
        longest = len(x) if ends is None else int(ends.sum(0).max())
        tail = outputs[longest - 1 : longest].expand(len(x) - longest, -1, -1)
        return torch.cat([outputs[:longest], tail]), h


class NeedsLeafInputs(LengthsKeyword):
    """The state records no gradient unless the inputs do."""

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> State:
        if x.requires_grad:
            return super().steps(x, h, ends)
        with torch.no_grad():
            return super().steps(x, h, ends)


class Overwriting(torch.autograd.Function):
    """Its backward pass doubles what it has kept, each time that it runs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.scale = 1
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        ctx.scale *= 2
        return grads[0] * (ctx.scale / 2)


class PulledOnce(torch.autograd.Function):
    """Its backward pass refuses to run twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.pulled = False
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        if ctx.pulled:
            message = "what was kept is gone"
            raise RuntimeError(message)
        ctx.pulled = True
        return grads[0]


class SpoilsItsTape(LengthsKeyword):
    """What it has recorded is right for one backward pass."""

    kept = Overwriting

    def steps(self, x: Tensor, h: Tensor, ends: Tensor | None) -> State:
        return super().steps(self.kept.apply(x), h, ends)


class FreesItsTape(SpoilsItsTape):
    """What it has recorded is gone after one backward pass, and it says so."""

    kept = PulledOnce


class HalfLoaded(LengthsKeyword):
    """Loading a state dictionary leaves one of its weights out."""

    def load_state_dict(self, state_dict: Any, *options: Any, **others: Any) -> Any:
        own = {"cell.weight_hh": self.cell.weight_hh.detach().clone()}
        return super().load_state_dict({**state_dict, **own}, *options, **others)


class NeverCopied(LengthsKeyword):
    """It can neither be copied nor saved."""

    def __getstate__(self) -> Any:
        message = "no copies"
        raise TypeError(message)
