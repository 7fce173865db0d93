"""Targets without a framework: the bank itself, and what cannot be compared."""

from dataclasses import replace

import pytest

from refcheck.bugs import BUGS
from refcheck.bugs.planted import planted
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.diagnosis.diagnose import diagnosed
from refcheck.diagnosis.together import together
from refcheck.kills import catching
from refcheck.outcome import BROKEN, Diagnosis
from refcheck.runner import measure, run
from refcheck.settings import Settings

LAWS = laws()
CAUGHT = catching(LAWS.values())
DIRECT = ("outputs-agree", "final-state-agrees", "gradients-agree")
PLANT = {bug.id: bug for bug in BUGS}
ALONE = {  # of each family one fault, found by its laws
    "forget-gate-left-out": Kind.LSTM,
    "reset-gate-left-out": Kind.GRU,
    "hard-tanh": Kind.RNN_TANH,
    "relu-leaks": Kind.RNN_RELU,
    "mask-one-step-late": Kind.GRU,
    "halves-exchanged": Kind.LSTM,
    "final-state-written-into-the-initial-one": Kind.LSTM,
    "lengths-cut-to-time": Kind.GRU,
    "half-the-bound": Kind.CLIP_NORM,
}


def diagnosis_of(cell, names, seconds: float = 20.0) -> Diagnosis | None:
    settings = Settings(profile="quick", select=tuple(names))
    outcomes = list(run(cell, list(LAWS.values()), settings))
    broken = [o for o in outcomes if o.status in BROKEN]
    assert broken
    return diagnosed(measure(cell, settings), broken, LAWS, CAUGHT, seconds)


@pytest.mark.parametrize(("bug", "kind"), ALONE.items())
def test_a_fault_of_the_bank_is_named_first(bug: str, kind: Kind) -> None:
    cell = PLANT[bug].plant(kind)

    found = diagnosis_of(cell, (*DIRECT[:2], *CAUGHT[bug]))

    assert found is not None
    assert found.matches[0].bug == bug
    assert found.matches[0].agrees_on == found.matches[0].of


@pytest.mark.parametrize("change", [{"kind": None}, {"layout": None}])
def test_what_does_not_map_to_the_textbook_is_compared_with_nothing(change) -> None:
    cell = PLANT["state-of-the-last-call-kept"].plant(Kind.LSTM)
    cell.signature = replace(cell.signature, **change)

    assert diagnosed(measure(cell, Settings()), [], LAWS, CAUGHT) is None


def test_a_fault_in_company_of_a_rare_one_that_is_not_known_is_the_nearest() -> None:
    def ended(case, reply):
        return reply if case.time < 17 else reply._replace(outputs=reply.outputs * 0)

    known = PLANT["forget-gate-left-out"].plant(Kind.LSTM)
    cell = together(known, planted(ended=ended)(Kind.LSTM))

    found = diagnosis_of(cell, DIRECT[:2], seconds=5.0)

    assert found is not None
    assert found.matches[0].bug == "forget-gate-left-out"
    assert found.matches[0].agrees_on < found.matches[0].of


def test_without_time_nothing_is_named() -> None:
    cell = PLANT["forget-gate-left-out"].plant(Kind.LSTM)

    found = diagnosis_of(cell, DIRECT, seconds=0.0)

    assert found is not None
    assert found.matches == ()
