"""The cells of every adapter, with what the adapter knows of them switched off.

What is found is compared with the adapter's own table, which the textbook holds to in
the tests of the adapters.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from refcheck.cell import Declared
from refcheck.probing.evidence import sentence
from refcheck.probing.found import searched
from refcheck.probing.setting import Setting, told
from refcheck.target import load
from refcheck.watch import Unwatched

ROOT = Path(__file__).parents[2]
TORCH = ("torch.nn:RNN", "torch.nn:LSTM", "torch.nn:GRU", "torch.nn:LSTMCell")
JAX = (
    *("flax.linen:SimpleCell", "flax.linen:LSTMCell", "flax.linen:GRUCell"),
    *("flax.nnx:OptimizedLSTMCell", "flax.nnx:GRUCell"),
    *("equinox.nn:LSTMCell", "equinox.nn:GRUCell"),
    *("haiku:VanillaRNN", "haiku:LSTM", "haiku:GRU"),
)
ONNX = ("onnx:RNN", "onnx:LSTM", "onnx:GRU")
KERAS = ("keras.layers:SimpleRNN", "keras.layers:LSTM", "keras.layers:GRU")
CALLABLES = {
    "tests.adapters.functions:lstm": {"like": "lstm"},
    "tests.adapters.functions:rnn": {"like": "rnn-tanh"},
    "tests.adapters.functions:dict_rnn": {
        "like": "rnn-tanh",
        "params": "dict_params",
    },
}


def both(target: str, **said: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the adapter knows of a target, and what is found without it."""
    from refcheck.requests import declared

    cell = load(target, declared(said) if said else Declared())
    known = cell.signature
    assert known.kind is not None
    found = searched(cell, Unwatched(), thorough=False)
    assert found.setting is not None, sentence(found.settings)
    return told(Setting(known.kind, known.layout)), told(found.setting)


@pytest.mark.parametrize("target", TORCH)
def test_a_cell_of_pytorch_is_found(target: str) -> None:
    known, found = both(target)

    assert found == known


@pytest.mark.parametrize("target", JAX)
def test_a_cell_on_top_of_jax_is_found(target: str) -> None:
    pytest.importorskip("jax")
    pytest.importorskip(target.partition(":")[0].partition(".")[0])

    known, found = both(target)

    assert found == known


@pytest.mark.parametrize("target", ONNX)
def test_an_operator_of_onnx_is_found(target: str) -> None:
    pytest.importorskip("onnxruntime")

    known, found = both(target)

    assert found == known


@pytest.mark.parametrize("target", CALLABLES)
def test_a_function_of_numpy_is_found(target: str) -> None:
    known, found = both(target, **CALLABLES[target])

    assert found == known


def test_layers_of_keras_are_found() -> None:
    pytest.importorskip("keras")
    script = (
        "import json; from tests.probing.test_adapters import KERAS, both; "
        "print(json.dumps([both(target) for target in KERAS]))"
    )

    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )

    pairs = json.loads(process.stdout.splitlines()[-1])
    assert [found for _, found in pairs] == [known for known, _ in pairs]
    assert len(pairs) == len(KERAS)
