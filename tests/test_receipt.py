"""The receipt says what an allowance is made of, and what a pass is worth."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind, Reply
from refcheck.law import equal, law
from refcheck.measured import MeasuredCell
from refcheck.outcome import Finding, Outcome, Status
from refcheck.receipt import (
    ACTIVATIONS,
    BESIDE,
    CARRIED,
    PRODUCTS,
    SUMS,
    TOGETHER,
    parts,
)
from refcheck.reference.cell import ReferenceCell
from refcheck.rounding import FORMATS
from refcheck.rounding.formats import PRESETS
from refcheck.runner import hold
from refcheck.settings import Settings
from refcheck.strategies import Cases

LAWS = laws()


class Off(ReferenceCell):
    """Outputs and states are off by a part in a million."""

    def forward(self, case: Case) -> Reply:
        outputs, state = super().forward(case)
        return Reply(outputs * (1 + 1e-6), tuple(s * (1 + 1e-6) for s in state))


def violated(name: str, kind: Kind, cell: Any = Off) -> Outcome:
    """Return how the law ends for a cell in double precision."""
    measured = MeasuredCell(cell(kind))
    measured.signature = replace(measured.signature, dtypes=("float64",))
    return hold(LAWS[name], measured, Settings())


def receipt(name: str, kind: Kind) -> dict[str, float]:
    found = violated(name, kind).finding

    assert found is not None
    return dict(found.parts)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.GRU], ids=lambda kind: kind.value)
def test_the_parts_are_all_of_the_allowance(kind: Kind) -> None:
    shares = receipt("outputs-agree", kind)

    assert sum(shares.values()) == pytest.approx(1, abs=0.02)
    assert {PRODUCTS, ACTIVATIONS} <= shares.keys()
    assert shares.keys() <= {SUMS, PRODUCTS, ACTIVATIONS, BESIDE, TOGETHER}


def test_a_relu_has_no_part_in_it() -> None:
    assert ACTIVATIONS not in receipt("outputs-agree", Kind.RNN_RELU)


def test_a_sum_of_few_bits_has_no_part_in_it() -> None:
    shares = receipt("one-step-agrees", Kind.LSTM)

    assert SUMS not in shares
    assert {PRODUCTS, ACTIVATIONS} <= shares.keys()


def test_a_wider_budget_of_activations_has_a_larger_part(monkeypatch: Any) -> None:
    narrow = receipt("outputs-agree", Kind.LSTM)
    wide = FORMATS["float64"]._replace(ulps=PRESETS["libm"][0] * 64)
    monkeypatch.setattr(MeasuredCell, "scanned", lambda self: self)
    monkeypatch.setitem(FORMATS, "float64", wide)

    assert receipt("outputs-agree", Kind.LSTM)[ACTIVATIONS] > narrow[ACTIVATIONS]


def test_what_another_call_returned_has_a_part_of_its_own() -> None:
    assert CARRIED in receipt("layers-compose", Kind.GRU)
    assert CARRIED not in receipt("outputs-agree", Kind.GRU)


def test_a_fresh_object_is_counted_alike() -> None:
    cell = MeasuredCell(ReferenceCell(Kind.LSTM))
    found = Finding(
        "outputs, against a fresh cell", "", 0, 0, 0, 1e-14, index=(0, 0, 0)
    )
    stated = LAWS["calls-leave-no-trace"]
    recipe = next(stated.cases.landmarks(cell.signature, 0))
    case = stated.cases.build(recipe, cell)

    assert {SUMS, PRODUCTS, ACTIVATIONS} <= parts(stated, cell, case, found).keys()


@law("y = y, while the target answers", cases=Cases())
def agrees(cell, case):
    """It does."""
    yield equal("outputs", cell.forward(case).outputs, cell.textbook(case).outputs)


def test_a_target_that_answers_once_leaves_its_violation_without_parts() -> None:
    class Once(Off):
        answers = iter([True])

        def forward(self, case: Case) -> Reply:
            if next(self.answers, False):
                return super().forward(case)
            raise RuntimeError("no more")

    cell = MeasuredCell(Once(Kind.GRU))
    recipe = next(agrees.cases.landmarks(cell.signature, 0))
    case = agrees.cases.build(recipe, cell)
    cell.forward(case)
    found = Finding("outputs", "", 0, 0, 0, 1e-14, index=(0, 0, 0))

    assert parts(agrees, cell, case, found) == {}


def test_an_allowance_that_is_assumed_has_no_receipt() -> None:
    class Unknown(Off):
        def forward(self, case: Case) -> Reply:
            reply = super().forward(case)
            return reply if case.batch == 1 else Reply(reply.outputs * 2, reply.state)

    cell = Unknown(Kind.GRU)
    capabilities = cell.signature.capabilities & ~Capability.LAYOUT
    unknown = {"kind": None, "layout": None, "capabilities": capabilities}
    cell.signature = replace(cell.signature, **unknown)

    outcome = hold(
        LAWS["a-row-in-a-batch-is-that-row-alone"], MeasuredCell(cell), Settings()
    )

    assert outcome.status is Status.VIOLATED
    assert outcome.finding is not None
    assert outcome.finding.parts == {}


def test_where_nothing_is_allowed_there_is_nothing_to_divide() -> None:
    outcome = violated("half-open-gates-are-exact", Kind.GRU)

    assert outcome.finding is not None
    assert outcome.finding.allowed == 0
    assert outcome.finding.parts == {}
    assert outcome.finding.ratio == np.inf


# what a pass is worth -----------------------------------------------------------------


class Nudged(ReferenceCell):
    """Each output is off by so many units of roundoff of itself."""

    units = 3.0

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        u = FORMATS[case.spec.dtype].u
        off = reply.outputs.astype(float) * (1 + self.units * u)
        return Reply(off.astype(case.spec.dtype), reply.state)


def test_the_limit_of_a_law_is_an_error_that_it_sees() -> None:
    passed = hold(LAWS["one-step-agrees"], MeasuredCell(Nudged(Kind.LSTM)), Settings())
    limit = passed.limits["float64"]

    class Beyond(Nudged):
        units = 2 * limit.units

    beyond = hold(LAWS["one-step-agrees"], MeasuredCell(Beyond(Kind.LSTM)), Settings())

    assert passed.status is Status.HELD
    assert beyond.status is Status.VIOLATED
    assert 3 < limit.units < 200
    assert limit.relative == limit.units * FORMATS["float64"].u


def test_the_case_with_the_largest_error_is_kept_beside_the_smallest() -> None:
    outcome = violated("outputs-agree", Kind.RNN_RELU)

    assert outcome.worst is not None
    assert outcome.finding is not None
    assert outcome.worst.error > outcome.finding.error
    assert outcome.worst_case is not None
    assert outcome.case is not None
    assert outcome.worst_case["inputs"]["shape"] != outcome.case["inputs"]["shape"]


def test_no_case_is_kept_twice() -> None:
    class Endless(ReferenceCell):
        def forward(self, case: Case) -> Reply:
            reply = super().forward(case)
            return Reply(np.full_like(reply.outputs, np.inf), reply.state)

    outcome = violated("outputs-agree", Kind.RNN_TANH, Endless)

    assert outcome.case is not None
    assert outcome.worst_case is None
