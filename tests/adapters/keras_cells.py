"""Layers and cells as users of Keras write them, right ones and faulty ones."""

import keras
from keras import ops


class MyGRUCell(keras.layers.Layer):
    """A right cell, reset before, weights named as Keras names them."""

    def __init__(self, units, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units
        self.use_bias = use_bias

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 3 * self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, 3 * self.units), name="recurrent_kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((3 * self.units,), name="bias")

    def call(self, x, states, training=False):
        (h,) = states
        z, r, n = ops.split(ops.matmul(x, self.kernel) + self._bias(), 3, axis=-1)
        u_z, u_r, u_n = ops.split(self.recurrent_kernel, 3, axis=-1)
        z = ops.sigmoid(z + ops.matmul(h, u_z))
        r = ops.sigmoid(r + ops.matmul(h, u_r))
        n = ops.tanh(n + ops.matmul(r * h, u_n))
        h = self.mixed(z, n, h)
        return h, [h]

    def mixed(self, z, n, h):
        return z * h + (1 - z) * n

    def _bias(self):
        return self.bias if self.use_bias else 0


class UpdateGateExchanged(MyGRUCell):
    """z and 1 - z stand in each other's place."""

    def mixed(self, z, n, h):
        return (1 - z) * h + z * n


class MyRNN(keras.layers.RNN):
    """A right layer: a subclass of keras.layers.RNN."""

    def __init__(self, units, use_bias=True, **kwargs):
        cell = MyGRUCell(units, use_bias=use_bias, dtype=kwargs.get("dtype"))
        super().__init__(cell, **kwargs)


class FinalStateForgotten(MyRNN):
    """Returns the state that it was given, not the one it ends in."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        outputs, h = super().call(sequences, initial_state, mask, training)
        return outputs, 0 * h


class PlainCell(keras.layers.Layer):
    """A right cell that takes no dtype and has no bias."""

    def __init__(self, units):
        super().__init__()
        self.units = self.state_size = units

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, self.units), name="recurrent_kernel"
        )

    def call(self, x, states):
        h = ops.tanh(x @ self.kernel + states[0] @ self.recurrent_kernel)
        return h, [h]


class NoState(keras.layers.Layer):
    """No recurrent cell at all."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
