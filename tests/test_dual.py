"""Dual numbers, against the complex step."""

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.cell import Kind, Reply
from refcheck.directions import direction, moved
from refcheck.dual import Dual, derivative, dual
from refcheck.layout import TORCH
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, Recipe, case_from
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import exact

NAMES = ("inputs", "state", "lengths", "outputs", "final", "params")
KINDS = [kind for kind in Kind if kind.textbook]
OPTIONS = {
    "one layer": {},
    "lengths": {"with_lengths": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "no state": {"with_state": False},
    "no bias": {"bias": False},
}
TINY = 2.0**-200  # the complex step: no roundoff, since nothing is subtracted


def drawn(kind: Kind, options: dict) -> Case:
    cell = ReferenceCell(kind)
    fields = {"time": 4, "batch": 3, "input_size": 3, "hidden_size": 2}
    seeds = dict.fromkeys(NAMES, GENERIC + 3)
    recipe = Recipe(**(fields | {"with_state": True, "seeds": seeds} | options))
    spec = recipe.spec(("float64",))
    return case_from(recipe, spec, cell.shapes(spec))


def by_complex_step(kind: Kind, case: Case, along) -> Reply:
    there = moved(case, along, 1j * TINY)
    params = {n: a.astype(complex) for n, a in there.params.items()}
    state = there.state and tuple(s.astype(complex) for s in there.state)
    reply, _ = sequence.forward(
        kind,
        TORCH.to_canonical(kind, case.spec, params),
        there.inputs.astype(complex),
        state,
        case.lengths,
        directions=case.spec.directions,
    )
    return Reply(reply.outputs.imag / TINY, tuple(s.imag / TINY for s in reply.state))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_forward_mode_agrees_with_the_complex_step(kind, options) -> None:
    case = drawn(kind, options)
    along = direction(case, 9)
    right = by_complex_step(kind, case, along)

    found = derivative(MeasuredCell(ReferenceCell(kind)), case, along)

    pairs = zip(
        (found.outputs, *found.state), (right.outputs, *right.state), strict=True
    )
    errors = [(abs(a.value - b), a.allowance) for a, b in pairs]
    assert all(np.all(error <= 2 * allowed) for error, allowed in errors)
    assert max(np.max(allowed) for _, allowed in errors) < 1e-10


def test_a_constant_has_the_derivative_zero() -> None:
    found = dual([1.0, 2.0])

    assert found.value.value.tolist() == [1, 2]
    assert found.slope.value.tolist() == [0, 0]


def test_a_product_follows_leibniz() -> None:
    a = Dual(exact(np.array([2.0])), exact(np.array([1.0])))

    found = 1 - a * a

    assert found.value.value.tolist() == [-3]
    assert found.slope.value.tolist() == [-4]


def test_functions_without_a_rule_are_refused() -> None:
    with pytest.raises(TypeError):
        np.exp(dual([1.0]))
    with pytest.raises(TypeError):
        np.cumsum(dual([1.0]))


def test_forward_mode_needs_a_textbook() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.GRU))
    case = drawn(Kind.GRU, {})
    cell.signature = type(cell.signature)("unknown", None, cell.signature.capabilities)

    with pytest.raises(TypeError, match=r"LAYOUT"):
        derivative(cell, case, {})
