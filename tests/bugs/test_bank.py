"""The bank is in order, and every thread about a real fault is accounted for."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from refcheck.bugs import BUGS, FAMILIES
from refcheck.bugs.unplanted import CONTROLS, UNPLANTED
from refcheck.catalogue import laws
from refcheck.cell import Capability, Kind, Signature
from tests.bank import BANK

THREADS = json.loads(Path(__file__).with_name("threads.json").read_text("utf-8"))
PLANTED = {address for bug in BUGS for address in bug.seen_in}


def test_there_are_at_least_150_faults_of_distinct_names() -> None:
    assert len(BANK) == len(BUGS)
    assert len(BUGS) >= 150


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_a_fault_has_a_name_a_sentence_and_kinds(bug) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", bug.id)
    assert re.fullmatch(r"[A-Zh−].*\.", bug.says)
    assert ". " not in bug.says
    assert bug.kinds


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.id)
def test_what_is_planted_could_have_the_fault(bug) -> None:
    for kind in bug.kinds:
        cell = bug.plant(kind)
        assert cell.signature.kind is kind
        assert bug.applies_to(cell.signature)
        assert bug.applies_to(cell.fresh().signature)


def test_a_family_is_the_module_that_states_it() -> None:
    assert BANK["relu-leaks"].family == "backward"
    assert BANK["only-the-cell-chain"].family == "through time"
    assert len({bug.family for bug in BUGS}) == len(FAMILIES)


def test_a_cell_without_what_a_fault_needs_cannot_have_it() -> None:
    bug, lstm = BANK["lengths-drop-state"], BANK["lengths-drop-state"].plant(Kind.LSTM)
    offered = lstm.signature.capabilities & ~Capability.LENGTHS

    assert bug.applies_to(lstm.signature)
    assert not bug.applies_to(replace(lstm.signature, capabilities=offered))
    assert not bug.applies_to(Signature("?", Kind.CLIP_NORM, offered))


def test_laws_name_faults_of_the_bank_alone() -> None:
    named = {name for law in laws().values() for name in law.catches}

    assert named == set(BANK)


def test_every_thread_is_planted_or_listed_with_a_reason() -> None:
    real = {thread["url"] for thread in THREADS if not thread["control"]}
    listed = {address for group in UNPLANTED.values() for address in group}

    assert len(real) == 219
    assert real == PLANTED | listed
    assert not PLANTED & listed


def test_every_control_is_listed_with_what_it_is() -> None:
    controls = {thread["url"] for thread in THREADS if thread["control"]}
    listed = Counter(address for group in CONTROLS.values() for address in group)

    assert controls == set(listed)
    assert not controls & PLANTED
    assert max(listed.values()) == 1
