"""What pyproject.toml says of targets, and what a probe writes there."""

import tomllib
from pathlib import Path

import pytest

from refcheck import config
from refcheck.errors import RefcheckError
from refcheck.outcome import Probed

FOUND = Probed(
    "my cells.py:Cell",
    "gru",
    "exactly one agrees",
    conventions=("gates=zrn", 'weight_ih=a"b'),
    build=("batch_first=True",),
)
SAID = {"like": None, "options": {}, "state_attr": "", "params": None, "call": ""}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_the_command_line_alone_speaks() -> None:
    assert config.declared("m:Cell", SAID) == SAID


def test_what_is_written_is_read_again() -> None:
    told = config.written(FOUND, SAID | {"options": {"layers": 2}})

    read = config.declared("my cells.py:Cell", SAID)

    assert told == (
        'written to pyproject.toml, under [tool.refcheck.targets."my cells.py:Cell"]'
    )
    assert read["like"] == "gru"
    assert read["conventions"] == ["gates=zrn", 'weight_ih=a"b']
    assert read["options"] == {"layers": 2, "batch_first": True}


@pytest.mark.parametrize("before", ['[tool.other]\nname = "x"', "a = 1\n", "b = 2\n\n"])
def test_what_stood_in_the_file_stays(before: str) -> None:
    config.FILE.write_text(before, encoding="utf-8")

    config.written(FOUND, SAID)

    after = config.FILE.read_text(encoding="utf-8")
    assert after.startswith(before)
    assert "my cells.py:Cell" in tomllib.loads(after)["tool"]["refcheck"]["targets"]


def test_the_command_line_comes_before_the_file() -> None:
    config.written(FOUND, SAID)

    read = config.declared("my cells.py:Cell", SAID | {"like": "lstm"})

    assert read["like"] == "lstm"
    assert read["conventions"] == ["gates=zrn", 'weight_ih=a"b']


def test_a_target_that_has_an_entry_is_not_written_again() -> None:
    config.written(FOUND, SAID)

    with pytest.raises(RefcheckError, match=r"says something of my cells\.py:Cell"):
        config.written(FOUND, SAID)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool", "pyproject.toml cannot be read: "),
        ("[tool.refcheck]\ntargets = 1", "has no table at"),
        ('[tool.refcheck.targets]\n"m:C" = 1', "has no table at"),
        ('[tool.refcheck.targets."m:C"]\nlike = 1', "says like = 1 of m:C, expected"),
        ('[tool.refcheck.targets."m:C"]\nlik = "a"', "says lik = 'a' of m:C, expected"),
    ],
    ids=["no TOML", "no table", "no entry", "wrong type", "misspelt"],
)
def test_a_file_of_another_form_is_told_in_a_sentence(text: str, says: str) -> None:
    config.FILE.write_text(text, encoding="utf-8")

    with pytest.raises(RefcheckError, match=says):
        config.declared("m:C", SAID)


def test_a_file_that_cannot_be_written_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(config, "FILE", tmp_path / "nowhere" / "pyproject.toml")

    with pytest.raises(RefcheckError, match="cannot be written: No such file"):
        config.written(FOUND, SAID)
