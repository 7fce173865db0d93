"""The cell that faults are planted into is right, and its gradients are its own."""

import numpy as np
import pytest

from refcheck.bugs import BUGS
from refcheck.bugs.network import MisfitError
from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind, Spec
from refcheck.outcome import BROKEN, Status
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import run
from refcheck.settings import Settings
from tests.bank import BANK, faulty, right

CELLS = [kind for kind in Kind if kind.textbook]
BACKWARD = {
    "backward",
    "backward lstm",
    "backward gru",
    "through time",
    "gradients",
    "gradient sums",
    "dropout",
    "memory",
    "stale",
}
ROUNDED = {  # what these compute is no smooth function, or not one of double precision
    "float64-by-name-only",
    "outputs-rounded-to-single",
    "half-precision-inside",
    "products-in-half-precision",
    "default-state-is-single",
    "gradients-in-single-precision",
    "gradients-in-half-precision",
    "sigmoid-slope-by-an-exponential",
}
OF_THE_BACKWARD_PASS = {
    "input-gradient-of-the-forward-direction-alone",
    "gradient-stops-at-the-top-layer",
    "selected-after-computing",
    "padding-gets-the-gradient-of-the-last-step",
    "padded-outputs-pull",
    "gradient-goes-through-the-padding",
    "state-gradient-comes-back-sorted",
    "padding-enters-the-weight-gradient",
    "empty-row-loses-its-gradient",
    "lengths-average-over-time",
    "gradients-raise-with-lengths",
    "batch-first-gradient-not-turned",
    "batch-first-gradient-reshaped",
    "strides-of-the-gradient-ignored",
}
FORWARD = [
    (bug, kind)
    for bug in BUGS
    if bug.family not in BACKWARD | {"clipping", "layouts", "shapes"}
    and bug.id not in ROUNDED | OF_THE_BACKWARD_PASS
    for kind in sorted(bug.kinds, key=lambda kind: kind.value)
]


def a_case(kind: Kind, spec: Spec | None = None) -> Case:
    """Return a case with two layers and directions, unequal lengths and a state."""
    spec = spec or Spec(4, 4, num_layers=2, bidirectional=True)
    numbers, shapes = np.random.default_rng(7), ReferenceCell(kind).shapes(spec)

    def drawn(*shape: int) -> np.ndarray:
        return numbers.normal(0, 0.4, shape).astype(spec.dtype)

    def states() -> tuple[np.ndarray, ...]:
        return tuple(drawn(spec.depth, 3, 4) for _ in range(kind.states))

    return Case(
        spec,
        {name: drawn(*shape) for name, shape in shapes.params.items()},
        drawn(5, 3, 4),
        states(),
        np.array([3, 5, 2]),
        drawn(5, 3, shapes.output_size),
        states(),
    )


def moved(case: Case, step: float) -> Case:
    """Return the case with every argument moved by a step along the same direction."""
    return case.but(
        params={n: a + step * np.cos(a + 1) for n, a in case.params.items()},
        inputs=case.inputs + step * np.cos(case.inputs + 2),
        state=tuple(s + step * np.cos(s + 3) for s in case.state),
    )


def loss(cell, case: Case) -> float:
    outputs, state = cell.forward(case)
    pulls = zip(state, case.grad_state, strict=True)
    return (outputs * case.grad_outputs).sum() + sum((s * g).sum() for s, g in pulls)


def slope(cell, case: Case) -> float:
    """Return what the gradients say of the derivative along the direction."""
    found = cell.backward(case)
    params = sum(
        (found.params[n] * np.cos(a + 1)).sum() for n, a in case.params.items()
    )
    inputs = (found.inputs * np.cos(case.inputs + 2)).sum()
    pairs = zip(found.state, case.state, strict=True)
    return params + inputs + sum((g * np.cos(s + 3)).sum() for g, s in pairs)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.GRU], ids=lambda kind: kind.value)
def test_without_a_fault_it_conforms(kind) -> None:
    settings = Settings(strict=True, profile="quick")

    outcomes = list(run(right(kind), list(laws().values()), settings))

    assert not [o.law for o in outcomes if o.status in BROKEN]
    assert len([o for o in outcomes if o.status is Status.HELD]) > 60


