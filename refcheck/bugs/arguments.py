"""Arguments that are written to, cast, cut to size, or made to fit."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.padding import past
from refcheck.bugs.planted import Plant, planted
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Reply

STATE = Capability.INITIAL_STATE
LENGTHS = Capability.LENGTHS
COPIES = Capability.COPIES | Capability.PARAMETERS


def leaving(written: Callable[[Case, Reply], dict[str, Array]]) -> Plant:
    """Plant what a call leaves in the caller's arrays."""
    return planted(after=written)


def _each_parameter(case: Case, name: str, change: Callable[[Array], Any]) -> Any:
    return {f"params.{own}": change(a) for own, a in case.params.items() if name in own}


def _final_in_initial(case: Case, reply: Reply) -> dict[str, Array]:
    if case.state is None:
        return {}
    return {f"state.{k}": s for k, s in enumerate(reply.state)}


def _added_in_place(case: Case, _: Gradients) -> dict[str, Array]:
    return {"grad_state.0": case.grad_state[0] + case.grad_outputs.sum()}


def _descended(case: Case, found: Gradients) -> dict[str, Array]:
    return {f"params.{n}": a - found.params[n] for n, a in case.params.items()}


def _misfit_ignored(case: Case) -> Case:
    if case.state is None or case.state[0].shape[2] == case.spec.hidden_size:
        return case
    return case.but(state=None)


def _until_the_end(case: Case) -> Case:
    if case.lengths is None:
        return case
    return case.but(lengths=np.minimum(case.lengths, case.time))


def _as_they_come(case: Case) -> Case:
    if case.lengths is None:
        return case
    lengths = np.maximum(np.ceil(case.lengths[: case.batch]), 0).astype(int)
    return case.but(lengths=lengths)


def _rows_dropped(case: Case) -> Case:
    if case.state is None:
        return case
    return case.but(state=tuple(s[:, : case.batch] for s in case.state))


def _units_dropped(case: Case) -> Case:
    if case.state is None:
        return case
    return case.but(state=tuple(s[..., : case.spec.hidden_size] for s in case.state))


def _loaded_without(name: str, way: str) -> Plant:
    """Plant a copy made in this way in which some parameters are 0."""

    def copied(case: Case, asked: str) -> Case:
        lost = {n: 0 * a for n, a in case.params.items() if name in n}
        return case.but(params={**case.params, **lost}) if asked == way else case

    return planted(copied=copied)


BUGS = (
    Bug(
        "final-state-written-into-the-initial-one",
        "The buffer of the initial state is reused for the final one.",
        CELLS,
        leaving(_final_in_initial),
        ("https://github.com/keras-team/keras/issues/20875",),
        needs=STATE,
    ),
    Bug(
        "inputs-masked-in-place",
        "Padding is set to zero in the caller's array.",
        CELLS,
        leaving(lambda case, _: {"inputs": np.where(past(case), 0, case.inputs)}),
        needs=LENGTHS,
    ),
    Bug(
        "weights-scaled-in-place",
        "Recurrent weights are dropped or normalised where they stand.",
        CELLS,
        leaving(lambda case, _: _each_parameter(case, "weight_hh", lambda w: w / 2)),
        ("https://github.com/keitakurita/Better_LSTM_PyTorch/issues/7",),
        needs=Capability.PARAMETERS,
    ),
    Bug(
        "bias-reshaped-in-place",
        "Biases get a second axis where they stand.",
        CELLS,
        leaving(lambda case, _: _each_parameter(case, "bias", lambda b: b[None])),
        ("https://github.com/pytorch/pytorch/issues/1721",),
        needs=Capability.PARAMETERS | Capability.BIAS,
    ),
    Bug(
        "gradients-added-up-in-place",
        "Gradients of outputs are added to the caller's gradient of the final state.",
        CELLS,
        planted(left=_added_in_place),
    ),
    Bug(
        "weights-updated-by-backward",
        "A step of gradient descent is taken while gradients are pulled back.",
        CELLS,
        planted(left=_descended),
        needs=Capability.PARAMETERS,
    ),
    Bug(
        "recurrent-weights-not-loaded",
        "Loading a state dictionary leaves the recurrent weights as they were.",
        CELLS,
        _loaded_without("weight_hh", "state_dict"),
        needs=COPIES,
    ),
    Bug(
        "bias-not-saved",
        "A module that was saved comes back with biases of 0.",
        CELLS,
        _loaded_without("bias", "saving"),
        needs=COPIES | Capability.BIAS,
    ),
    Bug(
        "inputs-cut-to-size",
        "Surplus inputs are cut off.",
        CELLS,
        planted(
            given=lambda case: case.but(inputs=case.inputs[..., : case.spec.input_size])
        ),
        ("https://github.com/pytorch/pytorch/issues/114874",),
    ),
    Bug(
        "state-cut-to-size",
        "Surplus units of the state are cut off.",
        CELLS,
        planted(given=_units_dropped),
        needs=STATE,
    ),
    Bug(
        "misfit-state-ignored",
        "A state of another size is replaced by zeros.",
        CELLS,
        planted(given=_misfit_ignored),
        needs=STATE,
    ),
    Bug(
        "surplus-rows-dropped",
        "Surplus rows of the state are dropped.",
        CELLS,
        planted(given=_rows_dropped),
        needs=STATE,
    ),
    Bug(
        "lengths-cut-to-time",
        "A length beyond the end means the end.",
        CELLS,
        planted(given=_until_the_end),
        needs=LENGTHS,
    ),
    Bug(
        "lengths-taken-as-they-come",
        "Negative lengths count as 0, halves are rounded, surplus ones are dropped.",
        CELLS,
        planted(given=_as_they_come),
        needs=LENGTHS,
    ),
    Bug(
        "inputs-are-cast",
        "Inputs are cast to the dtype of the parameters.",
        CELLS,
        planted(
            given=lambda case: case.but(inputs=case.inputs.astype(case.spec.dtype))
        ),
    ),
)
