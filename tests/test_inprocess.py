"""``refcheck.check`` from Python."""

import subprocess
import sys
from typing import Any

import pytest

import refcheck
from refcheck.errors import RefcheckError, TargetError
from refcheck.outcome import Status
from tests.targets import deadly

QUICK: dict[str, Any] = {"profile": "quick", "select": ["outputs-agree"], "seed": 1}


def test_an_object_is_checked_as_its_name_would_be() -> None:
    found = refcheck.check(deadly.fine, **QUICK)
    named = refcheck.check("tests.targets.deadly:fine", **QUICK)

    assert [o.status for o in found.outcomes] == [Status.HELD]
    assert [o.closest for o in found.outcomes] == [o.closest for o in named.outcomes]
    assert found.target == "tests.targets.deadly:DeadlyCell"
    assert named.target == "tests.targets.deadly:fine"


def test_a_class_is_named_as_it_is() -> None:
    with pytest.raises(TargetError):
        refcheck.check(deadly.DeadlyCell, like="lstm", **QUICK)


def test_what_an_object_does_wrong_is_in_the_report() -> None:
    found = refcheck.check(deadly.off, **QUICK)

    assert found.verdict == "violates"
    assert found.outcomes[0].case is not None


def test_a_live_object_is_given_back_even_if_the_run_fails() -> None:
    cell = deadly.Lent()

    with pytest.raises(RefcheckError, match="does not offer"):
        refcheck.check(cell, dtypes=["float16"], **QUICK)

    assert cell.closed


def test_a_seed_is_drawn_if_none_is_given() -> None:
    found = refcheck.check(deadly.fine, profile="quick", select=["outputs-agree"])

    assert found.seed > 0


REFUSED = {
    "unknown": ({"profil": "quick"}, "knows no keyword 'profil'; did you mean profile"),
    "wrong type": ({"seed": "one"}, "wrong type"),
    "no kind": ({"like": "grus"}, "expected one of"),
    "no law": ({"exclude": {"output-agrees": "x"}}, "did you mean outputs-agree"),
}


@pytest.mark.parametrize(("keywords", "says"), REFUSED.values(), ids=REFUSED)
def test_a_keyword_that_cannot_be_meant_is_refused(
    keywords: dict[str, Any], says: str
) -> None:
    with pytest.raises(RefcheckError, match=says):
        refcheck.check(deadly.fine, **keywords)


def test_every_public_name_is_there_when_it_is_asked_for() -> None:
    assert {*refcheck.__all__, "__version__"} == set(dir(refcheck))
    for name in dir(refcheck):
        assert getattr(refcheck, name)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = refcheck.chekc


@pytest.mark.parametrize("module", ["refcheck", "refcheck.cli", "refcheck.commands"])
def test_the_command_line_imports_neither_numpy_nor_hypothesis(module: str) -> None:
    asked = f"import sys, {module}; print({{'numpy', 'hypothesis'}} & set(sys.modules))"

    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, check=True, text=True
    )

    assert found.stdout.strip() == "set()"
