"""The benchmark behind the kill matrix: it goes on where it ended, and writes."""

import time
from zlib import crc32

import msgspec
import pytest

from refcheck.bugs.clipping import BUGS
from refcheck.cell import Kind
from refcheck.kills import power
from tests.benchmarks import kill_matrix
from tests.benchmarks.kill_matrix import BOTH, Line, measure_until, missing, recorded

MARKS = [
    f"<!-- {name}: {end} -->"
    for name in ("record", "laws", "missed")
    for end in ("begin", "end")
]
IDS = [bug.id for bug in BUGS[:2]]


@pytest.fixture(autouse=True)
def _two_faults_in_an_empty_folder(monkeypatch, tmp_path) -> None:
    """Know two clipping faults alone, and nothing about them."""
    monkeypatch.setattr(kill_matrix, "BUGS", BUGS[:2])
    monkeypatch.setattr(kill_matrix, "laws_of_today", lambda: "today")
    for name in ("LEDGER", "FILE", "PAGE"):
        monkeypatch.setattr(kill_matrix, name, tmp_path / name)
    kill_matrix.PAGE.write_text("\n".join(MARKS) + "\n")


def test_a_run_goes_on_where_it_ended_until_nothing_is_missing() -> None:
    measure_until(time.monotonic() - 1)
    before = len(list(missing(recorded(), "today")))

    measure_until(time.monotonic() + 60)

    assert (before, list(missing(recorded(), "today"))) == (4, [])
    assert {line.dtypes for line in recorded().values()} == {BOTH, "float64", "float32"}


def test_what_was_made_with_other_laws_is_asked_again_at_the_end() -> None:
    known = {line.key: line for line in map(line_of, IDS)}
    alone = {key._replace(dtypes=d) for key in known for d in ("float64", "float32")}
    known |= {key: line_of(key.fault) for key in alone}

    again = list(missing(known, "tomorrow"))

    assert [(job.bug.id, job.full, job.dtypes) for job in again] == [
        (IDS[k], True, BOTH)
        for k in sorted((0, 1), key=lambda k: crc32(IDS[k].encode()))
    ]
    assert not list(missing(known, "today"))


def test_a_dtype_in_which_other_laws_catch_a_fault_is_asked_all() -> None:
    job = kill_matrix.Job(
        BUGS[0], Kind.CLIP_NORM, full=False, dtypes="float32", laws=("order-matters",)
    )

    assert kill_matrix.measured(job, "today").laws


def test_what_was_measured_is_written_for_reports_and_for_readers() -> None:
    measure_until(time.monotonic() + 60)

    kill_matrix.write(recorded())

    laws = {name for line in recorded().values() for name in line.laws}
    run = (("float64", "float32"), "clip-norm")
    assert power(IDS, laws, *run, path=kill_matrix.FILE).caught == 2
    text = kill_matrix.PAGE.read_text("utf-8")
    assert f"| {BOTH} | 2 of 2 | 2 | 0 | 2 |" in text
    assert "6 of 6 pairs were asked with the sources of hash `today`" in text
    assert "None." in text


def test_a_fault_that_nothing_catches_stands_on_the_page() -> None:
    lines = [msgspec.structs.replace(line_of(name), laws=()) for name in IDS]

    told = "\n".join(kill_matrix.missed_by_all(lines))

    assert f"- {BUGS[0].id}, in every kind: {BUGS[0].says}" in told


def line_of(fault: str) -> Line:
    return Line(fault, "clip-norm", ("one-factor",), 9, full=True, tree="today")
