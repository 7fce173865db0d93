"""Every skeleton is written, built, talked to and checked as its README says."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from refcheck.adapters.process import adapt
from refcheck.cell import Declared
from refcheck.cli import cli
from refcheck.errors import RefcheckError
from refcheck.inprocess import check
from refcheck.protocol import schemas
from refcheck.skeletons import written

TOOLS = {"c": "cc", "cpp": "c++", "rust": "rustc", "node": "node", "python": "python"}
REFCHECK = [sys.executable, "-m", "refcheck"]
MOST = 80  # lines that are not the cell


def built(language: str, folder: Path) -> str:
    """Write and build the skeleton; return the command that starts it."""
    if language != "python" and shutil.which(TOOLS[language]) is None:
        pytest.skip(f"{TOOLS[language]} is not installed")
    written(language, str(folder))
    readme = (folder / "README.md").read_text("utf-8")
    first, talked, checked = readme.split("```")[1].splitlines()[1:]
    build = [sys.executable if w == "python" else w for w in shlex.split(first)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=300)
    command = re.findall(r'"cmd: (.*)"', talked)[0]
    assert checked == f'refcheck check "cmd: {command}"'
    return command.replace("python ", f"{shlex.quote(sys.executable)} ")


@pytest.mark.parametrize("language", TOOLS)
def test_a_skeleton_conforms_as_it_is(language, tmp_path, monkeypatch) -> None:
    command = built(language, tmp_path)
    monkeypatch.chdir(tmp_path)
    heard: list[tuple[str, str]] = []
    cell = adapt(
        command,
        Declared(),
        "cmd: it",
        overhear=lambda arrow, line: heard.append((arrow, line.decode())),
    )
    cell.close()

    report = check(f"cmd: {command}", profile="quick", seed=1)

    assert report.verdict == "conforms", [o for o in report.outcomes if o.reason]
    assert sum(o.status == "held" for o in report.outcomes) > 45
    for side, arrow in (("request", "→"), ("reply", "←")):
        said = [json.loads(line) for a, line in heard if a == arrow]
        schema = Draft202012Validator(schemas()[f"{side}.json"])
        assert len(said) >= 5
        assert all(schema.is_valid(message) for message in said)


SOURCES = {"c": "c/worker.c", "cpp": "cpp/worker.cpp", "rust": "rust/worker.rs"}
SOURCES |= {"node": "node/worker.js", "python": "python/worker.py.txt"}


@pytest.mark.parametrize("language", TOOLS)
def test_a_users_file_is_short_beside_its_cell(language) -> None:
    folder = Path(__file__).parents[1] / "refcheck" / "skeletons"
    text = (folder / SOURCES[language]).read_text("utf-8")

    before, _, rest = text.partition("---- the cell")
    _, mark, conversation = rest.partition("---- the conversation")

    assert mark
    assert len((before + conversation).splitlines()) < MOST


def test_no_file_is_overwritten(tmp_path) -> None:
    (tmp_path / "refcheck.h").write_text("mine")

    with pytest.raises(RefcheckError, match=r"refcheck\.h exists"):
        written("c", str(tmp_path))

    assert (tmp_path / "refcheck.h").read_text() == "mine"
    assert not (tmp_path / "worker.c").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RefcheckError, match="cannot be written to"):
        written("c", str(tmp_path / "file" / "below"))


def test_the_command_says_what_was_written(tmp_path) -> None:
    out = str(tmp_path / "new")

    told = CliRunner().invoke(cli, ["worker", "init", "cpp", "--out", out])

    names = [line.split("/")[-1] for line in told.output.splitlines()]
    assert told.exit_code == 0
    assert names[:3] == ["refcheck.h", "README.md", "worker.cpp"]
    assert "tells how to build" in names[3]
