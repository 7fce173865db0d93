"""Reports with fixed values, and what the reporters make of them, kept in golden files.

``python -m tests.reporters.reports`` writes the golden files anew; read the difference.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from refcheck.case import Case, ClipCase, ClipSpec
from refcheck.cell import Spec
from refcheck.outcome import (
    Diagnosis,
    Finding,
    Limit,
    Match,
    Outcome,
    Power,
    Report,
    Status,
)
from refcheck.reporters import as_json, console

GOLDEN = Path(__file__).parent / "golden"


def case(**changes: object) -> Case:
    """Return the smallest case of a GRU whose candidate is wrong."""
    state = (np.zeros((1, 1, 1)),)
    smallest = Case(
        spec=Spec(1, 1),
        params={
            "weight_ih_l0": np.zeros((3, 1)),
            "weight_hh_l0": np.zeros((3, 1)),
            "bias_ih_l0": np.zeros(3),
            "bias_hh_l0": np.array([0.0, 0.0, 1.0]),
        },
        inputs=np.zeros((1, 1, 1)),
        state=state,
        lengths=None,
        grad_outputs=np.zeros((1, 1, 1)),
        grad_state=state,
    )
    return smallest.but(**changes)


def wide_case() -> Case:
    """Return a case with everything that is printed in a way of its own."""
    rows = np.arange(12.0).reshape(2, 2, 3) / 7
    return case(
        spec=Spec(3, 2, num_layers=2, bias=False, dtype="float32"),
        params={"weight": np.arange(60.0).reshape(6, 10), "gain": np.full(9, 1 / 3)},
        inputs=rows.astype("float32"),
        state=None,
        grad_outputs=np.ones((2, 2, 2)),
        grad_state=(np.full((2, 2, 2), 0.5),),
        lengths=np.array([2, 1]),
        extra={"cut": 1, "order": np.array([1, 0]), "others": (np.ones(2), {"k": "v"})},
        strides="transposed",
        masked=True,
    )


def clip_case() -> ClipCase:
    """Return the smallest case of a clipping function."""
    return ClipCase(ClipSpec(norm_type=1.0), (np.array([3.0, 4.0]), np.zeros(1)), 0.5)


HELD = Outcome(
    "every-step-is-the-same-step",
    "shared parameters",
    Status.HELD,
    "y[t] = one step from the state before t",
    cases=4012,
    inconclusive=12,
    undecided={"allowance too wide": 10, "may overflow": 2},
    closest=0.214,
    limits={"float64": Limit(4.1e-13, 3693.2, "every-step-is-the-same-step")},
    seconds=0.94,
)
PROBED = Outcome(
    "one-step-agrees",
    "probes",
    Status.HELD,
    "T = 1: y, s_T and gradients = the textbook's",
    cases=20,
    closest=0.135,
    limits={
        "float64": Limit(3.9e-15, 35.1, "one-step-agrees"),
        "float32": Limit(3.1e-6, 52.0, "one-step-agrees"),
    },
    seconds=0.4,
)
NEARER = Outcome(
    "parameter-gradient-is-the-sum-over-steps",
    "shared parameters",
    Status.HELD,
    "∂L/∂θ = Σ_t of the gradients of one step",
    cases=300,
    closest=0.52,
    seconds=1.06,
)
VIOLATED = Outcome(
    "outputs-agree",
    "agreement",
    Status.VIOLATED,
    "y = y of the textbook",
    cases=7,
    finding=Finding(
        "outputs",
        "t=0, row 0, unit 0",
        0.380797078,
        0.231058579,
        0.14974,
        4.4e-16,
        index=(0, 0, 0),
        oracle="Arb, 128 bits",
        parts={
            "long sums": 0.1847,
            "tanh and σ": 0.78,
            "refcheck's own arithmetic": 0.0353,
        },
    ),
    case=case().document(),
    case_id="7f3a9c0001",
    worst=Finding("outputs", "t=37, row 1, unit 4", 0.9, 0.29, 0.61, 9.1e-15),
    worst_case=case(grad_outputs=np.ones((1, 1, 1))).document(),
    worst_id="7f3a9c0009",
    seconds=2.0,
)
CRASHED = Outcome(
    "final-state-agrees",
    "agreement",
    Status.CRASHED,
    "s_T = s_T of the textbook",
    "the process was killed by SIGSEGV",
    case=wide_case().document(),
    case_id="7f3a9c0002",
)
TIMED_OUT = Outcome(
    "gradients-agree",
    "agreement",
    Status.TIMED_OUT,
    "∂L/∂θ, ∂L/∂x, ∂L/∂s_0 = those of the textbook",
    "a call did not return within 10 s",
    case=case().document(),
)
UNSEEN = Outcome(
    "order-matters",
    "order",
    Status.CRASHED,
    "another order of the inputs is another result",
    "the process was killed by SIGSEGV",
)
RAISED = Outcome(
    "rows-are-independent",
    "batching",
    Status.CRASHED,
    "a row is that row alone",
    "ValueError: a message that goes on and on, further than one line has room for",
    cases=3,
    case=wide_case().document(),
    case_id="7f3a9c0003",
)
SHAPED = Outcome(
    "shapes-are-as-declared",
    "state",
    Status.VIOLATED,
    "outputs (T, N, O)",
    cases=1,
    finding=Finding(
        "outputs",
        "",
        np.nan,
        np.nan,
        np.inf,
        0.0,
        "shape (1, 1) against (1, 1, 1)",
    ),
    case=clip_case().document(),
)
NOTED = Outcome(
    "nan-padding-is-never-read",
    "variable length",
    Status.NOTED,
    "y and s_T do not depend on NaN in the padding",
    cases=4,
    finding=Finding("outputs", "t=0, row 0, unit 0", np.nan, 0.5, np.inf, 0.0),
    case=case().document(),
    case_id="7f3a9c0004",
)
UNSTORED = Outcome(
    "nan-is-not-hidden",
    "precision",
    Status.NOTED,
    cases=1,
    finding=Finding("h", "layer 0, row 0, unit 0", 1 / 3, 1 / 3 + 1e-12, 1e-12, 0.0),
)
UNDECIDED = Outcome(
    "layers-compose",
    "stacking",
    Status.INCONCLUSIVE,
    reason="nothing can be said on any of its cases: allowance too wide",
    cases=40,
    inconclusive=40,
    undecided={"allowance too wide": 40},
)
LENGTHS = "the target does not offer: lengths"
SKIPPED = tuple(
    Outcome(name, "variable length", Status.SKIPPED, reason=LENGTHS)
    for name in ("lengths-need-no-order", "masks-equal-lengths", "nothing-is-padded")
)
LEFT_OUT = Outcome("c-is-not-h", "state", Status.SKIPPED, reason="because I say so")
NOT_REACHED = Outcome(
    "order-matters", "order", Status.SKIPPED, reason="not reached: interrupted"
)


ALIKE = Match(
    "reset-gate-before-the-product",
    "The reset gate multiplies the state, not what the weights make of it.",
    40,
    40,
    tuple(f"https://example.org/issues/{k}" for k in range(5)),
    laws=("outputs-agree", "rows-are-independent", "shapes-are-as-declared"),
)
MEANT = Match(
    "like=gru-reset-before",
    "The reset gate is applied before the recurrent product.",
    40,
    40,
    setting="--like gru-reset-before",
)
NEARLY = Match(
    "state-of-the-last-call-kept",
    "A sequence starts where the last one ended.",
    38,
    40,
    ("https://example.org/issues/9",),
    laws=("rows-are-independent", "outputs-agree"),
)
PLACE = "outputs at t=3, row 1, unit 0; right once the recurrent weights are 0"


def report(*outcomes: Outcome, notes: tuple[str, ...] = (), **more: Any) -> Report:
    """Return the report of a run that found ``outcomes``."""
    return Report(
        version="0.1",
        target="my_module:MyCell",
        kind="gru",
        seed=20261122,
        profile="default",
        outcomes=outcomes,
        notes=notes,
        environment={"python": "3.11", "numpy": "2.4"},
        seconds=12.41,
        **more,
    )


REPORTS: Mapping[str, Report] = {
    "conforms": report(
        HELD,
        NEARER,
        PROBED,
        UNDECIDED,
        *SKIPPED,
        LEFT_OUT,
        notes=("gates taken for r z n",),
    ),
    "violates": report(HELD, VIOLATED, RAISED, SHAPED, NOTED, UNSTORED, *SKIPPED),
    "one-cause": report(
        HELD, RAISED, VIOLATED, SHAPED, diagnosis=Diagnosis((ALIKE, MEANT), 266)
    ),
    "nearly": report(
        HELD, SHAPED, RAISED, VIOLATED, diagnosis=Diagnosis((NEARLY,), 266)
    ),
    "unknown": report(VIOLATED, diagnosis=Diagnosis((), 266, PLACE)),
    "power": report(HELD, power=Power(143, ("hard-sigmoid", "tanh-slope-left-out"))),
    "dies": report(CRASHED, TIMED_OUT, UNSEEN, notes=("the run was cut short",)),
    "hangs": report(TIMED_OUT),
    "cut": report(HELD, NOT_REACHED, complete=False),
    "undecided": report(
        HELD,
        Outcome("outputs-agree", "agreement", Status.INCONCLUSIVE, reason="too wide"),
    ),
    "nothing": report(*SKIPPED),
}
RENDERED: Mapping[str, Callable[[Report], str]] = {
    "txt": console.render,
    "verbose.txt": lambda found: console.render(found, verbose=True),
    "json": as_json.render,
}


def golden() -> Mapping[Path, str]:
    """Return the golden files and what belongs in them."""
    return {
        GOLDEN / f"{name}.{form}": render(found) + "\n"
        for name, found in REPORTS.items()
        for form, render in RENDERED.items()
    }


if __name__ == "__main__":
    for path, text in golden().items():
        path.write_text(text, encoding="utf-8")
