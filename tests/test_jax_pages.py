"""What docs/jax.md and docs/findings.md show is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax")
for library in ("flax", "equinox", "haiku"):
    pytest.importorskip(library)

from refcheck.cell import Declared, Kind  # noqa: E402
from refcheck.target import load  # noqa: E402
from tests.adapters.jax_trial import trial  # noqa: E402

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"<!-- (check|prints): (.*?) -->\n```python\n(.*?)```", re.DOTALL)


def shown(page: str, what: str) -> dict[str, str]:
    """Return the programs of a page, by what their comments say."""
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    found = {
        f"{k}: {said}": code for k, (do, said, code) in enumerate(blocks) if do == what
    }
    assert found
    return found


@pytest.mark.parametrize("said", shown("jax.md", "check"))
def test_what_a_user_types_is_checked(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, _, like = said.partition(": ")[2].partition(" --like ")
    file, _, name = target.partition(":")
    place = tmp_path / f"{name}_{file}"
    place.write_text(shown("jax.md", "check")[said], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    cell = load(f"{place}:{name}", Declared(Kind(like) if like else None))
    found = trial("outputs-agree", cell)

    assert not found.broken
    assert found.conclusive


@pytest.mark.parametrize("said", shown("findings.md", "prints"))
def test_a_finding_can_be_reproduced_without_refcheck(said: str) -> None:
    program = shown("findings.md", "prints")[said]

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == said.partition(": ")[2]
