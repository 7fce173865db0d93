"""What the words of the command line mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refcheck.errors import RefcheckError
from refcheck.options import declared_from, duration, reports_from, settings_from

WORDS: dict[str, Any] = {
    "like": None,
    "build": (),
    "state_attr": "",
    "params": None,
    "call": None,
    "profile": "quick",
    "seed": 7,
    "select": (),
    "exclude": (),
    "reason": (),
    "dtype": (),
    "arithmetic": (),
    "allowance_factor": None,
    "strict": False,
    "max_time": None,
    "fail_fast": False,
}
VALUES = {
    "3": 3,
    "0.5": 0.5,
    "true": True,
    "False": False,
    "none": None,
    "relu": "relu",
    "(1, 2)": (1, 2),
    "a=b": "a=b",
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("1.5", 1.5), (" 5 s ", 5)],
)
def test_a_time_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration(text, "--max-time") == seconds


@pytest.mark.parametrize("text", ["", "s", "5 days", "-1s", "0s", "1e3s", "nan"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RefcheckError, match="--max-time is"):
        duration(text, "--max-time")


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_an_option_of_the_target_is_a_number_a_truth_value_or_text(
    text: str, value: object
) -> None:
    found = declared_from(WORDS | {"build": (f"name={text}",)})

    assert found["options"] == {"name": value}


def test_what_is_not_declared_is_empty() -> None:
    found = declared_from(WORDS)

    assert found == {
        "like": None,
        "options": {},
        "state_attr": "",
        "params": None,
        "call": "",
    }


def test_every_law_left_out_has_its_reason() -> None:
    words = {"exclude": ("one", "two"), "reason": ("first", "second")}

    found = settings_from(WORDS | words)

    assert found.exclude == {"one": "first", "two": "second"}


@pytest.mark.parametrize("reasons", [(), (" ",), ("one", "two")])
def test_a_law_left_out_without_a_reason_is_refused(reasons: tuple[str, ...]) -> None:
    with pytest.raises(RefcheckError, match="expected one for each"):
        settings_from(WORDS | {"exclude": ("one",), "reason": reasons})


def test_a_seed_is_kept_and_one_that_is_missing_is_drawn() -> None:
    drawn = {settings_from(WORDS | {"seed": None}).seed for _ in range(5)}

    assert settings_from(WORDS).seed == 7
    assert len(drawn) > 1


def test_a_report_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a=b.json"

    assert reports_from([f"json={path}"]) == [("json", path)]


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no value": (lambda: reports_from(["json"]), "--report json=report.json"),
    "unknown": (lambda: reports_from(["xml=a"]), "expected json"),
    "no folder": (lambda: reports_from(["json=no/such/folder"]), "cannot be written"),
    "no name": (lambda: declared_from(WORDS | {"build": ("=3",)}), "input_size=3"),
}


@pytest.mark.parametrize(("ask", "says"), REFUSED.values(), ids=REFUSED)
def test_a_pair_that_cannot_be_meant_is_refused_with_an_example(
    ask: Callable[[], object], says: str
) -> None:
    with pytest.raises(RefcheckError, match=says):
        ask()


def test_allowances_are_widened_by_a_number_that_has_its_reason() -> None:
    found = settings_from(WORDS | {"allowance_factor": "2.5=blocks of 8"})

    assert (found.factor, found.factor_reason) == (2.5, "blocks of 8")
    assert settings_from(WORDS).factor == 1


@pytest.mark.parametrize("text", ["2", "=why", "2=", "wide=why", "0=why", "inf=why"])
def test_another_factor_is_refused(text: str) -> None:
    with pytest.raises(RefcheckError, match="--allowance-factor"):
        settings_from(WORDS | {"allowance_factor": text})
