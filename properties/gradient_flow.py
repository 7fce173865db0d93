"""Gradients through time are products of what each step does to them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind
from refcheck.law import Claim, at_most, equal, law
from refcheck.measured import MeasuredCell
from refcheck.rounding import scaled_by_norm
from refcheck.strategies import Cases

from . import recurrent_identity
from .one_way import ONE_WAY, PLANTED, SIMPLE, pulling_the_end

CARRIED = Capability.BACKWARD | Capability.INITIAL_STATE | Capability.FINAL_STATE


def _one_row_a_state(_: MeasuredCell, case: Case) -> Case:
    """Return the case with a row for each entry of the state, which it pulls alone.

    All rows read the same, so that their gradients are the rows of one Jacobian.
    """
    depth, _, size = case.grad_state[0].shape
    count = len(case.grad_state) * depth * size
    pulls = np.eye(count, dtype=case.inputs.dtype)
    pulls = pulls.reshape(count, len(case.grad_state), depth, size)
    alike = case.rows([0] * count)
    return alike.but(
        grad_outputs=0 * alike.grad_outputs,
        grad_state=tuple(np.moveaxis(pulls, (1, 2), (0, 1))),
    )


@law(
    "∂s_T/∂s_0 = ∂s_T/∂s_{T−1} · … · ∂s_1/∂s_0",
    cases=Cases(
        state=True,
        directions=False,
        lengths=False,
        then=_one_row_a_state,
        time=(1, 5),
        hidden=(1, 3),
        most=12,
        first=("generic", "two layers", "one step", "float32", "no bias"),
    ),
    requires=CARRIED | Capability.BATCH,
    catches=(
        "only-the-cell-chain",
        "gradients-off-by-one-in-a-thousand",
        "only-the-hidden-chain",
    ),
)
def jacobian_over_time_is_the_product_of_step_jacobians(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """What reaches the first step has been multiplied by every Jacobian on its way.

    This product is why gradients vanish and explode.
    Source: Bengio, Simard & Frasconi (1994); Pascanu, Mikolov & Bengio (2013), eq. 5.
    """
    product, rest = None, case
    for t in range(case.time):
        now = rest.until(1).receiving(case.grad_state)
        factor = _jacobian(cell, now)
        product = factor if product is None else factor @ product
        if t < case.time - 1:
            rest = rest.split(1)[1].starting_at(cell.forward(now).state)
    yield equal("∂s_T/∂s_0", _jacobian(cell, case), product)


@law(
    "‖∂L/∂h_0‖ ≤ Π_t max φ′(a_t) · ‖W_hh‖₂ · ‖∂L/∂h_T‖",
    cases=replace(ONE_WAY, then=lambda _, case: pulling_the_end(case)),
    requires=PLANTED,
    kinds=SIMPLE,
    catches=(
        "tanh-slope-left-out",
        "activation-left-out",
    ),
)
def gradient_grows_no_faster_than_the_bound(
    cell: MeasuredCell, case: Case
) -> Iterator[Claim]:
    """Each step multiplies by diag φ′ and by W_hh, and lengthens by no more than these.

    Source: Pascanu, Mikolov & Bengio (2013), section 2.1.
    """
    (params,) = cell.canonical(case)
    weight = params.weight_hh.astype(float)
    norm = scaled_by_norm(np.linalg.norm(weight, 2), weight.size)
    bound = (case.grad_state[0][0].astype(float) ** 2).sum(axis=1)
    for slope in _largest_slopes(cell, case):
        bound = norm * norm * (slope * slope * bound)
    found = cell.backward(case).state[0][0]
    yield at_most("‖gradient of h‖²", (found * found).sum(axis=1), bound)


def _largest_slopes(cell: MeasuredCell, case: Case) -> list[Array]:
    """Return, for each step, the largest slope (N,) that a unit of a row may have."""
    if cell.signature.kind is Kind.RNN_RELU:
        return [np.ones(case.batch)] * case.time
    y = cell.forward(case).outputs
    slopes = 1 - y * y
    return list((slopes.value + slopes.allowance).max(axis=2))


def _jacobian(cell: MeasuredCell, case: Case) -> Any:
    """Return ∂s_T/∂s_0 of a case with one row for each entry of the state."""
    gradients = [np.moveaxis(s, 1, 0) for s in cell.backward(case).state]
    return np.concatenate([g.reshape(len(g), -1) for g in gradients], axis=1)


LAWS = (
    jacobian_over_time_is_the_product_of_step_jacobians,
    gradient_grows_no_faster_than_the_bound,
    *recurrent_identity.LAWS,
)
