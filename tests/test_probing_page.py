"""The page about probing tells of every cell that the tests probe."""

from pathlib import Path

import pytest

from tests.probing.test_adapters import CALLABLES, JAX, KERAS, ONNX, TORCH
from tests.probing.unusual import SETTINGS

PAGE = (Path(__file__).parents[1] / "docs" / "probing.md").read_text(encoding="utf-8")
NAMED = [*TORCH, *JAX, *ONNX, *CALLABLES, *KERAS]
CELLS = [*NAMED, *(f"the textbook: {name}" for name in SETTINGS)]


@pytest.mark.parametrize("cell", CELLS)
def test_the_table_has_each_cell_found_as_it_is(cell: str) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{cell}` |"))

    assert row.split(" | ")[2] == "yes"


def test_the_table_has_no_other_cell() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]

    assert len(rows) == len(CELLS)
