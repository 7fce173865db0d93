"""NumPy cells as users write them: the forms that the README shows, and faulty ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import concatenate, cos, ones, sin, split, tanh, zeros

INPUT_WEIGHTS = sin(np.arange(12.0)).reshape(4, 3)
STATE_WEIGHTS = cos(np.arange(16.0)).reshape(4, 4)
SIZES = {"input_size": 3, "hidden_size": 4}  # of what holds these weights


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def closed_step(x: Any, h: Any) -> Any:
    h = tanh(x @ INPUT_WEIGHTS.T + h @ STATE_WEIGHTS.T)
    return h, h


def bare_step(x: Any, h: Any) -> Any:
    return tanh(x @ INPUT_WEIGHTS.T + h @ STATE_WEIGHTS.T)


def optional_step(x: Any, h: Any = None) -> Any:
    h = zeros((len(x), 4)) if h is None else h
    return bare_step(x, h), bare_step(x, h)


def probing_step(x: Any, h: Any) -> Any:
    return optional_step(x, h)


def wrapped_step(x: Any, state: Any) -> Any:
    (h,) = state
    h = bare_step(x, h)
    return h, (h,)


def column_step(x: Any, h: Any) -> Any:
    h = tanh(INPUT_WEIGHTS @ x + STATE_WEIGHTS @ h)
    return h, h


def vector_step(x: Any, h: Any) -> Any:
    h = tanh(INPUT_WEIGHTS @ x + STATE_WEIGHTS @ h + ones(4))
    return h, h


def one_row_step(x: Any, h: Any) -> Any:
    h = tanh(x.reshape(1, 3) @ INPUT_WEIGHTS.T + h.reshape(1, 4))
    return h, h


def readout_step(x: Any, h: Any) -> Any:
    h = bare_step(x, h)
    return h[:, :2], h


def pair_step(x: Any, h: Any, c: Any) -> Any:
    c = 0.5 * c + bare_step(x, h)
    return tanh(c), c


def optional_pair_step(x: Any, h: Any = None, c: Any = None) -> Any:
    h, c = zeros((len(x), 4)) if h is None else h, 0 if c is None else c
    return pair_step(x, h, c)


def tuple_step(x: Any, state: Any) -> Any:
    h, c = state
    h, c = pair_step(x, h, c)
    return h, (h, c)


def lstm(params: Any, x: Any, state: Any) -> Any:
    weight_ih, weight_hh, bias_ih, bias_hh = params
    h, c = state
    a = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
    i, f, g, o = split(a, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return h, (h, c)


def rnn(x: Any, h: Any, parameters: Any) -> Any:
    a = x @ parameters["weight_ih"].T + h @ parameters.weight_hh.T
    return tanh(a + parameters[2] + parameters["bias_hh"])


def dict_rnn(theta: Any, x: Any, h: Any) -> Any:
    return tanh(x @ theta["W"].T + h @ theta["U"].T + theta["b"])


def unnamed_rnn(p: Any, x: Any, h: Any) -> Any:
    return dict_rnn(p, x, h)


def dict_params(input_size: int, hidden_size: int) -> Mapping[str, Any]:
    matrices = {"W": ones((hidden_size, input_size)), "U": ones((hidden_size,) * 2)}
    return matrices | {"b": zeros(hidden_size)}


class Plain:
    """A right cell, but for the state that stays when a sequence ends."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.W_xh = ones((hidden_size, input_size))
        self.W_hh = ones((hidden_size, hidden_size))
        self.h = zeros(hidden_size)

    def __call__(self, x: Any) -> Any:
        self.h = tanh(x @ self.W_xh.T + self.h @ self.W_hh.T)
        return self.h


class Blog(Plain):
    """Element-wise products where matrices should multiply, and a state that stays."""

    def __call__(self, x: Any) -> Any:
        self.h = tanh(self.W_hh * self.h + self.W_xh * x)
        return self.h


class Resetting(Plain):
    """A right cell."""

    def reset(self) -> None:
        self.h = zeros(len(self.W_hh))


class Pair:
    """Keeps (h, c) in one attribute, and was built for one size."""

    def __init__(self) -> None:
        self.input_size, self.hidden_size = 3, 4
        self.state = (zeros(4), zeros(4))

    def step(self, x: Any) -> Any:
        self.state = pair_step(x, *self.state)
        return self.state[0], self.state


class Caching(Plain):
    """Transposes its weights once, and never again."""

    def reset(self) -> None:
        self.h = zeros(len(self.W_hh))

    def __call__(self, x: Any) -> Any:
        if not hasattr(self, "_W"):
            self._W = self.W_xh.T.copy()
        self.h = tanh(x @ self._W + self.h @ self.W_hh.T)
        return self.h


