"""Every reporter writes what its golden files hold."""

import json
from pathlib import Path

import pytest

from tests.reporters.reports import GOLDEN, REPORTS, golden

EXPECTED = golden()
TEXTS = [path for path in EXPECTED if path.suffix == ".txt"]


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", EXPECTED, ids=name_of)
def test_a_report_is_written_as_its_golden_file_says(path: Path) -> None:
    stale = "if the change is meant: python -m tests.reporters.reports"

    assert EXPECTED[path] == path.read_text("utf-8"), stale


def test_there_is_no_golden_file_that_nothing_writes() -> None:
    assert set(GOLDEN.iterdir()) == set(EXPECTED)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_80_columns_are_enough(path: Path) -> None:
    widest = max(map(len, EXPECTED[path].splitlines()))

    assert widest <= 80


@pytest.mark.parametrize("name", REPORTS)
def test_the_machine_format_has_the_verdict_of_the_report(name: str) -> None:
    found = json.loads(EXPECTED[GOLDEN / f"{name}.json"])

    assert found["verdict"] == REPORTS[name].verdict
    assert found["exit_code"] == REPORTS[name].exit_code
