"""Every law catches every fault that it says it catches, and each fault is planted."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from refcheck.catalogue import laws
from refcheck.outcome import BROKEN, Status
from refcheck.runner import hold, measure
from refcheck.settings import Settings
from tests import mutants

LAWS = laws()
PLANTED = {
    fault: make
    for module in pkgutil.iter_modules([str(Path(mutants.__file__).parent)])
    for fault, make in importlib.import_module(
        f"tests.mutants.{module.name}"
    ).MUTANTS.items()
}
CAUGHT = [(law, fault) for law in LAWS.values() for fault in law.catches]


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_law_catches_at_least_one_planted_fault(law) -> None:
    assert law.catches


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_claimed_by_a_law(fault) -> None:
    assert any(fault in law.catches for law in LAWS.values())


@pytest.mark.parametrize(
    ("law", "fault"), CAUGHT, ids=[f"{law.name}-{fault}" for law, fault in CAUGHT]
)
def test_a_law_is_violated_by_the_fault_it_claims(law, fault) -> None:
    settings = Settings(strict=True, seed=1)

    outcome = hold(law, measure(PLANTED[fault](), settings), settings, before=9)

    assert outcome.status in BROKEN, outcome.reason
    assert outcome.case
    assert outcome.status is not Status.STALE
