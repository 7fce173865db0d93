"""Cells as users write them with the libraries on top of JAX, and faults in them."""

from functools import partial

import equinox
import haiku
import jax
import jax.numpy as jnp
from flax import linen, nnx


class LinenGRU(linen.RNNCellBase):
    """A right cell: names and shapes as in linen's own GRUCell."""

    features: int
    param_dtype: type = jnp.float32

    def dense(self, name, *, bias):
        return linen.Dense(
            self.features, use_bias=bias, param_dtype=self.param_dtype, name=name
        )

    def mixed(self, z, n, h):
        return (1 - z) * n + z * h

    @linen.compact
    def __call__(self, carry, inputs):
        h, x = carry, inputs
        dense = partial(self.dense, bias=True)
        plain = partial(self.dense, bias=False)
        r = jax.nn.sigmoid(dense("ir")(x) + plain("hr")(h))
        z = jax.nn.sigmoid(dense("iz")(x) + plain("hz")(h))
        n = jnp.tanh(dense("in")(x) + r * dense("hn")(h))
        h = self.mixed(z, n, h)
        return h, h

    @linen.nowrap
    def initialize_carry(self, rng, input_shape):
        return jnp.zeros((*input_shape[:-1], self.features), self.param_dtype)

    @property
    def num_feature_axes(self):
        return 1


class LinenGRUReversed(LinenGRU):
    """The update gate is the other way round."""

    def mixed(self, z, n, h):
        return z * n + (1 - z) * h


class LinenReturnsThree(linen.Module):
    """Returns what nobody can read."""

    features: int

    @linen.compact
    def __call__(self, carry, inputs):
        h = linen.Dense(self.features)(inputs) + carry
        return h, h, h


class LinenSequence(linen.Module):
    """A whole network that takes no state, axes (N, T, D)."""

    features: int

    @linen.compact
    def __call__(self, x):
        cell = linen.SimpleCell(self.features, param_dtype=x.dtype)
        return linen.RNN(cell)(x)


class NnxRNN(nnx.Module):
    """A right cell without an initial carry of its own."""

    def __init__(self, n_in, n_hidden, *, param_dtype, rngs):
        kernels = jax.nn.initializers.lecun_normal()
        self.weight_ih = nnx.Param(
            kernels(rngs.params(), (n_hidden, n_in), param_dtype)
        )
        self.weight_hh = nnx.Param(
            kernels(rngs.params(), (n_hidden, n_hidden), param_dtype)
        )
        self.bias_ih = nnx.Param(jnp.zeros(n_hidden, param_dtype))

    def __call__(self, carry, x):
        a = x @ self.weight_ih[...].T + carry @ self.weight_hh[...].T
        h = jnp.tanh(a + self.bias_ih[...])
        return h, h


class NnxKeepsItsState(nnx.RNNCellBase):
    """Adds up what it has seen, over calls too."""

    def __init__(self, in_features, hidden_features, *, dtype, param_dtype, rngs):
        made = {"dtype": dtype, "param_dtype": param_dtype, "rngs": rngs}
        self.cell = nnx.SimpleCell(in_features, hidden_features, **made)
        self.seen = nnx.Variable(jnp.zeros((), dtype))

    def __call__(self, carry, x):
        self.seen[...] += jnp.sum(x)
        carry, y = self.cell(carry, x)
        return carry, y + self.seen[...]

    def initialize_carry(self, input_shape, rngs):
        return self.cell.initialize_carry(input_shape, rngs)


class EquinoxLSTM(equinox.Module):
    """A right cell: (h, c), one row, the output beside the state."""

    weight_ih: jax.Array
    weight_hh: jax.Array
    bias_ih: jax.Array
    bias_hh: jax.Array

    def __init__(self, input_size, hidden_size, *, key):
        rows = 4 * hidden_size
        self.weight_ih = jax.random.normal(key, (rows, input_size))
        self.weight_hh = jax.random.normal(key, (rows, hidden_size))
        self.bias_ih = self.bias_hh = jnp.zeros(rows)

    def forget(self, f):
        return jax.nn.sigmoid(f)

    def __call__(self, x, state):
        h, c = state
        a = self.weight_ih @ x + self.weight_hh @ h + self.bias_ih + self.bias_hh
        i, f, g, o = jnp.split(a, 4)
        c = self.forget(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h, (h, c)


class EquinoxLSTMForgetsLess(EquinoxLSTM):
    """One is added to the forget gate, and nothing says so."""

    def forget(self, f):
        return jax.nn.sigmoid(f + 1)


class HaikuRNN(haiku.RNNCore):
    """A right core."""

    def __init__(self, hidden_size, name=None):
        super().__init__(name=name)
        self.hidden_size = hidden_size

    def recurrent(self, h):
        return h

    def __call__(self, inputs, prev_state):
        a = haiku.Linear(self.hidden_size)(inputs)
        a += haiku.Linear(self.hidden_size)(self.recurrent(prev_state))
        h = jnp.tanh(a)
        return h, h

    def initial_state(self, batch_size):
        return jnp.zeros((batch_size, self.hidden_size))


class HaikuRNNCutsTheGradient(HaikuRNN):
    """What comes back along the state is stopped."""

    def recurrent(self, h):
        return jax.lax.stop_gradient(h)


def step(params, x, h, c):
    """Return h and c of an LSTM's step, as a plain function."""
    w_ih, w_hh, b_ih, b_hh = params
    i, f, g, o = jnp.split(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def step_with_gates_exchanged(params, x, h, c):
    """Take the output gate for the forget gate."""
    w_ih, w_hh, b_ih, b_hh = params
    i, o, g, f = jnp.split(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def sequence(params, inputs, h, lengths=None):
    """Return outputs and final state of an RNN; rows end where they end."""
    w_ih, w_hh, b_ih, b_hh = params

    def once(h, given):
        t, x = given
        after = jnp.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)
        going = True if lengths is None else (t < lengths)[:, None]
        h = jnp.where(going, after, h)
        return h, h

    h, outputs = jax.lax.scan(once, h, (jnp.arange(len(inputs)), inputs))
    return outputs, h


class LinenNetworkReturnsThree(linen.Module):
    """Returns what nobody can read."""

    features: int

    @linen.compact
    def __call__(self, x):
        y = linen.RNN(linen.SimpleCell(self.features, param_dtype=x.dtype))(x)
        return y, y, y


class LinenChangesItsCarry(LinenGRU):
    """Takes an array and returns a pair."""

    @linen.compact
    def __call__(self, carry, inputs):
        h = linen.Dense(self.features, param_dtype=self.param_dtype)(inputs) + carry
        return (h, h), h


class LinenScaledGRU(linen.GRUCell):
    """Has a parameter that its base class has not."""

    @linen.compact
    def __call__(self, carry, inputs):
        scale = self.param("scale", jax.nn.initializers.ones, (), self.param_dtype)
        return super().__call__(carry, scale * inputs)


class NnxNeverBuilt(nnx.Module):
    """Cannot be built."""

    def __init__(self, n_in, n_hidden):
        raise ValueError("never")

    def __call__(self, carry, x):
        return carry, x


class EquinoxReturnsThree(EquinoxLSTM):
    """Returns what nobody can read."""

    def __call__(self, x, state):
        h, _ = super().__call__(x, state)
        return h, h, h
