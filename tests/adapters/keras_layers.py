"""What released layers of Keras, and some of users, are expected to do, by backend.

    KERAS_BACKEND=torch python -m tests.adapters.keras_layers

prints, as JSON, which laws each row violates here: one process has one backend.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.errors import TargetError
from refcheck.landmarks import BASE, generic
from refcheck.measured import MeasuredCell
from refcheck.target import adapt
from refcheck.trial import ask
from tests.adapters import keras_cells as cells

LAWS = (
    "outputs-agree",
    "final-state-agrees",
    "gradients-agree",
    "outputs-past-the-length-follow-the-contract",
    "calls-leave-no-trace",
)
BOTH, SINGLE = ("float64", "float32"), ("float32",)


class Row(NamedTuple):
    """A target, what is declared of it, and the dtypes that it is asked in."""

    thing: Any
    options: Mapping[str, Any] | None = None
    like: Kind | None = None
    dtypes: tuple[str, ...] = SINGLE
    quick: bool = False  # asked only where nothing is compiled
    masked: bool = True


def rows() -> dict[str, Row]:
    """Return the targets by name: default options, and each option once."""
    own = keras.layers
    return {
        "SimpleRNN": Row(own.SimpleRNN, dtypes=BOTH),
        "SimpleRNN without a mask": Row(own.SimpleRNN, dtypes=BOTH[:1], masked=False),
        "LSTM": Row(own.LSTM, dtypes=BOTH),
        "GRU": Row(own.GRU, dtypes=BOTH),
        "SimpleRNN relu": Row(own.SimpleRNN, {"activation": "relu"}),
        "GRU reset_after=False": Row(own.GRU, {"reset_after": False}),
        "LSTM go_backwards": Row(own.LSTM, {"go_backwards": True}),
        "LSTM unroll": Row(own.LSTM, {"unroll": True}),
        "LSTM stateful": Row(own.LSTM, {"stateful": True}),
        "LSTM zero_output_for_mask": Row(own.LSTM, {"zero_output_for_mask": True}),
        "LSTM hard_sigmoid": Row(own.LSTM, {"recurrent_activation": "hard_sigmoid"}),
        "LSTM(2, use_bias=False)": Row(own.LSTM(2, use_bias=False)),
        "Bidirectional(GRU(2))": Row(own.Bidirectional(own.GRU(2))),
        "RNN(LSTMCell(2))": Row(own.RNN(own.LSTMCell(2))),
        "GRUCell": Row(own.GRUCell, quick=True),
        "SimpleRNNCell": Row(own.SimpleRNNCell, quick=True),
        "MyGRUCell": Row(cells.MyGRUCell, like=Kind.GRU_RESET_BEFORE),
        "UpdateGateExchanged": Row(
            cells.UpdateGateExchanged, like=Kind.GRU_RESET_BEFORE
        ),
        "MyRNN": Row(cells.MyRNN, like=Kind.GRU_RESET_BEFORE, quick=True),
        "MyRNN(2)": Row(cells.MyRNN(2), like=Kind.GRU_RESET_BEFORE, quick=True),
        "FinalStateForgotten": Row(
            cells.FinalStateForgotten, like=Kind.GRU_RESET_BEFORE, quick=True
        ),
        "NoState": Row(cells.NoState),
        "NoState(2)": Row(cells.NoState(2)),
        "Bidirectional, summed": Row(own.Bidirectional(own.GRU(2), merge_mode="sum")),
        "an option misspelt": Row(own.GRU, {"reset": True}),
        "an option of a live layer": Row(own.GRU(2), {"unroll": True}),
        "another kind": Row(own.GRU, like=Kind.LSTM),
        "PlainCell": Row(cells.PlainCell, like=Kind.RNN_TANH, quick=True),
    }


def verdicts() -> Iterator[tuple[str, Any]]:
    """Yield each row and dtype, with the violated laws, or a sentence if refused."""
    for name, row in rows().items():
        try:
            cell = adapt(row.thing, Declared(row.like, row.options or {}), name)
        except TargetError as error:
            yield name, str(error)
            continue
        if row.quick and cell.signature.compiled:
            continue
        measured = MeasuredCell(cell)
        for dtype in row.dtypes:
            yield f"{name}, {dtype}", dict(asked(measured, dtype, masked=row.masked))


def asked(
    cell: MeasuredCell, dtype: str, *, masked: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield the laws that do not hold on one case, and how they end."""
    for name in LAWS:
        law = laws()[name]
        if law.excuse(cell.signature):
            yield name, "skipped"
            continue
        cases: Any = law.cases
        changes = {"single": dtype == "float32", "with_lengths": masked}
        recipe = generic(BASE.but(**changes), 5)
        case = cases.build(cases.fitted(recipe, cell.signature), cell)
        found = ask(law, cell, case)
        if found.crash:
            yield name, f"crashed: {found.crash.splitlines()[0]}"
        elif found.broken:
            yield name, "violated"
        elif not found.conclusive or not found.verdicts:
            yield name, "inconclusive"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(verdicts()), indent=1))
