"""The equations of each kind, as the three functions that unrolling needs."""

from collections.abc import Callable
from typing import Any, NamedTuple

from refcheck.cell import Array, Kind, Params, State
from refcheck.reference import gru, gru_reset_before, lstm, rnn

Rows = tuple[Array, ...]  # each (N, ·) of one step, or (T*N, ·) of all


class Equations(NamedTuple):
    """One step forward, the same step backward, and what is summed over all steps.

    The rows that ``step_back`` returns are what the gradients of the parameters
    need of one step; joined over the steps they go to ``params_back``, together
    with the inputs.  The first of them is the gradient of a_x, for every kind.
    """

    step: Callable[[Params, Array, State], tuple[State, Any]]
    step_back: Callable[[Params, Any, State], tuple[Rows, State]]
    params_back: Callable[[Params, Array, Any], Params]


EQUATIONS = {
    Kind.RNN_TANH: Equations(rnn.step_tanh, rnn.step_tanh_back, rnn.params_back),
    Kind.RNN_RELU: Equations(rnn.step_relu, rnn.step_relu_back, rnn.params_back),
    Kind.LSTM: Equations(lstm.step, lstm.step_back, lstm.params_back),
    Kind.GRU: Equations(gru.step, gru.step_back, gru.params_back),
    Kind.GRU_RESET_BEFORE: Equations(
        gru_reset_before.step, gru_reset_before.step_back, gru_reset_before.params_back
    ),
}
