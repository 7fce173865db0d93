"""16 bits: right cells conform, wrong ones do not, and cheaper float32 is declared."""

from typing import Any

import numpy as np
import pytest

from refcheck.catalogue import laws
from refcheck.cell import HALVES, Declared, Kind
from refcheck.outcome import BROKEN, Outcome, Status
from refcheck.runner import measure, run
from refcheck.settings import Settings
from tests.low_precision import FAULTS, Change, Cheaper, gate_plus, scaled, step_missed

torch = pytest.importorskip("torch")


FAMILIES = ("agreement", "probes", "step by step")
SINGLE = FAULTS["float32"]
PLANTED: dict[str, Change] = {
    "hard sigmoid": SINGLE["hard sigmoid"],
    "a bias gradient without its last row": {"affine_back": step_missed},
    "a twentieth on a gate": gate_plus(0.05),
    "gradients a tenth too large": {"gradients": scaled(0.1)},
}


def adapted(name: str) -> Any:
    """Return a class of torch.nn as a cell."""
    from refcheck.adapters.torch import adapt

    return adapt(getattr(torch.nn, name), Declared(), name)


def held(cell, **settings) -> list[Outcome]:
    chosen = Settings(**({"select": FAMILIES, "profile": "quick"} | settings))
    return list(run(cell, list(laws().values()), chosen))


def broken(outcomes: list[Outcome]) -> list[str]:
    return [o.law for o in outcomes if o.status in BROKEN]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_pytorch_conforms_in_16_bits(name, dtype) -> None:
    cell = adapted(name)

    outcomes = held(cell, dtypes=(dtype,))

    assert not broken(outcomes)
    found = {o.law for o in outcomes if o.status is Status.HELD}
    assert {"outputs-agree", "many-steps-agree-step-by-step"} <= found


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_is_seen_in_16_bits(fault) -> None:
    cell = Cheaper(Kind.LSTM, "float16", PLANTED[fault])

    assert broken(held(cell, dtypes=("float16",), fail_fast=True))


def test_the_textbook_in_numpys_16_bits_conforms() -> None:
    assert not broken(held(Cheaper(Kind.GRU, "float16", {}), dtypes=("float16",)))


def test_16_bits_are_asked_of_those_who_ask_for_them() -> None:
    cell = adapted("LSTM")

    assert measure(cell, Settings()).signature.dtypes == ("float64", "float32")
    asked = measure(cell, Settings(dtypes=("bfloat16",)))
    assert asked.signature.dtypes == ("bfloat16",)


def bfloat16_gradients(d_a, x, bias):
    """∂L/∂W with every product and partial sum in eight bits."""
    total = np.zeros((d_a.shape[1], x.shape[1]), "bfloat16")
    for row, read in zip(d_a, x, strict=True):
        total = total + np.outer(row, read).astype("bfloat16")
    b = None if bias is None else d_a.sum(axis=0)
    return total.astype(d_a.dtype), b


CHEAPER = {
    "tf32": SINGLE["TF32 inputs"],
    "bfloat16-gradients": {"affine_back": bfloat16_gradients},
}


@pytest.mark.parametrize("arithmetic", CHEAPER)
def test_cheaper_arithmetic_is_a_violation_unless_it_is_declared(arithmetic) -> None:
    cell = Cheaper(Kind.RNN_TANH, "float32", CHEAPER[arithmetic])

    assert broken(held(cell))
    assert not broken(held(cell, arithmetic=(arithmetic,)))


def test_a_factor_widens_what_rounding_explains() -> None:
    cell = Cheaper(Kind.RNN_TANH, "float64", {"results": lambda a: a * (1 + 1e-13)})

    assert broken(held(cell))
    assert not broken(held(cell, factor=1e4, factor_reason="a test"))
