"""Layers as users of MLX write them, right ones and faulty ones, and the released."""

import mlx.core as mx
from mlx import nn

from refcheck.cell import Declared, Kind


class MyRNN(nn.Module):
    """A right layer, its weights called as PyTorch calls them."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = mx.random.normal((hidden_size, input_size))
        self.weight_hh = mx.random.normal((hidden_size, hidden_size))

    def __call__(self, x, hidden=None):
        if hidden is None:
            hidden = mx.zeros((x.shape[0], self.hidden_size), x.dtype)
        every = []
        for t in range(x.shape[1]):
            a = x[:, t] @ self.weight_ih.T + self.recurrent(hidden) @ self.weight_hh.T
            hidden = mx.tanh(a)
            every.append(hidden)
        return mx.stack(every, axis=1)

    def recurrent(self, hidden):
        return hidden


class CutsTheGradient(MyRNN):
    """What comes back along the state is stopped."""

    def recurrent(self, hidden):
        return mx.stop_gradient(hidden)


class KeepsItsWeights(MyRNN):
    """Holds on to a transposed copy of the first weights."""

    def __call__(self, x, hidden=None):
        kept = self.__dict__.setdefault("kept", mx.array(self.weight_ih))
        self.weight_ih = kept
        return super().__call__(x, hidden)


class GatesExchanged(nn.LSTM):
    """The input gate and the forget gate stand in each other's place."""

    def __call__(self, x, hidden=None, cell=None):
        i, f, g, o = mx.split(self.Wx, 4)
        whole, self.Wx = self.Wx, mx.concatenate([f, i, g, o])
        found = super().__call__(x, hidden, cell)
        self.Wx = whole
        return found


class LastStepAlone(MyRNN):
    """Returns the last state, not all of them."""

    def __call__(self, x, hidden=None):
        return super().__call__(x, hidden)[:, -1]


class NeverBuilt(nn.Module):
    """Cannot be built."""

    def __init__(self, input_size, hidden_size):
        raise ValueError("never")


class Sizeless(nn.Module):
    """Does not tell its sizes."""

    def __call__(self, x, hidden=None):
        return x


RNN_TANH = Declared(Kind.RNN_TANH)
RELEASED = {  # default options, and each option once
    "RNN": (nn.RNN, Declared()),
    "LSTM": (nn.LSTM, Declared()),
    "GRU": (nn.GRU, Declared()),
    "RNN nonlinearity=relu": (nn.RNN, Declared(options={"nonlinearity": "relu"})),
    "RNN bias=False": (nn.RNN, Declared(options={"bias": "False"})),
    "LSTM bias=False": (nn.LSTM, Declared(options={"bias": "False"})),
    "GRU bias=False": (nn.GRU, Declared(options={"bias": "False"})),
    "LSTM(5, 4)": (nn.LSTM(5, 4), Declared()),
}
