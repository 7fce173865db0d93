"""PyTorch modules with one fault or one convention each, none of them from the bank."""

import torch
from torch import Tensor, nn


class Recurrent(nn.Module):
    """One layer, called like torch.nn's; what differs is overridden."""

    gates = 4
    states = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        rows = self.gates * hidden_size
        self.input_size, self.hidden_size = input_size, hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.rand(rows, input_size) - 0.5)
        self.weight_hh_l0 = nn.Parameter(torch.rand(rows, hidden_size) - 0.5)
        self.bias_ih_l0 = nn.Parameter(torch.rand(rows) - 0.5)
        self.bias_hh_l0 = nn.Parameter(torch.rand(rows) - 0.5)

    def forward(self, x, state=None):
        state = self.begin(x, state)
        outputs = []
        for x_t in x:
            state = self.step(x_t, state)
            outputs.append(state[0])
        final = tuple(s[None] for s in self.end(state))
        return torch.stack(outputs), final if self.states > 1 else final[0]

    def begin(self, x, state):
        if state is None:
            return (x.new_zeros(x.shape[1], self.hidden_size),) * self.states
        return tuple(s[0] for s in (state if self.states > 1 else (state,)))

    def end(self, state):
        return state

    def heard(self, x: Tensor) -> Tensor:
        return x @ self.weight_ih_l0.T + self.bias_ih_l0

    def recalled(self, h: Tensor) -> Tensor:
        return h @ self.weight_hh_l0.T + self.bias_hh_l0


class LSTM(Recurrent):
    """The textbook's, to override."""

    def read(self, x, h):
        return (self.heard(x) + self.recalled(h)).chunk(4, 1)

    def step(self, x, state):
        i, f, g, o = self.read(x, state[0])
        return self.update(i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), state[1])

    def update(self, i, f, g, o, c):
        c = f * c + i * g
        return o * c.tanh(), c


class GRU(Recurrent):
    """The textbook's, to override."""

    gates = 3
    states = 1

    def step(self, x, state):
        (h,) = state
        r, z, n = self.heard(x).chunk(3, 1)
        h_r, h_z, h_n = self.recalled(h).chunk(3, 1)
        r, z = (r + h_r).sigmoid(), (z + h_z).sigmoid()
        return (self.mixed((n + r * h_n).tanh(), h, z),)

    def mixed(self, n, h, z):
        return (1 - z) * n + z * h


class InOnnxOrder(LSTM):
    """Gates are stacked as i, o, f, g."""

    def read(self, x, h):
        i, o, f, g = super().read(x, h)
        return i, f, g, o


class CellStateFirst(LSTM):
    """The state is (c, h)."""

    def begin(self, x, state):
        return super().begin(x, state)[::-1]

    def end(self, state):
        return state[::-1]


class RecurrentTransposed(LSTM):
    """The recurrent block of each gate is transposed."""

    def recalled(self, h):
        blocks = self.weight_hh_l0.split(self.hidden_size)
        return torch.cat([h @ block for block in blocks], 1) + self.bias_hh_l0


class UpdateGateSaysWhatIsNew(GRU):
    """The update gate says how much is new."""

    def mixed(self, n, h, z):
        return z * n + (1 - z) * h


class OutputGateDetached(LSTM):
    """No gradient reaches the output gate."""

    def update(self, i, f, g, o, c):
        return super().update(i, f, g, o.detach(), c)


class StateKept(GRU):
    """Without a state, a sequence starts where the last one ended."""

    def begin(self, x, state):
        last = getattr(self, "last", None)
        fits = last is not None and last.shape[0] == x.shape[1]
        if state is None and fits and last.dtype == x.dtype:
            return (last,)
        return super().begin(x, state)

    def end(self, state):
        self.last = state[0].detach()
        return super().end(state)


class TwoFaults(InOnnxOrder):
    """Another order, and the memory gets no gradient from the output."""

    def update(self, i, f, g, o, c):
        c = f * c + i * g
        return o * c.detach().tanh(), c


class Unheard(LSTM):
    """A forget gate of its own: nothing that is known."""

    def update(self, i, f, g, o, c):
        return super().update(i, f.square(), g, o, c)


class UnheardTwice(Unheard):
    """And an output gate of its own, too."""

    def update(self, i, f, g, o, c):
        return super().update(i, f, g, o.sqrt(), c)
