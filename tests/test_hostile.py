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

from refcheck import conditioned
from refcheck.case import Case
from refcheck.cell import Array, Gradients, Kind, Params, Reply, State
from refcheck.measured import MeasuredCell
from refcheck.recipe import GENERIC, SALTS, Recipe, case_from
from refcheck.reference import gru, gru_reset_before, lstm, rnn, sequence
from refcheck.reference.activation import sigmoid, sigmoid_slope, tanh_slope
from refcheck.reference.affine import affine, gates
from refcheck.reference.cell import ReferenceCell
from refcheck.reference.equations import EQUATIONS
from refcheck.rounding import FORMATS, Format
from refcheck.strategies import Cases
from refcheck.textbook import Textbook

U = 2.0**-20
FORM = Format(U, 2.0**-500, 2.0**500, U, U, ulps=4.0, absolute=0.0)
KINDS = [kind for kind in Kind if kind.textbook]
HOW = {
    "up": np.ones_like,
    "down": lambda a: -np.ones_like(a),
    "outwards": np.sign,
    "at random": lambda a: np.random.default_rng(a.size).choice([-1.0, 1.0], a.shape),
}


class Hostile(np.ndarray):
    """An array whose arithmetic is off by its whole budget."""

    __array_priority__ = 1.0  # what is joined with another array stays hostile
    how = staticmethod(HOW["up"])
    of: Any = None  # what it was made of, if it is an activation

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
        made = np.asarray(found).view(Hostile)
        made.of = inputs[0]
        return made


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
    reply, found = replied(cell, case)
    return parts_of(reply, found)


def replied(cell: ReferenceCell, case: Case) -> tuple[Reply, Gradients]:
    """Return what the hostile textbook returns."""
    own = {name: a.view(Hostile) for name, a in case.params.items()}
    params = cell.signature.layout.to_canonical(cell.kind, case.spec, own)
    state = tuple(s.view(Hostile) for s in case.state)
    reply, tapes = sequence.forward(
        cell.kind, params, case.inputs.view(Hostile), state, case.lengths, directions=1
    )
    found = sequence.backward(
        cell.kind, params, tapes, case.grad_outputs.view(Hostile), case.grad_state
    )
    named = cell.signature.layout.from_canonical(cell.kind, case.spec, found.params)
    return reply, Gradients(named, found.inputs, found.state)


def allowed(cell: ReferenceCell, case: Case, form: Format = FORM) -> list[Any]:
    """Return the same of the measured textbook."""
    book = Textbook(cell.signature, lambda _: form)
    reply, tapes = book.forward(case)
    return parts_of(reply, book.backward(case, tapes))


def parts_of(reply: Reply, found: Gradients) -> list[Any]:
    parts = found.params.values()
    return [reply.outputs, *reply.state, found.inputs, *found.state, *parts]


def shares(found: list[Array], right: list[Any]) -> list[float]:
    """Return, for each array, the largest error as a share of its allowance."""
    slack = 2.0**-50  # of double precision itself
    used = []
    for f, r in zip(found, right, strict=True):
        error = abs(np.asarray(f) - r.value) - slack * abs(r.value)
        share = error / np.maximum(r.allowance, 1e-300)
        used.append(float(np.max(share, initial=0.0)))
    return used


SMALL = Cases(time=(1, 5), hidden=(1, 3), batch=(1, 4), state=True, layers=False)
SMALL = replace(SMALL, directions=False, scales=(0, 1, 2))


def drawn(cell: ReferenceCell) -> list[Case]:
    """Return small cases of the landmarks."""
    measured = MeasuredCell(cell)
    recipes = [
        recipe
        for seed in range(2)
        for recipe in list(SMALL.landmarks(measured.signature, seed))[:10]
    ]
    return [SMALL.build(recipe.but(single=False), measured) for recipe in recipes]


def worst_of(cell: ReferenceCell, form: Format = FORM) -> float:
    """Return the largest share of its allowance that the attack uses."""
    cases = drawn(cell)
    return max(max(shares(attacked(cell, c), allowed(cell, c, form))) for c in cases)


