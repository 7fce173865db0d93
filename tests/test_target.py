"""From what the user types to a cell, and what is said where that leads nowhere."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from refcheck.cell import Capability, Declared, Kind, Spec
from refcheck.errors import RefcheckError, TargetError
from refcheck.target import adapt, load

CELLS = """
import numpy as np

WEIGHTS = {"W": np.ones((4, 3)), "U": np.ones((4, 4))}

def weights(input_size, hidden_size):
    return {"W": np.ones((hidden_size, input_size)), "U": np.eye(hidden_size)}

def step(params, x, h):
    return np.tanh(x @ params["W"].T + h @ params["U"].T)

class Rnn:
    def __init__(self, input_size, hidden_size):
        self.W = np.ones((hidden_size, input_size))
        self.h = 0.0

    def reset(self):
        self.h = 0.0

    def step(self, x):
        self.h = np.tanh(x @ self.W.T + self.h)
        return self.h

    class Inner:
        step = staticmethod(step)

def _private():
    pass
"""
SAID = Declared()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a folder of the user's, and leave no module of it behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    (tmp_path / "cells_of_mine.py").write_text(CELLS)
    yield tmp_path
    for name in set(sys.modules) - known:
        found = getattr(sys.modules[name], "__file__", None)
        if found and Path(found).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.mark.parametrize("place", ["cells_of_mine", "cells_of_mine.py"])
def test_a_module_or_a_file_of_the_current_folder_is_loaded(place: str) -> None:
    cell = load(f"{place}:Rnn", SAID)

    assert cell.signature.name == f"{place}:Rnn"
    assert cell.shapes(Spec(3, 4)).params == {"W": (4, 3)}


def test_a_file_elsewhere_is_loaded_with_its_siblings(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()
    (below / "sibling.py").write_text(CELLS)
    (below / "mine.py").write_text("from sibling import Rnn")

    cell = load("below/mine.py:Rnn", SAID)

    assert cell.shapes(Spec(3, 4)).params == {"W": (4, 3)}


def test_a_file_may_have_the_name_of_a_module_that_is_loaded(folder: Path) -> None:
    (folder / "numpy.py").write_text("from cells_of_mine import Rnn")

    first, second = (load("numpy.py:Rnn", SAID) for _ in range(2))

    assert first.shapes(Spec(3, 4)) == second.shapes(Spec(3, 4))
    assert sys.modules["numpy"] is np


def test_a_file_is_imported_once(folder: Path) -> None:
    counting = "with open('count', 'a') as file:\n    file.write('.')\n"
    (folder / "once.py").write_text(counting + CELLS)

    load("once.py:Rnn", SAID)
    load("once.py:Rnn", SAID)

    assert (folder / "count").read_text() == "."


def test_a_name_may_be_nested() -> None:
    said = Declared(params="WEIGHTS", options={"input_size": 3, "hidden_size": 4})

    cell = load("cells_of_mine:Rnn.Inner.step", said)

    assert cell.shapes(Spec(3, 4)).params == {"W": (4, 3), "U": (4, 4)}


@pytest.mark.parametrize("params", ["weights", "cells_of_mine.py:weights"])
def test_parameters_are_named_in_the_targets_module_or_elsewhere(params: str) -> None:
    cell = load("cells_of_mine:step", Declared(params=params))

    assert cell.shapes(Spec(2, 5)).params == {"W": (5, 2), "U": (5, 5)}


def test_what_has_the_methods_of_a_cell_is_one() -> None:
    names = ("signature", "shapes", "forward", "backward", "fresh")
    mine = SimpleNamespace(**dict.fromkeys(names))

    assert adapt(mine, SAID, "mine") is mine


def test_a_torch_module_goes_to_the_adapter_of_torch() -> None:
    torch = pytest.importorskip("torch")

    cells = [load("torch.nn:GRUCell", SAID), adapt(torch.nn.RNN(3, 4), SAID, "mine")]

    assert [c.signature.kind for c in cells] == [Kind.GRU, Kind.RNN_TANH]


def test_a_clipping_function_is_adapted_as_one() -> None:
    def clip(grads: Any, bound: float) -> Any:
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        return [g * min(1, bound / norm) for g in grads], norm

    clipper: Any = adapt(clip, Declared(like=Kind.CLIP_NORM), "clip")

    assert clipper.signature.kind is Kind.CLIP_NORM
    assert clipper.signature.offers(Capability.RETURNS_NORM)


USAGE = {
    "a module": ("cells_of_mine", "write 'cells_of_mine:weights' or .*:step' or"),
    "a name alone": ("Rnn", "write 'module:Rnn'"),
    "a dotted name": ("torch.nn.LSTM", "names no object.*write 'torch.nn:LSTM'"),
    "a file": (
        "cells_of_mine.py",
        "write 'cells_of_mine.py:weights' or .*:step' or .*:Rnn'",
    ),
    "a file that is not there": ("no.py", "write 'no.py:Name'"),
    "no name": ("cells_of_mine:", "expected 'package.module:Name'"),
    "no module": (":Rnn", "write 'module:Rnn'"),
    "nothing": ("", "the target '' names no object.*write 'module:Name'"),
}


@pytest.mark.parametrize(("name", "told"), USAGE.values(), ids=USAGE)
def test_a_target_of_another_form_is_wrong_usage(name: str, told: str) -> None:
    with pytest.raises(RefcheckError, match=told) as raised:
        load(name, SAID)

    assert not isinstance(raised.value, TargetError)


TOLD = {
    "a missing file": (
        "cell_of_mine.py:Rnn",
        r"no file 'cell_of_mine\.py' below .*Did you mean cells_of_mine\.py\?",
    ),
    "a missing module": (
        "cell_of_mine:Rnn",
        "there is no module 'cell_of_mine' in .*Did you mean cells_of_mine?",
    ),
    "a missing module of a package": (
        "json.decodr:Rnn",
        r"there is no module 'json\.decodr' .*Did you mean decoder or encoder\?",
    ),
    "a module of no package": (
        "cells_of_mine.inner:Rnn",
        r"there is no module 'cells_of_mine\.inner'",
    ),
    "a path without its suffix": (
        "./cells_of_mine:Rnn",
        r"Write '\./cells_of_mine\.py:Name' for the file",
    ),
    "a missing name": ("cells_of_mine:Rn", r"has no 'Rn'\. Did you mean Rnn\?"),
    "a missing name inside": ("cells_of_mine:Rnn.Iner", "'Rnn.Iner'.* mean Inner?"),
    "a name like no other": ("cells_of_mine:zzz", r"cells_of_mine has no 'zzz'\.$"),
}


@pytest.mark.parametrize(("name", "told"), TOLD.values(), ids=TOLD)
def test_what_is_missing_is_told_with_what_is_close(name: str, told: str) -> None:
    with pytest.raises(TargetError, match=told):
        load(name, SAID)


BROKEN = {
    "syntax": ("x = (1,\n", r"cannot be imported: '\(' was never closed \(.*, line 1"),
    "an exception": (
        "\n1 / 0\n",
        r"raised ZeroDivisionError: division by zero \(broken\.py, line 2\)",
    ),
    "an exit": ("raise SystemExit(3)", "raised SystemExit: 3"),
    "an exception without words": ("raise KeyError", r"raised KeyError \(broken\.py"),
    "a dependency": (
        "import no_such_thing",
        r"needs 'no_such_thing', which is not installed \(broken\.py, line 1\)",
    ),
    "a dependency below": ("import json.nothing", r"needs 'json\.nothing'"),
    "a nameless one": ("raise ImportError", r"raised ImportError \(broken\.py, line 1"),
    "a relative import": (
        "from .no import other",
        r"ImportError: .*relative import.*'package\.module:Name'",
    ),
}


@pytest.mark.parametrize("place", ["broken", "broken.py"])
@pytest.mark.parametrize(("source", "told"), BROKEN.values(), ids=BROKEN)
def test_what_fails_at_import_is_told_with_its_place(
    folder: Path, place: str, source: str, told: str
) -> None:
    (folder / "broken.py").write_text(source)

    with pytest.raises(TargetError, match=told):
        load(f"{place}:Cell", SAID)

    assert "broken" not in sys.modules


def test_a_missing_name_of_parameters_is_told() -> None:
    with pytest.raises(TargetError, match=r"has no 'wights'\. Did you mean weights\?"):
        load("cells_of_mine:step", Declared(params="wights"))


def test_the_names_in_a_file_that_cannot_be_parsed_are_not_told(folder: Path) -> None:
    (folder / "broken.py").write_text("class A:\n  x = (")

    with pytest.raises(RefcheckError, match=r"write 'broken\.py:Name'"):
        load("broken.py", SAID)
