"""A target is asked what it is in a process of its own, which it may take with it."""

import os

import pytest

from refcheck import isolation
from refcheck.errors import TargetError
from refcheck.outcome import Probed
from refcheck.premortem import probed
from tests.adapters.test_process import command

ENVIRON = dict(os.environ)


def probe(target: str, call_timeout: float = 10.0) -> Probed:
    return probed(target, {}, call_timeout=call_timeout, environ=ENVIRON)


def test_what_the_child_finds_comes_back() -> None:
    found = probe("tests.probing.cells:kept")

    assert found.kind == "rnn-tanh"
    assert found.seconds > 0


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("segfaults", "the process was killed by SIGSEGV"),
        ("waits", "a call did not return within 0.6 s"),
    ],
)
def test_a_target_that_is_lost_is_an_error_of_the_target(name: str, how: str) -> None:
    with pytest.raises(TargetError, match=f"deadly:{name} cannot be probed: {how}"):
        probe(f"tests.targets.deadly:{name}", 0.2)


def test_a_worker_that_is_lost_is_an_error_of_the_target() -> None:
    with pytest.raises(TargetError, match="was lost: the worker ended by itself"):
        probe(f"cmd: {command('dies-in-build-unknown')}")


def test_without_processes_it_is_asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "POSSIBLE", False)

    assert probe("tests.probing.cells:kept").kind == "rnn-tanh"