@pytest.fixture(params=HOW)
def how(request, monkeypatch) -> str:
    monkeypatch.setattr(Hostile, "how", staticmethod(HOW[request.param]))
    return request.param


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_no_legal_rounding_exceeds_the_allowance(kind, how) -> None:
    assert 0.01 < worst_of(ReferenceCell(kind)) <= 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_nor_does_it_step_by_step(kind, how) -> None:
    cell, worst = ReferenceCell(kind), 0.0
    book = Textbook(cell.signature, lambda _: FORM)

    for case in drawn(cell):
        whole = transparent(cell, case)
        reply, found = replied(cell, whole)
        outputs, d_inputs = np.asarray(reply.outputs), np.asarray(found.inputs)
        ahead = conditioned.forward(book, whole, outputs)
        back = conditioned.backward(book, whole, ahead.tapes, d_inputs)
        own = book.own(whole.spec, back.params)
        right = parts_of(ahead.reply, Gradients(own, back.inputs, back.state))
        worst = max(worst, *shares(parts_of(reply, found), right))

    assert 0.01 < worst <= 1


def transparent(cell: ReferenceCell, case: Case) -> Case:
    """Return the case with an input for each pre-activation, and no lengths."""
    size = cell.kind.gates * case.spec.hidden_size
    layout, spec = cell.signature.layout, replace(case.spec, input_size=size)
    (params,) = layout.to_canonical(cell.kind, case.spec, case.params)
    own = layout.from_canonical(
        cell.kind, spec, [params._replace(weight_ih=np.eye(size))]
    )
    inputs = np.resize(case.inputs, (case.time, case.batch, size))
    return case.but(spec=spec, params=own, inputs=inputs, lengths=None)


WAYS: dict[str, dict[str, Any]] = {  # of writing the same, by what is replaced
    "as it stands": {},
    "n + z (h - n)": {"mixed": lambda z, n, h: n + z * (h - n)},
    "h + (1 - z) (n - h)": {"mixed": lambda z, n, h: h + (1 - z) * (n - h)},
    "σ(-a) n + z h": {"mixed": lambda z, n, h: sigmoid(-z.of) * n + z * h},
    "n + z h - z n": {"mixed": lambda z, n, h: (n + z * h) - z * n},
    "slopes in factors": {
        "tanh_slope": lambda y: (1 - y) * (1 + y),
        "sigmoid_slope": lambda y: y - y * y,
    },
    "slopes from a": {
        "tanh_slope": lambda y: from_a(y.of),
        "sigmoid_slope": lambda y: y * (1 - expit(y.of)),  # off by other roundings
    },
}


def from_a(a: Array) -> Array:
    """Return the slope of tanh by a function of its own, as accurate as tanh is."""
    slope = 1 / np.cosh(np.asarray(a)) ** 2
    return off(slope, 2 * FORM.ulps * U * slope).view(Hostile)


def ways(kind: Kind) -> list[str]:
    """Return the ways that differ for one kind."""
    used = {Kind.RNN_RELU: set(), Kind.RNN_TANH: {"tanh_slope"}}
    used |= {Kind.LSTM: {"tanh_slope", "sigmoid_slope"}}
    every = {"mixed", "tanh_slope", "sigmoid_slope"}
    return [
        w
        for w, other in WAYS.items()
        if not other or other.keys() & used.get(kind, every)
    ]


def written(way: str, patch: pytest.MonkeyPatch) -> None:
    """Let the textbook be written in one of the other ways."""
    for module in (rnn, lstm, gru, gru_reset_before):
        for name in WAYS[way].keys() & vars(module).keys():
            patch.setattr(module, name, WAYS[way][name])


@pytest.mark.parametrize(("kind", "way"), [(k, w) for k in KINDS for w in ways(k)[1:]])
def test_nor_does_another_way_of_writing_it(kind, way, how, monkeypatch) -> None:
    cell = ReferenceCell(kind)
    cases = drawn(cell)
    right = [allowed(cell, case) for case in cases]

    written(way, monkeypatch)

    pairs = zip(cases, right, strict=True)
    assert max(max(shares(attacked(cell, c), r)) for c, r in pairs) <= 1


def reversed_step(params: Params, a_x: Array, state: State) -> Any:
    """Advance a GRU whose gate lets the candidate in: (1 - w) h + w n."""
    (h,) = state
    a_x_r, a_x_z, a_x_n = gates(a_x, 3)
    a_h_r, a_h_z, a_h_n = gates(affine(h, params.weight_hh, params.bias_hh), 3)
    r, w = sigmoid(a_x_r + a_h_r), sigmoid(-(a_x_z + a_h_z))
    q = r * a_h_n
    n = np.tanh(a_x_n + q)
    return ((1 - w) * h + w * n,), gru.Tape(h, r, w, n, q)