class Views(Resetting):
    """Keeps all its weights in one array."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        cut = input_size * hidden_size
        self._all = zeros(cut + hidden_size**2)
        self.W_xh = self._all[:cut].reshape(hidden_size, input_size)
        self.W_hh = self._all[cut:].reshape(hidden_size, hidden_size)
        self.W_hx = self.W_xh.T
        self.h = zeros(hidden_size)


class Single(Resetting):
    """A right cell that can be built for a dtype."""

    def __init__(self, input_size: int, hidden_size: int, dtype: str = "f8") -> None:
        self.W_xh = ones((hidden_size, input_size), dtype)
        self.W_hh = ones((hidden_size, hidden_size), dtype)
        self.h = zeros(hidden_size, dtype)

    def reset(self) -> None:
        self.h = zeros(len(self.W_hh), self.W_hh.dtype)


class Scaled(Resetting):
    """A right cell with names and an argument of its own."""

    def __init__(self, n_in: int, n_out: int, scale: float) -> None:
        super().__init__(n_in, n_out)
        self.W_hh *= scale


def sequence(inputs: Any, state: Any = None, lengths: Any = None) -> Any:
    h = zeros((inputs.shape[1], 4)) if state is None else state
    lengths = len(inputs) if lengths is None else lengths
    outputs = []
    for t, x in enumerate(inputs):
        going = np.reshape(t < np.asarray(lengths), (-1, 1))
        h = np.where(going, bare_step(x, h), h)
        outputs.append(h * going)
    return np.stack(outputs), h


def long_sequence(inputs: Any, state: Any, lengths: Any) -> Any:
    ends = lengths.tolist()
    return sequence(inputs, state, np.array(ends))


def layered_sequence(inputs: Any, state: Any) -> Any:
    outputs, h = sequence(inputs, state[0])
    return outputs, h[None]


def outputs_alone(inputs: Any) -> Any:
    return sequence(inputs)[0]


def listed_outputs(inputs: Any, state: Any) -> Any:
    outputs, h = sequence(inputs, state)
    return list(outputs), h


class Rnn:
    """A sequence function and its backward pass, side by side."""

    @staticmethod
    def forward(params: Any, inputs: Any, state: Any) -> Any:
        outputs = []
        for x in inputs:
            state = tanh(
                x @ params.weight_ih.T
                + params.bias_ih
                + state @ params.weight_hh.T
                + params.bias_hh
            )
            outputs.append(state)
        return np.stack(outputs), state

    @staticmethod
    def backward(
        params: Any, inputs: Any, state: Any, grad_outputs: Any, grad_state: Any
    ) -> Any:
        outputs, _ = Rnn.forward(params, inputs, state)
        before = concatenate([state[None], outputs[:-1]])
        d_a = zeros(outputs.shape, outputs.dtype)
        for t in reversed(range(len(inputs))):
            d_a[t] = (grad_state + grad_outputs[t]) * (1 - outputs[t] ** 2)
            grad_state = d_a[t] @ params.weight_hh
        d_b = d_a.sum((0, 1))
        d_w, d_u = (np.einsum("tnh,tnd->hd", d_a, z) for z in (inputs, before))
        return (d_w, d_u, d_b, d_b), d_a @ params.weight_ih, grad_state


class SteppingRnn:
    """One step forward, one step back; the parameters are attributes."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.weight_ih = ones((hidden_size, input_size))
        self.weight_hh = ones((hidden_size, hidden_size))
        self.bias_ih = ones(hidden_size)

    def step(self, x: Any, h: Any) -> Any:
        h = tanh(x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias_ih)
        return h, h

    def backward(self, x: Any, h: Any, grad_output: Any, grad_state: Any) -> Any:
        d_a = (grad_output + grad_state) * (1 - self.step(x, h)[0] ** 2)
        d_params = {"weight_ih": d_a.T @ x, "weight_hh": d_a.T @ h}
        d_params["bias_ih"] = d_a.sum(0)
        return d_params, d_a @ self.weight_ih, d_a @ self.weight_hh


def forward(x: Any, h: Any) -> Any:
    return closed_step(x, h)


def backward(x: Any, h: Any, grad_output: Any, grad_state: Any) -> Any:
    d_a = (grad_output + grad_state) * (1 - bare_step(x, h) ** 2)
    return d_a @ INPUT_WEIGHTS, d_a @ STATE_WEIGHTS
