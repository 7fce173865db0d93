"""The machine format has the fields that docs/json.md describes, and no others."""

import json
import re
from pathlib import Path

from refcheck.reporters import as_json
from tests.reporters.reports import REPORTS

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def described() -> list[set[str]]:
    """Return the fields of each table of the page."""
    tables = PAGE.read_text("utf-8").split("| field | value |")[1:]
    rows = [re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for table in tables]
    return [set(re.findall(r"`(\w+)`", " ".join(table))) for table in rows]


def test_every_field_is_described_and_every_description_has_its_field() -> None:
    found = json.loads(as_json.render(REPORTS["violates"]))
    of_report, of_law = described()

    assert found.keys() == of_report
    assert all(law.keys() == of_law for law in found["laws"])


def test_a_number_that_json_does_not_have_is_a_word() -> None:
    found = json.loads(as_json.render(REPORTS["violates"]))

    law = next(law for law in found["laws"] if law["name"] == "shapes-are-as-declared")
    assert (law["left"], law["error"], law["allowed"]) == ("nan", "inf", 0.0)
    assert law["reason"] == "shape (1, 1) against (1, 1, 1)"


def test_the_case_is_in_the_report_whole() -> None:
    found = json.loads(as_json.render(REPORTS["violates"]))

    law = next(law for law in found["laws"] if law["name"] == "outputs-agree")
    assert law["case"]["params"]["bias_hh_l0"]["values"] == [0.0, 0.0, 1.0]
