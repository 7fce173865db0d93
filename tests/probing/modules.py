"""Modules as users write them, of which nothing says what they are."""

from typing import Any

import torch
from torch import Tensor, nn


class SwappedGRU(nn.Module):
    """A GRU with PyTorch's names and Keras's order of gates, z r n."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        rows = 3 * hidden_size
        self.weight_ih = nn.Parameter(torch.randn(rows, input_size))
        self.weight_hh = nn.Parameter(torch.randn(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.randn(rows))
        self.bias_hh = nn.Parameter(torch.randn(rows))

    def forward(self, x: Tensor, h: Tensor) -> Any:
        outputs = []
        for x_t in x:
            a = (x_t @ self.weight_ih.T + self.bias_ih).chunk(3, -1)
            b = (h[0] @ self.weight_hh.T + self.bias_hh).chunk(3, -1)
            h = self.step(a, b, h[0])[None]
            outputs.append(h[0])
        return torch.stack(outputs), h

    def step(self, a: Any, b: Any, h: Tensor) -> Tensor:
        z, r = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        return (1 - z) * torch.tanh(a[2] + r * b[2]) + z * h


class NoResetGRU(SwappedGRU):
    """In PyTorch's order, and the reset gate multiplies nothing."""

    def step(self, a: Any, b: Any, h: Tensor) -> Tensor:
        z = torch.sigmoid(a[1] + b[1])
        return (1 - z) * torch.tanh(a[2] + b[2]) + z * h


class ResetBeforeGRU(nn.Module):
    """As it was first published, with PyTorch's names."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        rows = 3 * hidden_size
        self.weight_ih = nn.Parameter(torch.randn(rows, input_size))
        self.weight_hh = nn.Parameter(torch.randn(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.randn(rows))
        self.bias_hh = nn.Parameter(torch.randn(rows))

    def forward(self, x: Tensor, h: Tensor) -> Any:
        outputs, h = [], h[0]
        u_r, u_z, u_n = self.weight_hh.chunk(3)
        c_r, c_z, c_n = self.bias_hh.chunk(3)
        for x_t in x:
            a_r, a_z, a_n = (x_t @ self.weight_ih.T + self.bias_ih).chunk(3, -1)
            r = torch.sigmoid(a_r + h @ u_r.T + c_r)
            z = torch.sigmoid(a_z + h @ u_z.T + c_z)
            n = torch.tanh(a_n + (r * h) @ u_n.T + c_n)
            h = (1 - z) * n + z * h
            outputs.append(h)
        return torch.stack(outputs), h[None]


class GateByGate(nn.Module):
    """A right LSTM: a map for each gate, names of its own, the state (c, h)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        for gate in "cofi":
            setattr(self, f"x{gate}", nn.Linear(input_size, hidden_size))
            setattr(self, f"h{gate}", nn.Linear(hidden_size, hidden_size))

    def forward(self, x: Tensor, state: Any) -> Any:
        c, h = state
        outputs = []
        for x_t in x:
            a = {g: self.heard(g, x_t, h) for g in "cofi"}
            i, f, o = (torch.sigmoid(a[g]) for g in "ifo")
            c = f * c + i * torch.tanh(a["c"])
            h = o * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (c, h)

    def heard(self, gate: str, x: Tensor, h: Tensor) -> Tensor:
        return getattr(self, f"x{gate}")(x) + getattr(self, f"h{gate}")(h)


class BatchFirstRNN(nn.Module):
    """Reads (N, T, D), takes no state and returns none."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.x2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), self.h2h.in_features)
        outputs = []
        for x_t in x.transpose(0, 1):
            h = torch.tanh(self.x2h(x_t) + self.h2h(h))
            outputs.append(h)
        return torch.stack(outputs, 1)


class HardLSTM(GateByGate):
    """An LSTM whose gates are straight lines, cut off."""

    def forward(self, x: Tensor, state: Any) -> Any:
        h, c = state
        outputs = []
        for x_t in x:
            a = {g: self.heard(g, x_t, h) for g in "cofi"}
            i, f, o = (torch.clamp(0.2 * a[g] + 0.5, 0, 1) for g in "ifo")
            c = f * c + i * torch.tanh(a["c"])
            h = o * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)
