"""Layers of Keras conform or violate as measured, on each backend in its process."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")

ROOT = Path(__file__).parents[2]
BACKENDS = ("torch", "jax", "tensorflow", "numpy")
COMPILED = ("jax", "tensorflow")
TEXTBOOK = ("outputs-agree", "final-state-agrees", "gradients-agree")
CONTRACT = "outputs-past-the-length-follow-the-contract"

# A layer of float64 computes in float32 on these backends:
# https://github.com/keras-team/keras/issues/23704
# https://github.com/keras-team/keras/issues/23223
ROUNDED = ("torch", "jax", "numpy")
UNMASKED = "SimpleRNN without a mask, float64"
WIDE = {"SimpleRNN, float64", UNMASKED, "LSTM, float64", "GRU, float64"}
MIXED = (
    "crashed: TypeError: scan body function carry input and carry output must have "
    "equal types, but they differ:"
)

CONFORMS: dict[str, str] = {}
ALL_THREE = dict.fromkeys(TEXTBOOK, "violated")
UNLIKE: dict[str, dict[str, str]] = {  # all other rows conform
    "LSTM hard_sigmoid, float32": dict.fromkeys(TEXTBOOK, "skipped"),
    "Bidirectional(GRU(2)), float32": {CONTRACT: "skipped"},
    "UpdateGateExchanged, float32": ALL_THREE,
    "FinalStateForgotten, float32": dict.fromkeys(TEXTBOOK[1:], "violated"),
}
REFUSED = {
    "NoState": "NoState cannot be used: NoState(2, dtype='float64') raised ValueError",
    "NoState(2)": "NoState(2) is no recurrent layer with one state_size",
    "Bidirectional, summed": "merges its directions by 'sum'",
    "an option misspelt": "raised ",
    "an option of a live layer": "is built already: --set is for classes.",
    "another kind": "cannot be held to lstm: kernel has shape (3, 6), expected (3, 8)",
}
DEFAULTS = ["SimpleRNN", "LSTM", "GRU"]
OPTIONS = [
    "SimpleRNN relu",
    "GRU reset_after=False",
    "LSTM go_backwards",
    "LSTM unroll",
    "LSTM stateful",
    "LSTM zero_output_for_mask",
    "LSTM hard_sigmoid",
    "LSTM(2, use_bias=False)",
    "Bidirectional(GRU(2))",
    "RNN(LSTMCell(2))",
    "MyGRUCell",
    "UpdateGateExchanged",
]
QUICK = [
    "GRUCell",
    "SimpleRNNCell",
    "MyRNN",
    "MyRNN(2)",
    "FinalStateForgotten",
    "PlainCell",
]


def rows_of(backend: str) -> list[str]:
    """Return what is asked on ``backend``."""
    once = OPTIONS if backend in COMPILED else [*OPTIONS, *QUICK]
    singles = [f"{n}, float32" for n in (*DEFAULTS, *once)]
    return [UNMASKED, *(f"{n}, float64" for n in DEFAULTS), *singles]


@cache
def measured(backend: str) -> dict[str, Any]:
    """Return the verdicts of all rows, from a process that has this backend."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.adapters.keras_layers"],
        env=os.environ | quiet(backend),
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    ("target", "kind", "ends"),
    [
        ("PlainCell", "rnn-tanh", 0),
        ("UpdateGateExchanged", "gru-reset-before", 1),
    ],
)
def test_a_cell_in_a_file_is_checked_from_the_command_line(
    target: str, kind: str, ends: int, tmp_path: Path
) -> None:
    named = f"{ROOT / 'tests/adapters/keras_cells.py'}:{target}"
    words = ["check", named, "--like", kind, "--select", "outputs-agree"]

    ran = subprocess.run(
        [sys.executable, "-m", "refcheck", *words, "--profile", "quick", "--jobs", "1"],
        env=os.environ | quiet("numpy"),
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )

    assert ran.returncode == ends, ran.stdout + ran.stderr
    assert ("takes no dtype: float32 alone" in ran.stdout) is (ends == 0)


def quiet(backend: str) -> dict[str, str]:
    """Return what a process must be told to have this backend, and to say little."""
    return {
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def expected(backend: str, row: str) -> dict[str, str]:
    """Return the laws that this row does not obey, and how they end."""
    found = UNLIKE.get(row, CONFORMS)
    if row in WIDE and backend in ROUNDED:
        found = ALL_THREE
    if (row, backend) == (UNMASKED, "jax"):
        found = dict.fromkeys((*TEXTBOOK, "calls-leave-no-trace"), MIXED)
    return found | ({"gradients-agree": "skipped"} if backend == "numpy" else {})


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_row_ends_as_measured(backend: str) -> None:
    found = measured(backend)

    rows = rows_of(backend)
    assert {r: found.get(r) for r in rows} == {r: expected(backend, r) for r in rows}
    assert found.keys() == {*rows, *REFUSED}


@pytest.mark.parametrize("row", REFUSED)
def test_what_will_not_do_is_said_in_one_sentence(row: str) -> None:
    says = measured("numpy")[row]

    assert REFUSED[row] in says
    assert "\n" not in says
