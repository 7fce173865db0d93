"""A legal implementation that uses every rounding budget in full stays inside.

Each inexact operation is off by all that its format permits, all up, all down, away
from 0, or at random.  The unit roundoff is 2^-20, far above the double precision in
which this is computed, so that what is seen is the hostility alone.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from refcheck.case import Case
from refcheck.cell import Array, Kind
from refcheck.measured import MeasuredCell
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import FORMATS, Format
from refcheck.strategies import Cases
from refcheck.textbook import Textbook

FORM = Format(2.0**-20, 2.0**-500, 2.0**500, 2.0**-20, ulps=4.0, absolute=0.0)
KINDS = [kind for kind in Kind if kind.recurrent]
HOW = {
    "up": np.ones_like,
    "down": lambda a: -np.ones_like(a),
    "outwards": np.sign,
    "at random": lambda a: np.random.default_rng(a.size).choice([-1.0, 1.0], a.shape),
}


class Hostile(np.ndarray):
    """An array whose arithmetic is off by its whole budget."""

    how = staticmethod(HOW["up"])

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        plain = [np.asarray(x) for x in inputs]
        if ufunc is np.matmul:
            found = product(*plain)
        elif ufunc is np.add and method == "reduce":
            found = summed(np.moveaxis(plain[0], kwargs["axis"], 0))
        else:
            found = moved(ufunc, plain, getattr(ufunc, method)(*plain, **kwargs))
        if out is not None:
            np.asarray(out[0])[...] = found
            return out[0]
        return np.asarray(found).view(Hostile)


def off(value: Array, budget: Any) -> Array:
    return value + Hostile.how(np.asarray(value)) * budget


def moved(ufunc: Any, inputs: list[Array], value: Array) -> Array:
    """Return the result of an elementwise function, off by what it may be."""
    if ufunc in (np.tanh, expit):
        budget = 2 * FORM.ulps * FORM.u * abs(value)
    elif ufunc in (np.add, np.subtract):
        rounded = (inputs[0] != 0) & (inputs[1] != 0)  # adding 0 is exact
        budget = np.where(rounded, FORM.u * abs(value), 0.0)
    elif ufunc is np.multiply:
        powers = [np.isin(abs(x), (0.0, 1.0)) for x in inputs]
        budget = np.where(powers[0] | powers[1], 0.0, FORM.u * abs(value))
    else:
        budget = 0.0  # negation, maximum, comparison: nothing is rounded
    return off(value, budget)


def summed(terms: Array) -> Array:
    """Add up one after the other."""
    total = np.zeros(terms.shape[1:])
    for term in terms:
        total = moved(np.add, [total, term], total + term)
    return total


def product(x: Array, y: Array) -> Array:
    """Multiply matrices, one product after the other."""
    pairs = [np.multiply.outer(x[..., k], y[k]) for k in range(x.shape[-1])]
    halves = zip(pairs, range(x.shape[-1]), strict=True)
    each = [moved(np.multiply, [x[..., k, None], y[k]], p) for p, k in halves]
    return summed(np.array(each))


def attacked(cell: ReferenceCell, case: Case) -> list[Array]:
    """Return outputs, final state and gradients of the hostile textbook."""
    own = {name: a.view(Hostile) for name, a in case.params.items()}
    params = canonical(cell, case, own)
    state = tuple(s.view(Hostile) for s in case.state)
    reply, tapes = sequence.forward(
        cell.kind, params, case.inputs.view(Hostile), state, case.lengths, directions=1
    )
    found = sequence.backward(
        cell.kind, params, tapes, case.grad_outputs.view(Hostile), case.grad_state
    )
    parts = [g for p in found.params for g in p if g is not None]
    return [reply.outputs, *reply.state, found.inputs, *found.state, *parts]


def canonical(cell: ReferenceCell, case: Case, own: Any) -> Any:
    return cell.signature.layout.to_canonical(cell.kind, case.spec, own)


def allowed(cell: ReferenceCell, case: Case) -> list[Any]:
    """Return the same of the measured textbook."""
    book = Textbook(cell.signature, lambda _: FORM)
    reply, tapes = book.forward(case)
    found = book.backward(case, tapes)
    gradients = book.params(case.spec, found.params)
    parts = [g for p in gradients for g in p if g is not None]
    return [reply.outputs, *reply.state, found.inputs, *found.state, *parts]


def utilisation(kind: Kind, how: str, sizes: Cases, monkeypatch: Any) -> float:
    """Return the largest error as a share of its allowance, over some cases."""
    cell, worst = ReferenceCell(kind), 0.0
    monkeypatch.setattr(Hostile, "how", staticmethod(HOW[how]))
    measured = MeasuredCell(cell)
    for seed in range(2):
        for recipe in list(sizes.landmarks(measured.signature, seed))[:10]:
            case = sizes.build(recipe.but(single=False), measured)
            pairs = zip(attacked(cell, case), allowed(cell, case), strict=True)
            for found, right in pairs:
                error = abs(np.asarray(found) - right.value)
                slack = 2.0**-50 * abs(right.value)  # of double precision itself
                ratio = (error - slack) / np.maximum(right.allowance, 1e-300)
                worst = max(worst, float(np.max(ratio, initial=0.0)))
    return worst


SMALL = Cases(time=(1, 5), hidden=(1, 3), batch=(1, 4), state=True, layers=False)
SMALL = replace(SMALL, directions=False, scales=(0, 1, 2))


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_no_legal_rounding_exceeds_the_allowance(kind, how, monkeypatch) -> None:
    worst = utilisation(kind, how, SMALL, monkeypatch)

    assert 0.01 < worst <= 1


USED = {  # found with all sizes 1: 0.996, 0.868, 0.785, 0.785 and 0.305
    Kind.RNN_TANH: 0.95,
    Kind.LSTM: 0.8,
    Kind.GRU: 0.75,
    Kind.GRU_RESET_BEFORE: 0.75,
    Kind.RNN_RELU: 0.3,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_in_one_step_of_one_unit_the_allowance_is_nearly_used(
    kind, monkeypatch
) -> None:
    one = replace(SMALL, time=(1, 1), hidden=(1, 1), batch=(1, 1), lengths=False)

    assert max(utilisation(kind, how, one, monkeypatch) for how in HOW) > USED[kind]


def test_the_attack_is_more_than_double_precision_rounds() -> None:
    assert FORM.u > 1e9 * FORMATS["float64"].u
