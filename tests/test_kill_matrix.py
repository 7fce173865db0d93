"""The benchmark behind the kill matrix: it goes on where it ended, and writes."""

import json
import time

import pytest

from refcheck.bugs.clipping import BUGS
from refcheck.kills import kills, power
from tests.benchmarks import kill_matrix
from tests.benchmarks.kill_matrix import measure_until, missing, recorded, write


@pytest.fixture(autouse=True)
def _two_faults_in_an_empty_folder(monkeypatch, tmp_path) -> None:
    """Know two clipping faults alone, and nothing about them."""
    monkeypatch.setattr(kill_matrix, "BUGS", BUGS[:2])
    for name in ("LEDGER", "FILE", "PAGE"):
        monkeypatch.setattr(kill_matrix, name, tmp_path / name)


def test_a_run_goes_on_where_it_ended_until_every_law_was_asked() -> None:
    measure_until(time.monotonic() - 1)
    before = len(list(missing(recorded())))

    measure_until(time.monotonic() + 60)

    assert (before, list(missing(recorded()))) == (4, [])


def test_what_was_measured_is_written_for_reports_and_for_readers() -> None:
    measure_until(time.monotonic() + 60)

    write(recorded())

    ids = [bug.id for bug in BUGS[:2]]
    run = ("quick", ("float64", "float32"), "clip-norm")
    laws = {name for line in recorded().values() for name in line.laws}
    assert power(ids, laws, *run, path=kill_matrix.FILE).caught == 2
    text = kill_matrix.PAGE.read_text("utf-8")
    assert "2 of 2 pairs of a fault and a kind are on record" in text
    assert "Caught: 2 of 2 pairs" in text


def test_a_fault_that_nothing_catches_stands_on_the_page() -> None:
    for bug in BUGS[:2]:
        line = {"fault": bug.id, "kind": "clip-norm", "laws": [], "cases": 9}
        with kill_matrix.LEDGER.open("a") as ledger:
            print(json.dumps(line | {"full": True}), file=ledger)

    told = "\n".join(kill_matrix.missed_by_all(recorded()))

    assert f"- {BUGS[0].id}, in every kind: {BUGS[0].says}" in told


def test_the_quick_profile_catches_95_percent_of_what_is_on_record() -> None:
    run = kills().of("quick", ("float64", "float32"))
    pairs = [laws for kinds in run.values() for laws in kinds.values()]

    assert len(pairs) > 1000
    assert sum(map(bool, pairs)) >= 0.95 * len(pairs)
