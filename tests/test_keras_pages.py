"""What docs/keras.md and docs/findings.md show of Keras is what happens."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras")

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(
    r"<!-- (check|keras prints): (.*?) -->\n```python\n(.*?)```", re.DOTALL
)
HOLD = """
import json, sys
from refcheck.cell import Declared, Kind
from refcheck.measured import MeasuredCell
from refcheck.target import load
from tests.adapters.keras_layers import asked

found = {}
for said in sys.argv[1:]:
    target, _, like = said.partition(" --like ")
    cell = load(target, Declared(Kind(like) if like else None))
    found[said] = dict(asked(MeasuredCell(cell), "float32"))
print(json.dumps(found))
"""


def shown(page: str) -> list[tuple[str, str]]:
    """Return the programs of a page, each after what its comment says."""
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    wanted = "check" if page == "keras.md" else "keras prints"
    return [(said, code) for do, said, code in blocks if do == wanted]


def printed(program: str, *arguments: str, **variables: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""} | variables,
        capture_output=True,
        check=True,
        text=True,
    )
    return ran.stdout.strip()


def test_what_a_user_types_is_checked(tmp_path: Path) -> None:
    targets = []
    for said, code in shown("keras.md"):
        (tmp_path / said.partition(":")[0]).write_text(code, encoding="utf-8")
        targets.append(f"{tmp_path}/{said}")

    found = json.loads(printed(HOLD, *targets, KERAS_BACKEND="torch"))

    assert len(targets) == 3
    assert found.keys() == set(targets)
    contract = {"outputs-past-the-length-follow-the-contract": "skipped"}
    assert [found[t] for t in targets] == [{}, {}, contract]


@pytest.mark.parametrize(("said", "program"), shown("findings.md"))
def test_a_finding_can_be_reproduced_without_refcheck(said: str, program: str) -> None:
    assert printed(program) == said
