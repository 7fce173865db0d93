"""GRUs whose gates do not do what gates do; the backward pass is the textbook's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.cell import Array, Cell, Kind, Params, State
from refcheck.reference import gru
from refcheck.reference.activation import sigmoid
from refcheck.reference.affine import affine
from tests.mutants.gates import OtherEquations


class GRUStep(OtherEquations):
    """A GRU with its reset after the product, one step forward spelt out."""

    def __init__(self, kind: Kind = Kind.GRU) -> None:
        super().__init__(kind)

    def replaced(self) -> dict[str, Any]:
        return {"step": self.step}

    def step(self, params: Params, a_x: Array, state: State) -> tuple[State, gru.Tape]:
        (h,) = state
        x_r, x_z, x_n = np.split(a_x, 3, axis=1)
        h_r, h_z, h_n = np.split(affine(h, params.weight_hh, params.bias_hh), 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = np.tanh(x_n + self.seen(params, r, h, h_n))
        return (self.mixed(z, n, h),), gru.Tape(h, r, z, n, r * h_n)

    def seen(self, params: Params, r: Array, h: Array, h_n: Array) -> Array:
        return r * h_n

    def mixed(self, z: Array, n: Array, h: Array) -> Array:
        return (1 - z) * n + z * h


class UpdateGateReversed(GRUStep):
    """The update gate says how much is taken, not how much is kept."""

    def mixed(self, z: Array, n: Array, h: Array) -> Array:
        return z * n + (1 - z) * h


class StateKeptBesidesTheCandidate(GRUStep):
    """The candidate is taken whole, whatever is kept of the state."""

    def mixed(self, z: Array, n: Array, h: Array) -> Array:
        return n + z * h


class ResetGateLeftOut(GRUStep):
    """The reset gate is computed, and multiplies nothing."""

    def seen(self, params: Params, r: Array, h: Array, h_n: Array) -> Array:
        return h_n


class ResetGateBeforeTheProduct(GRUStep):
    """The reset gate multiplies the state, not what the weights make of it."""

    def seen(self, params: Params, r: Array, h: Array, h_n: Array) -> Array:
        size = h.shape[1]
        bias = None if params.bias_hh is None else params.bias_hh[2 * size :]
        return affine(r * h, params.weight_hh[2 * size :], bias)


class UpdateGateNeverOpen(GRUStep):
    """A thousandth of the candidate is always taken."""

    def mixed(self, z: Array, n: Array, h: Array) -> Array:
        return super().mixed(0.999 * z, n, h)


class UpdateGateNeverShut(GRUStep):
    """The update gate is kept above one part in a million."""

    def mixed(self, z: Array, n: Array, h: Array) -> Array:
        return super().mixed(np.maximum(z, 1e-6), n, h)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "update-gate-reversed": UpdateGateReversed,
    "state-kept-besides-the-candidate": StateKeptBesidesTheCandidate,
    "reset-gate-left-out": ResetGateLeftOut,
    "reset-gate-before-the-product": ResetGateBeforeTheProduct,
    "update-gate-never-open": UpdateGateNeverOpen,
    "update-gate-never-shut": UpdateGateNeverShut,
}
