"""Laws about what stands past the end of a row."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.bugs.padding import lasts, past
from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Capability, Gradients, Kind, Padding, Reply
from refcheck.measured import MeasuredCell
from refcheck.outcome import BROKEN, Status
from refcheck.reference.cell import ReferenceCell
from refcheck.runner import run
from refcheck.settings import Settings
from tests.bank import faulty
from tests.properties.quick_outcomes import KINDS, holds, outcome


class Promising(ReferenceCell):
    """A right cell that says what its outputs are past the length."""

    def __init__(self, kind: Kind, padding: Padding = Padding.ZEROS) -> None:
        super().__init__(kind)
        self.signature = replace(
            self.signature,
            padding=padding,
            capabilities=self.signature.capabilities | Capability.PADDING_CONTRACT,
        )
        self.padding = padding

    def fresh(self) -> "Promising":
        return type(self)(self.kind, self.padding)

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        if self.padding is Padding.ZEROS:
            return reply
        if self.padding is Padding.UNTOUCHED:
            other = super().forward(case.but(lengths=None)).outputs
        else:
            last = np.minimum(np.arange(case.time)[:, None], lasts(case) - 1)
            other = reply.outputs[last, np.arange(case.batch)]
        return reply._replace(outputs=np.where(past(case), other, reply.outputs))


class Complete(Promising):
    """One that reads forward alone, its gradients those of what it returns."""

    def __init__(self, kind: Kind, padding: Padding = Padding.ZEROS) -> None:
        super().__init__(kind, padding)
        has = self.signature.capabilities & ~Capability.DIRECTIONS
        self.signature = replace(self.signature, capabilities=has)

    def backward(self, case: Case) -> Gradients:
        if case.lengths is None:
            return super().backward(case)
        pulls, ended = case.grad_outputs, past(case)
        before, after = np.where(ended, 0, pulls), np.where(ended, pulls, 0)
        if self.padding is Padding.REPEATED:
            rows = np.arange(case.batch)
            before[lasts(case) - 1, rows] += after.sum(axis=0)
        found = super().backward(case.but(grad_outputs=before))
        if self.padding is not Padding.UNTOUCHED:
            return found
        still = tuple(0 * g for g in case.grad_state)
        on = case.but(lengths=None, grad_outputs=after, grad_state=still)
        more = super().backward(on)
        return Gradients(
            {n: d + more.params[n] for n, d in found.params.items()},
            found.inputs + more.inputs,
            tuple(a + b for a, b in zip(found.state, more.state, strict=True)),
        )


NAMES = (
    "padding-is-never-read",
    "padding-gets-no-gradient",
    "nan-padding-is-never-read",
    "nan-padding-leaves-gradients-alone",
)
CONTRACT = "outputs-past-the-length-follow-the-contract"


@pytest.mark.parametrize(("kind", "seed"), KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_cell_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("padding", list(Padding))
def test_a_cell_that_keeps_its_contract_obeys(padding: Padding) -> None:
    assert holds(CONTRACT, Promising(Kind.GRU, padding))


@pytest.mark.parametrize(
    ("kind", "padding"),
    [(Kind.GRU, Padding.REPEATED), (Kind.RNN_RELU, Padding.UNTOUCHED)],
)
def test_what_a_right_cell_leaves_past_the_length_breaks_no_law(
    kind: Kind, padding: Padding
) -> None:
    careless = {"misfits-are-refused": "the reference refuses nothing"}
    settings = Settings(profile="quick", exclude=careless)

    found = list(run(Complete(kind, padding), list(laws().values()), settings))

    assert not [o.law for o in found if o.status in BROKEN]
    assert sum(o.status is Status.HELD for o in found) > 50


def test_zeros_that_are_promised_pass_no_gradient_back() -> None:
    assert holds("padding-gets-no-gradient", Promising(Kind.LSTM))


@pytest.mark.parametrize("padding", [Padding.REPEATED, Padding.UNTOUCHED])
def test_a_cell_that_breaks_its_contract_is_refuted(padding: Padding) -> None:
    cell = ReferenceCell(Kind.LSTM)
    cell.signature = Promising(Kind.LSTM, padding).signature

    found = outcome(CONTRACT, cell)

    assert found.status is Status.VIOLATED


def test_nothing_is_said_of_a_contract_that_is_not_declared() -> None:
    found = outcome(CONTRACT, ReferenceCell(Kind.LSTM))

    assert found.status is Status.SKIPPED
    assert "padding contract" in found.reason


def test_a_multiplying_mask_is_right_where_padding_is_finite() -> None:
    assert holds("padding-is-never-read", faulty("mask-by-multiplication", Kind.LSTM))


def test_selecting_after_computing_is_right_where_padding_is_finite() -> None:
    assert holds("padding-is-never-read", faulty("selected-after-computing", Kind.LSTM))


def test_nan_in_the_padding_decides_nothing_unless_strict() -> None:
    name = "nan-padding-is-never-read"

    found = outcome(name, faulty("mask-by-multiplication", Kind.LSTM), strict=False)

    assert found.status is Status.NOTED


def test_the_cases_have_padding_with_and_without_a_row_that_fills_it() -> None:
    cases = laws()["padding-is-never-read"].cases
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    recipes = cases.landmarks(cell.signature, 0)
    drawn = [cases.build(recipe, cell) for recipe in recipes]

    assert all(np.any(lasts(case) < case.time) for case in drawn)
    assert {bool(np.any(lasts(case) == case.time)) for case in drawn} == {True, False}
    assert any(np.any(lasts(case) == 1) for case in drawn)