def reversed_back(params: Params, tape: gru.Tape, d_state: State) -> Any:
    """Go back through ``reversed_step``, whose tape holds w for z."""
    h, r, w, n, q = tape
    (d_h_next,) = d_state
    d_a_n = d_h_next * w * tanh_slope(n)
    d_a_z = -(d_h_next * (n - h) * sigmoid_slope(w))
    d_a_r = d_a_n * q * (1 - r)
    d_a_x = np.concatenate([d_a_r, d_a_z, d_a_n], axis=1)
    d_a_h = np.concatenate([d_a_r, d_a_z, d_a_n * r], axis=1)
    d_h = d_h_next * (1 - w) + d_a_h @ params.weight_hh
    return (d_a_x, d_a_h, h), (d_h,)


def test_a_gru_may_gate_the_candidate_if_its_budget_is_absolute(
    how, monkeypatch
) -> None:
    wide = FORM._replace(absolute=2 * FORM.ulps + 1)  # 1 - w is off by σ's and one more
    other = EQUATIONS[Kind.GRU]._replace(step=reversed_step, step_back=reversed_back)
    cell, cases = ReferenceCell(Kind.GRU), drawn(ReferenceCell(Kind.GRU))
    right = [allowed(cell, case, wide) for case in cases]

    monkeypatch.setitem(EQUATIONS, Kind.GRU, other)

    pairs = zip(cases, right, strict=True)
    assert max(max(shares(attacked(cell, c), r)) for c, r in pairs) <= 1


class Climbing:
    """One sign for each operation on one number, each turned where that gains."""

    def __init__(self) -> None:
        self.signs, self.next = np.ones(500), 0

    def __call__(self, value: Array) -> Array:
        taken = self.signs[self.next : self.next + value.size]
        self.next += value.size
        return taken.reshape(value.shape)

    def most(
        self, cell: ReferenceCell, case: Case, right: list[Any], part: int
    ) -> float:
        """Return the largest share that any choice found of signs uses.

        In the second round the error has the sign that it was driven to in the first.
        """
        best = self.share(cell, case, right, part)
        for k in [*range(self.next)] * 2:
            self.signs[k] *= -1
            share = self.share(cell, case, right, part)
            self.signs[k] *= 1 if share > best else -1
            best = max(best, share)
        return best

    def share(self, cell: ReferenceCell, case: Case, right: Any, part: int) -> float:
        self.next = 0
        return shares(attacked(cell, case), right)[part]


USED = {  # of the outputs, and of the gradient of inputs
    Kind.RNN_TANH: (0.99, 0.94),
    Kind.RNN_RELU: (0.99, 0.99),
    Kind.LSTM: (0.99, 0.69),
    Kind.GRU: (0.99, 0.74),
    Kind.GRU_RESET_BEFORE: (0.99, 0.8),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.value)
def test_in_one_step_of_one_unit_the_allowance_is_nearly_used(kind) -> None:
    cell = ReferenceCell(kind)
    cases = [one(cell, sign) for sign in (-1, 1)]
    right = [allowed(cell, case) for case in cases]

    used = [
        max(most_used(cell, *pair, part) for pair in zip(cases, right, strict=True))
        for part in (0, 1 + kind.states)
    ]

    assert all(u > wanted for u, wanted in zip(used, USED[kind], strict=True)), used
    assert max(used) <= 1


def most_used(cell: ReferenceCell, case: Case, right: list[Any], part: int) -> float:
    """Return the largest share that any way of writing the cell can use."""
    found = []
    for way in ways(cell.kind):
        climbing = Climbing()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Hostile, "how", staticmethod(climbing))
            written(way, patch)
            found.append(climbing.most(cell, case, right, part))
    return max(found)


def one(cell: ReferenceCell, sign: int) -> Case:
    """Return one step of one unit without biases, whose pre-activations are positive.

    No two terms of a sum cancel, unless h, of the sign that is given, meets n.
    """
    recipe = Recipe(bias=False, with_state=True, seeds=dict.fromkeys(SALTS, GENERIC))
    spec = recipe.spec(("float64",))
    case = case_from(recipe, spec, cell.shapes(spec))
    w_ih, w_hh = (abs(a) for a in case.params.values())
    h, *c = map(abs, case.state)
    return case.but(
        params=dict(zip(case.params, (w_ih, sign * w_hh), strict=True)),
        inputs=abs(case.inputs),
        state=(sign * h, *c),
        grad_outputs=abs(case.grad_outputs),
        grad_state=tuple(map(abs, case.grad_state)),
    )


def test_the_attack_is_more_than_double_precision_rounds() -> None:
    assert FORM.u > 1e9 * FORMATS["float64"].u
