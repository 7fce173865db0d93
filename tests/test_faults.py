"""Faults of our own, told in a sentence."""

from pathlib import Path

import pytest

from refcheck.faults import OwnFault, told


def fault() -> Exception:
    try:
        found: dict[str, int] = {}
        found["oops"] += 1
    except KeyError as error:
        return error
    raise AssertionError


def test_the_traceback_is_kept_in_a_file_and_not_shown() -> None:
    says = told(fault(), show=False)

    path = Path(says.removesuffix(".").split()[-1])
    kept = path.read_text("utf-8")
    path.unlink()
    assert says.startswith("refcheck: a fault in refcheck itself, not in the target:")
    assert "KeyError: 'oops'" in says
    assert "Traceback" not in says
    assert kept.startswith("Traceback")


def test_a_traceback_that_cannot_be_kept_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")

    assert told(fault(), show=False) == told(fault(), show=True)


def test_debug_shows_the_traceback_first() -> None:
    says = told(fault(), show=True)

    assert says.startswith("Traceback")
    assert says.splitlines()[-1].endswith("KeyError: 'oops'")


def test_the_traceback_of_the_child_is_the_one_that_is_told() -> None:
    says = told(OwnFault("Traceback of the child\nIndexError: 3"), show=True)

    assert says.startswith("Traceback of the child")
    assert says.endswith("IndexError: 3")
