"""Modules as a user writes them, each with one fault that somebody has had.

They know nothing of the bank: plain PyTorch, with fused steps whose backward pass is
written by hand.  ``wrong`` names what is wrong; without it they are right.
"""

import torch
from torch import nn


class FusedLSTM(torch.autograd.Function):
    """One step from the four sums, its backward pass by hand."""

    @staticmethod
    def forward(ctx, sums, c, wrong):
        i, f, g, o = sums.chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c_next = f * c + i * g
        ctx.wrong = wrong
        ctx.save_for_backward(c, i, f, g, o, c_next)
        return o * c_next.tanh(), c_next

    @staticmethod
    def backward(ctx, gh, gc):
        c, i, f, g, o, c_next = ctx.saved_tensors
        t = c_next.tanh()
        through = gh * o if ctx.wrong == "no tanh'(c)" else gh * o * (1 - t * t)
        gc = gc + through
        if ctx.wrong == "c gets nothing from h":
            gc = gc - through
        slope_i = i if ctx.wrong == "half of sigmoid'" else i * (1 - i)
        gi = gc * g * slope_i
        gf = gc * c * f * (1 - f)
        gg = gc * i * (1 - g * g)
        go = gh * t * o * (1 - o)
        if ctx.wrong == "output gate from c":
            go = gh * c_next * o * (1 - o)
        if ctx.wrong == "i and g exchanged":
            gi, gg = gc * i * i * (1 - i), gc * g * (1 - g * g)
        carried = gc if ctx.wrong == "carry not gated" else gc * f
        return torch.cat([gi, gf, gg, go], 1), carried, None


def require_inside(lengths, x):
    if lengths is not None and bool((lengths > len(x)).any()):
        message = f"lengths {lengths.tolist()} go beyond {len(x)} steps"
        raise ValueError(message)


class LSTM(nn.Module):
    """Time-major, one layer, lengths as an argument."""

    wrong = ""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.randn(4 * hidden_size, input_size) / 3)
        self.weight_hh = nn.Parameter(torch.randn(4 * hidden_size, hidden_size) / 3)
        self.bias_ih = nn.Parameter(torch.randn(4 * hidden_size) / 3)
        self.bias_hh = nn.Parameter(torch.randn(4 * hidden_size) / 3)
        self.memory = None

    def sums(self, x, h):
        a = torch.addmm(self.bias_ih, x, self.weight_ih.t())
        if self.wrong == "recurrent bias forgotten":
            return a + h @ self.weight_hh.t()
        a = a + torch.addmm(self.bias_hh, h, self.weight_hh.t())
        if self.wrong == "o before g":
            i, f, o, g = a.chunk(4, 1)
            return torch.cat([i, f, g, o], 1)
        return a

    def step(self, x, h, c):
        a = self.sums(x, h)
        if self.wrong == "c not squashed":
            i, f, g, o = a.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            return o.sigmoid() * c, c
        return FusedLSTM.apply(a, c, self.wrong)

    def start(self, x, state):
        zeros = x.new_zeros(x.shape[1], self.hidden_size)
        if state is None and self.wrong == "memory between calls":
            same = self.memory is not None and self.memory[0].shape == zeros.shape
            if same and self.memory[0].dtype == zeros.dtype:
                return self.memory
        if state is None or self.wrong == "state ignored":
            return zeros, zeros
        h, c = state[0][0], state[1][0]
        return (h, zeros) if self.wrong == "c0 ignored" else (h, c)

    def forward(self, x, state=None, lengths=None):
        require_inside(lengths, x)
        h, c = self.start(x, state)
        outputs = []
        for t in range(len(x)):
            if self.wrong == "h detached at every step":
                h = h.detach()
            h_next, c_next = self.step(x[t], h, c)
            h, c, y = self.ended(t, lengths, (h, c), (h_next, c_next))
            outputs.append(y)
        self.memory = h.detach(), c.detach()
        final = (c, h) if self.wrong == "(c, h)" else (h, c)
        return torch.stack(outputs), tuple(s[None] for s in final)

    def ended(self, t, lengths, old, new):
        """Return the state and the output: old ones and zeros for ended rows."""
        if lengths is None:
            return *new, new[0]
        late = self.wrong == "one step too many"
        inside = (t < lengths + late).unsqueeze(1)
        y = torch.where(inside, new[0], torch.zeros_like(new[0]))
        h, c = (torch.where(inside, a, b) for a, b in zip(new, old, strict=True))
        if self.wrong == "state of the padded end":
            return *new, y
        if self.wrong == "c runs on":
            return h, new[1], y
        return h, c, y


