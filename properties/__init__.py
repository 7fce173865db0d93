"""The laws, in reading order: claims about every right recurrent cell.

What fails first explains most, so the order is also that of a run: shapes, then a
state that leaks between calls, the textbook, then what a sequence, a row, a layer and
a gate must be, how a call behaves, and last what is refused.
"""

from refcheck.law import Law

from . import (
    agreement,
    backward_pass,
    batching,
    between_calls,
    both_directions,
    bounded_state,
    calling,
    cell_path,
    clipping,
    dropout,
    final_state,
    gates,
    gradient_flow,
    gradients,
    order,
    padding,
    parameters_in_use,
    precision,
    purity,
    refusals,
    scaling,
    shared_parameters,
    splitting,
    stacking,
    state,
    state_places,
    symmetry,
    unordered_lengths,
    update_gate,
    variable_length,
)

LAWS: tuple[Law, ...] = (
    *final_state.LAWS,
    *between_calls.LAWS,
    *agreement.LAWS,
    *gradients.LAWS,
    *backward_pass.LAWS,
    *shared_parameters.LAWS,
    *parameters_in_use.LAWS,
    *splitting.LAWS,
    *order.LAWS,
    *both_directions.LAWS,
    *variable_length.LAWS,
    *unordered_lengths.LAWS,
    *padding.LAWS,
    *batching.LAWS,
    *calling.LAWS,
    *state.LAWS,
    *state_places.LAWS,
    *stacking.LAWS,
    *dropout.LAWS,
    *gradient_flow.LAWS,
    *cell_path.LAWS,
    *gates.LAWS,
    *update_gate.LAWS,
    *bounded_state.LAWS,
    *symmetry.LAWS,
    *scaling.LAWS,
    *purity.LAWS,
    *precision.LAWS,
    *refusals.LAWS,
    *clipping.LAWS,
)