@pytest.mark.parametrize("kind", CELLS, ids=lambda kind: kind.value)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_it_computes_what_the_textbook_does(kind, dtype) -> None:
    case = a_case(kind, Spec(4, 4, 2, bidirectional=True, dtype=dtype))
    most = 100 * np.finfo(dtype).eps
    found, expected = right(kind), ReferenceCell(kind)

    reply, gradients = found.forward(case), found.backward(case)
    book, backward = expected.forward(case), expected.backward(case)

    assert abs(reply.outputs - book.outputs).max() <= most
    for ours, theirs in zip(reply.state, book.state, strict=True):
        assert abs(ours - theirs).max() <= most
    for name, theirs in backward.params.items():
        assert gradients.params[name].dtype == dtype
        assert abs(gradients.params[name] - theirs).max() <= 10 * most
    assert abs(gradients.inputs - backward.inputs).max() <= most
    for ours, theirs in zip(gradients.state, backward.state, strict=True):
        assert abs(ours - theirs).max() <= most


@pytest.mark.parametrize(
    ("bug", "kind"), FORWARD, ids=[f"{b.id}-{k.value}" for b, k in FORWARD]
)
def test_a_wrong_forward_pass_has_the_gradients_of_what_it_computes(bug, kind) -> None:
    case, cell, step = a_case(kind), bug.plant(kind), 1e-6

    with np.errstate(all="ignore"):
        after, before = loss(cell, moved(case, step)), loss(cell, moved(case, -step))
        found = slope(cell, case)

    expected = (after - before) / (2 * step)
    assert abs(found - expected) <= 1e-6 * (1 + abs(expected))


@pytest.mark.parametrize(
    "bug", [b for b in BUGS if b.family != "clipping"], ids=lambda bug: bug.id
)
def test_the_plainest_case_is_answered_or_refused(bug) -> None:
    kind = min(bug.kinds, key=lambda kind: kind.value)
    plain = a_case(kind, Spec(4, 4, bias=False)).but(state=None, lengths=None)
    cell = bug.plant(kind)

    if bug.id == "raises-without-biases":
        with pytest.raises(IndexError, match="expected 4 parameters"):
            cell.forward(plain)
    elif bug.id == "outputs-joined-along-features":
        assert cell.forward(plain).outputs.shape == (1, 3, 20)
    elif bug.id == "outputs-come-batch-first":
        assert cell.forward(plain).outputs.shape == (3, 5, 4)
    elif bug.family == "shapes":
        assert len(cell.forward(plain).outputs) == 5
    else:
        assert cell.backward(plain).params.keys() == plain.params.keys()
        assert cell.forward(plain).outputs.shape == (5, 3, 4)


def test_a_backward_fault_leaves_the_forward_pass_right() -> None:
    textbook, case = ReferenceCell(Kind.LSTM), a_case(Kind.LSTM)
    faults = [
        b for b in BUGS if b.family.startswith("backward") and Kind.LSTM in b.kinds
    ]

    for bug in faults:
        reply = bug.plant(Kind.LSTM).forward(case)
        assert abs(reply.outputs - textbook.forward(case).outputs).max() < 1e-12


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": np.zeros((5, 3, 5))},
        {"inputs": np.zeros((0, 3, 4))},
        {"inputs": np.zeros((5, 3, 4), np.float32)},
        {"state": (np.zeros((4, 3, 5)),)},
        {"lengths": np.array([1, 2])},
        {"lengths": np.array([1, 2, 6])},
    ],
    ids=["features", "steps", "dtype", "state", "number of lengths", "a length"],
)
def test_what_does_not_fit_is_refused(changed) -> None:
    case = a_case(Kind.GRU).but(**changed)

    with pytest.raises(MisfitError, match="does not fit"):
        right(Kind.GRU).forward(case)


def test_a_fresh_cell_remembers_nothing() -> None:
    cell, case = (
        faulty("state-of-the-last-call-kept", Kind.RNN_TANH),
        a_case(Kind.RNN_TANH).but(state=None),
    )
    first = cell.forward(case).outputs

    assert np.any(cell.forward(case).outputs != first)
    assert not np.any(cell.fresh().forward(case).outputs != first)


def test_every_fault_of_a_cell_is_of_use_beside_others() -> None:
    offered = right(Kind.LSTM).signature

    applying = [bug for bug in BUGS if bug.applies_to(offered)]

    assert len(applying) > 200
    assert BANK["relu-leaks"] not in applying
    bare = [b for b in BUGS if b.needs is Capability.FORWARD and Kind.LSTM in b.kinds]
    assert len(bare) < len(applying)
