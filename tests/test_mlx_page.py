"""What docs/mlx.md shows is what happens."""

import re
from pathlib import Path

import pytest

pytest.importorskip("mlx.core")

from refcheck.cell import Declared, Kind
from refcheck.target import load
from tests.adapters.test_mlx import broken

PAGE = Path(__file__).parents[1] / "docs/mlx.md"
BLOCK = re.compile(r"<!-- check: (.*?) -->\n```python\n(.*?)```", re.DOTALL)


def test_what_a_user_types_is_checked(tmp_path: Path) -> None:
    ((said, code),) = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    target, _, like = said.partition(" --like ")
    (tmp_path / target.partition(":")[0]).write_text(code, encoding="utf-8")

    cell = load(f"{tmp_path}/{target}", Declared(Kind(like)))

    assert cell.signature.kind is Kind.RNN_TANH
    assert broken(cell) == set()
