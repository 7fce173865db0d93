"""Started anew from what was shown, the textbook is itself, and allows as little."""

from typing import Any

import numpy as np
import pytest

from refcheck import conditioned
from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.judge import allowed
from refcheck.law import Claim
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, SALTS, Recipe
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import FORMATS
from refcheck.trial import ask
from tests.test_rounding import KINDS

UNIT = FORMATS["float64"].u
LAW = laws()["gradients-agree-step-by-step"]


def a_case(cell: MeasuredCell, **changes: Any) -> Case:
    """Return a case of the law, with numbers that have all their bits."""
    plain = {"time": 9, "batch": 2, "hidden_size": 3, "with_state": True}
    recipe = Recipe(seeds=dict.fromkeys(SALTS, GENERIC), **(plain | changes))
    return LAW.cases.build(recipe, cell)


def claims_of(cell: MeasuredCell, case: Case) -> dict[str, Claim]:
    return {claim.label: claim for claim in LAW.check(cell, case)}


@pytest.mark.parametrize("with_state", [True, False], ids=["state", "no state"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_conditioned_on_itself_the_textbook_is_the_same(kind, with_state) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    case = a_case(cell, with_state=with_state)

    reply = cell.forward(case)
    again = conditioned.forward(cell.book, case, reply.outputs.value).reply

    assert again.outputs.value == pytest.approx(reply.outputs.value, abs=1e-15)
    for found, right in zip(again.state, reply.state, strict=True):
        assert found.value == pytest.approx(right.value, abs=1e-15)
    for claim in claims_of(cell, case).values():
        assert claim.right.value == pytest.approx(claim.left.value, abs=1e-14)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_no_state_is_allowed_what_a_state_of_zeros_is(kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    case = a_case(cell, with_state=False, single=True)
    zeros = (np.zeros((1, case.batch, 3), "float32"),) * kind.states

    without = claims_of(cell, case)
    with_zeros = claims_of(cell, case.but(state=zeros))

    for label, claim in without.items():
        assert np.array_equal(allowed(claim), allowed(with_zeros[label])), label


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_each_input_of_the_transparent_cell_is_one_pre_activation(kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))

    case = a_case(cell)

    (params,) = cell.canonical(case)
    assert case.spec.input_size == kind.gates * 3
    assert np.array_equal(params.weight_ih, np.eye(kind.gates * 3))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_allowances_do_not_grow_with_time(kind) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    short, long = (
        claims_of(cell, a_case(cell, time=time))["gradient of inputs"].right
        for time in (17, 65)
    )

    assert relative(long) < 2 * relative(short)


@pytest.mark.parametrize("scale", [2, 4], ids=["weights 2", "weights 8"])
@pytest.mark.parametrize("kind", [Kind.GRU, Kind.GRU_RESET_BEFORE])
def test_large_weights_over_many_steps_leave_allowances_small(kind, scale) -> None:
    cell = MeasuredCell(ReferenceCell(kind))
    case = a_case(cell, time=65, scale=scale)

    step_by_step = claims_of(cell, case)["gradient of inputs"].right
    end_to_end = cell.textbook_gradients(case).inputs

    assert relative(step_by_step) < 100 * UNIT
    assert relative(end_to_end) < 1000 * UNIT


def relative(found: Any) -> float:
    """Return the median allowance as a share of the size."""
    size = np.maximum(abs(found.value), np.sqrt(np.mean(found.value**2)))
    return float(np.median(found.allowance / size))


def test_what_torch_returns_without_gradients_is_not_held_against_its_gradients() -> (
    None
):
    torch = pytest.importorskip("torch")
    from refcheck.adapters.torch import adapt

    cell = MeasuredCell(adapt(torch.nn.LSTM, Declared(), "torch.nn:LSTM"))
    salts = zip(SALTS, (19143, 58592, 32761, 6930, 46379, 20548), strict=True)
    sizes = {"time": 5, "batch": 1, "input_size": 3, "hidden_size": 8}
    scales = {"scale": 3, "input_scale": 2}
    recipe = Recipe(seeds=dict(salts), single=True, **sizes, **scales)

    trial = ask(LAW, cell, LAW.cases.build(recipe, cell))

    assert trial.verdicts
    assert not trial.broken
