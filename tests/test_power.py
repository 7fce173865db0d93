"""Arithmetic that is worse than its dtype is seen, however little worse it is."""

import pytest

from refcheck.catalogue import laws
from refcheck.cell import Kind
from refcheck.outcome import BROKEN
from refcheck.runner import run
from refcheck.settings import Settings
from tests.low_precision import FAULTS, Cheaper

FAMILIES = ("agreement", "exact arithmetic", "probes", "step by step")
PLANTED = [
    (kind, dtype, name)
    for kind in (Kind.LSTM, Kind.GRU, Kind.RNN_TANH)
    for dtype, faults in FAULTS.items()
    for name in faults
    if not (kind is Kind.RNN_TANH and name == "hard sigmoid")
]


@pytest.mark.parametrize(("kind", "dtype", "name"), PLANTED)
def test_the_default_profile_sees_it(kind, dtype, name) -> None:
    cell = Cheaper(kind, dtype, FAULTS[dtype][name])
    settings = Settings(select=FAMILIES, fail_fast=True)

    outcomes = list(run(cell, list(laws().values()), settings))

    assert any(o.status in BROKEN for o in outcomes)


@pytest.mark.parametrize("kind", [Kind.LSTM, Kind.GRU, Kind.RNN_TANH])
@pytest.mark.parametrize("dtype", FAULTS)
def test_nothing_is_seen_where_nothing_is_planted(kind, dtype) -> None:
    settings = Settings(select=FAMILIES)

    outcomes = list(run(Cheaper(kind, dtype, {}), list(laws().values()), settings))

    assert not [o.law for o in outcomes if o.status in BROKEN]
