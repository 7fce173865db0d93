"""Every law catches every fault of the bank that it says it catches."""

from zlib import crc32

import pytest

from refcheck.bugs import BUGS
from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.law import Law
from refcheck.outcome import BROKEN, Status
from refcheck.runner import hold, measure
from refcheck.settings import Settings
from tests.bank import BANK, faulty

LAWS = laws()


def kind_for(law: Law, name: str) -> Kind:
    """Return one of the kinds that can have the fault, another for each pair."""
    kinds = sorted(BANK[name].kinds, key=lambda kind: kind.value)
    asked = [k for k in kinds if not law.excuse(faulty(name, k).signature)]
    return asked[crc32(f"{law.name} {name}".encode()) % len(asked)]


CAUGHT = [
    (law, name, kind_for(law, name)) for law in LAWS.values() for name in law.catches
]


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_law_catches_at_least_one_fault(law) -> None:
    assert law.catches


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_fault_is_claimed_by_a_law_for_each_kind_that_can_have_it(bug) -> None:
    claiming = [law for law in LAWS.values() if bug.id in law.catches]

    for kind in bug.kinds:
        signature = bug.plant(kind).signature
        assert any(not law.excuse(signature) for law in claiming)


@pytest.mark.parametrize(
    ("law", "name", "kind"),
    CAUGHT,
    ids=[f"{law.name}-{name}-{kind.value}" for law, name, kind in CAUGHT],
)
def test_a_law_is_violated_by_the_fault_it_claims(law, name, kind) -> None:
    settings = Settings(strict=True, seed=1)

    outcome = hold(law, measure(faulty(name, kind), settings), settings, before=9)

    assert outcome.status in BROKEN, outcome.reason
    assert outcome.case
    assert outcome.status is not Status.STALE
