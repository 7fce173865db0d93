"""What docs/onnx.md tells users to type works, and its findings can be reproduced."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from refcheck.cli import cli
from tests.adapters.test_onnx import saved

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "onnx.md").read_text(encoding="utf-8")
FINDINGS = (DOCS / "findings.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^refcheck (check .*)$", PAGE, re.MULTILINE)
PROGRAMS = re.findall(r"```python\n(.*?)```", FINDINGS, re.DOTALL)
PRINTED = {  # what stands in the program's comment, as it is printed
    "np.nan": ["RNN [nan]", "GRU [0.]", "LSTM [0.7615942]"],
    "np.zeros((0, 1, 1)": ["[0.]"],
    "ReferenceEvaluator(model)": ["[0.99999994]"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_ends_as_it_should(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "gru.onnx", {"sequence_lens", "initial_h"})
    (runtimes,) = re.findall(r"```python\n(# runtimes.py.*?)```", PAGE, re.DOTALL)
    (tmp_path / "runtimes.py").write_text(runtimes)
    words = [*shlex.split(command), "--profile", "quick", "--seed", "1", "-j", "1"]

    with pytest.raises(SystemExit) as ended:
        cli(words, standalone_mode=False)

    deadly = "onnx:GRU --exclude" in command  # no steps: it kills its process
    assert ended.value.code == (1 if deadly else 0)


@pytest.mark.parametrize("mark", PRINTED)
def test_a_finding_shows_itself(mark: str) -> None:
    (program,) = [p for p in PROGRAMS if mark in p and "onnx" in p]
    said = io.StringIO()

    with contextlib.redirect_stdout(said):
        exec(compile(program, "finding", "exec"), {})  # noqa: S102 - a page of ours

    assert said.getvalue().splitlines() == PRINTED[mark]
