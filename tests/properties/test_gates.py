"""Laws about gates, and about what a cell can remember and show."""

from dataclasses import replace

import numpy as np
import pytest

from refcheck.case import Case
from refcheck.catalogue import laws
from refcheck.cell import Kind, Spec
from refcheck.measured import MeasuredCell
from refcheck.outcome import Status
from refcheck.reference.cell import ReferenceCell
from tests.properties.quick_outcomes import holds, outcome

FORGETS, COUNT = "shut-forget-gate-forgets", "open-gates-count"
LSTM = (
    FORGETS,
    "shut-input-gate-stores-nothing",
    "open-gates-update-exactly",
    "shut-output-gate-hides-but-keeps",
    COUNT,
    "cell-state-grows-by-at-most-one-a-step",
    "cell-state-ignores-the-output-without-recurrence",
)
GRU = (
    "open-update-gate-copies-the-state",
    "shut-update-gate-takes-the-candidate",
    "shut-reset-gate-ignores-the-state",
    "gru-outputs-stay-inside-one-or-the-start",
)


def built(name: str) -> list[tuple[Case, MeasuredCell]]:
    cell, cases = MeasuredCell(ReferenceCell(Kind.LSTM)), laws()[name].cases
    recipes = list(cases.landmarks(cell.signature, 0))
    return [(cases.build(recipe, cell), cell) for recipe in recipes]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", LSTM)
def test_an_lstm_obeys(name: str, seed: int) -> None:
    assert holds(name, ReferenceCell(Kind.LSTM), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", [Kind.GRU, Kind.GRU_RESET_BEFORE])
@pytest.mark.parametrize("name", GRU)
def test_a_gru_obeys(name: str, kind: Kind, seed: int) -> None:
    assert holds(name, ReferenceCell(kind), seed=seed)


@pytest.mark.parametrize("kind", [Kind.RNN_TANH, Kind.LSTM])
def test_outputs_stay_inside_one(kind: Kind) -> None:
    assert holds("outputs-stay-inside-one", ReferenceCell(kind))


def test_a_held_gate_is_shut_by_its_biases_alone() -> None:
    for case, cell in built(FORGETS):
        (params,) = cell.canonical(case)
        rows = case.spec.hidden_size + np.array(case.extra["held"])

        total = params.bias_ih[rows] + params.bias_hh[rows]

        assert np.all(total == -50)
        assert not params.weight_ih[rows].any()
        assert not params.weight_hh[rows].any()


def test_the_total_is_split_between_the_biases_in_every_way() -> None:
    seconds = {case.extra["second"] for case, _ in built(FORGETS)}

    assert len(seconds) == 4


def test_units_are_held_in_patterns() -> None:
    patterns = {tuple(case.extra["held"]) for case, _ in built(FORGETS)}

    assert {(0,), (1,), (0, 1)} <= patterns


def test_a_counter_counts_to_thirty() -> None:
    cell, cases = MeasuredCell(ReferenceCell(Kind.LSTM)), laws()[COUNT].cases

    first = cases.build(next(iter(cases.landmarks(cell.signature, 0))), cell)

    assert first.time == 30


@pytest.mark.parametrize(
    ("fixed", "lacks"),
    [
        (Spec(3, 2, num_layers=2), "without several layers"),
        (Spec(3, 2, bidirectional=True), "without both directions"),
        (Spec(3, 2, bias=False), "with biases"),
    ],
)
def test_an_instance_that_is_built_otherwise_is_not_asked(
    fixed: Spec, lacks: str
) -> None:
    cell = ReferenceCell(Kind.LSTM)
    cell.signature = replace(cell.signature, fixed=fixed)

    found = outcome(FORGETS, cell)

    assert found.status is Status.SKIPPED
    assert lacks in found.reason