class FusedGRU(torch.autograd.Function):
    """h' = (1 - z) n + z h, and its backward pass."""

    @staticmethod
    def forward(ctx, z, n, h, wrong):
        ctx.wrong = wrong
        ctx.save_for_backward(z, n, h)
        return (1 - z) * n + z * h

    @staticmethod
    def backward(ctx, g):
        z, n, h = ctx.saved_tensors
        kept = torch.zeros_like(h) if ctx.wrong == "no path through z" else g * z
        into_n = g if ctx.wrong == "n not gated" else g * (1 - z)
        return g * (h - n), into_n, kept, None


class GRU(nn.Module):
    """Time-major, one layer, lengths as an argument."""

    wrong = ""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.randn(3 * hidden_size, input_size) / 3)
        self.weight_hh = nn.Parameter(torch.randn(3 * hidden_size, hidden_size) / 3)
        self.bias_ih = nn.Parameter(torch.randn(3 * hidden_size) / 3)
        self.bias_hh = nn.Parameter(torch.randn(3 * hidden_size) / 3)

    def step(self, x, h):
        w_r, w_z, w_n = self.weight_hh.chunk(3)
        b_r, b_z, b_n = self.bias_hh.chunk(3)
        x_r, x_z, x_n = torch.addmm(self.bias_ih, x, self.weight_ih.t()).chunk(3, 1)
        r = (x_r + h @ w_r.t() + b_r).sigmoid()
        z = (x_z + h @ w_z.t() + b_z).sigmoid()
        if self.wrong == "reset before":
            n = (x_n + (r * h) @ w_n.t() + b_n).tanh()
        elif self.wrong == "bias outside the reset":
            n = (x_n + r * (h @ w_n.t()) + b_n).tanh()
        else:
            n = (x_n + r * (h @ w_n.t() + b_n)).tanh()
        if self.wrong == "z the other way":
            z = 1 - z
        return FusedGRU.apply(z, n, h, self.wrong)

    def forward(self, x, hx=None, lengths=None):
        require_inside(lengths, x)
        h = x.new_zeros(x.shape[1], self.hidden_size) if hx is None else hx[0]
        outputs = []
        for t in range(len(x)):
            h_next = self.step(x[t], h)
            if lengths is None:
                h = y = h_next
            else:
                inside = (t < lengths)[:, None]
                zero = torch.zeros_like(h_next)
                y = torch.where(inside, h_next, zero)
                past = zero if self.wrong == "state lost past the end" else h
                h = torch.where(inside, h_next, past)
            outputs.append(y)
        return torch.stack(outputs), h[None]


FAULTS = {  # what is wrong, and what the bank calls it, if it knows it
    LSTM: {
        "o before g": {"gates-read-as-i-f-o-g", "gates=ifog"},
        "recurrent bias forgotten": {"recurrent-bias-ignored"},
        "c not squashed": {"cell-output-not-squashed"},
        "no tanh'(c)": {"slope-of-the-cell-output-left-out"},
        "c gets nothing from h": {"memory-gets-no-gradient-from-the-output"},
        "half of sigmoid'": set(),
        "output gate from c": {"output-gate-gradient-times-the-cell-state"},
        "i and g exchanged": set(),
        "carry not gated": set(),
        "state ignored": {"initial-state-ignored"},
        "c0 ignored": {"initial-c-ignored"},
        "memory between calls": {"state-of-the-last-call-kept"},
        "h detached at every step": {"only-the-cell-chain"},
        "(c, h)": {"final-h-and-c-exchanged"},
        "one step too many": {"mask-one-step-late"},
        "state of the padded end": {"padding-enters-the-final-state"},
        "c runs on": {"c-of-the-padded-end"},
    },
    GRU: {
        "reset before": {"reset-gate-before-the-product"},
        "bias outside the reset": {"recurrent-bias-of-the-candidate-outside-the-reset"},
        "z the other way": {"update-gate-reversed", "update-gate=new"},
        "no path through z": {"state-gradient-past-the-update-gate-lost"},
        "n not gated": set(),
        "state lost past the end": {"final-state-read-off-the-padded-end"},
    },
}
