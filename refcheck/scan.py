"""How accurate a target's own tanh and sigmoid are, seen through its gates.

One step whose parameters let one activation through, exactly: from c = 1 an LSTM keeps
σ(a_f), from c = 0 it takes up tanh(a_g) / 2; a GRU keeps σ(a_z) of h = 1, and takes up
tanh(a_n) / 2.  Each row of the case reads another pre-activation, a number of few bits
at many magnitudes.
"""

from typing import Any, NamedTuple

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params, Shapes, Spec
from refcheck.layout import CANONICAL_GATES
from refcheck.oracle import wider_than_double
from refcheck.rounding import FORMATS, Format, narrowest, widest

SMALL = 2.0 ** -np.arange(0.0, 21.0)
LARGE = np.arange(1.25, 20.0, 0.75)
TANH = np.concatenate([SMALL, -SMALL, LARGE, -LARGE])
SIGMOID = np.concatenate([TANH, -np.arange(20.0, 84.0, 4.5)])


class Shown(NamedTuple):
    """Where an activation shows in the state after one step."""

    points: Array  # pre-activations, one for each row
    gate: str  # the gate that reads them
    state: int  # 0 for h, 1 for c
    start: float  # of that state
    share: float  # of the activation that the state takes up


SCANS = {
    Kind.RNN_TANH: {"tanh": Shown(TANH, "a", 0, 0.0, 1.0)},
    Kind.LSTM: {
        "tanh": Shown(TANH, "g", 1, 0.0, 0.5),
        "sigmoid": Shown(SIGMOID, "f", 1, 1.0, 1.0),
    },
    Kind.GRU: {
        "tanh": Shown(TANH, "n", 0, 0.0, 0.5),
        "sigmoid": Shown(SIGMOID, "z", 0, 1.0, 1.0),
    },
}
SCANS[Kind.GRU_RESET_BEFORE] = SCANS[Kind.GRU]
NEEDS = Capability.LAYOUT | Capability.FINAL_STATE | Capability.BATCH
NEEDS |= Capability.INITIAL_STATE
EXACT: dict[str, Any] = {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a))}


def spec_of(signature: Any, dtype: str) -> Spec | None:
    """Return the smallest spec that can be scanned, or None if there is none."""
    fixed = signature.fixed
    if signature.kind not in SCANS or not signature.offers(NEEDS):
        return None
    if fixed is None:
        return Spec(1, 1, dtype=dtype)
    return None if fixed.depth > 1 or fixed.dtype != dtype else fixed


def case_of(cell: Any, spec: Spec, shapes: Shapes, what: str) -> Case:
    """Return the case whose rows scan ``what``: tanh or sigmoid."""
    shown = SCANS[cell.signature.kind][what]
    rows, size = len(shown.points), spec.hidden_size
    zeros = {n: np.zeros(s, spec.dtype) for n, s in shapes.params.items()}
    inputs = np.zeros((1, rows, spec.input_size), spec.dtype)
    inputs[0, :, 0] = shown.points
    states = [np.zeros((1, rows, size), spec.dtype) for _ in range(shapes.states)]
    states[shown.state] += np.asarray(shown.start, spec.dtype)
    case = Case(
        spec=spec,
        params=zeros,
        inputs=inputs,
        state=tuple(states),
        lengths=None,
        grad_outputs=np.zeros((1, rows, shapes.output_size), spec.dtype),
        grad_state=tuple(np.zeros_like(s) for s in states),
    )
    (params,) = cell.canonical(case)
    return cell.planted(case, [_reading(params, shown.gate, size)])


def _reading(params: Params, gate: str, size: int) -> Params:
    """Return parameters of 0 but for a weight of 1: the gate reads the first input."""
    weight = np.array(params.weight_ih)
    names = CANONICAL_GATES[len(weight) // size]
    start = names.index(gate) * size
    weight[start : start + size, 0] = 1
    bias = None if params.bias_ih is None else np.zeros_like(params.bias_ih)
    return params._replace(weight_ih=weight, bias_ih=bias)


def exact_result(kind: Kind, what: str) -> Array:
    """Return what the state must be, row by row, from more than double precision."""
    shown = SCANS[kind][what]
    values = EXACT[what](wider_than_double().lift(shown.points))
    return np.asarray(shown.share * values, float)[:, None]


def format_of(cell: Any, dtype: str) -> Format:
    """Return the format with the narrowest preset that the target's activations keep.

    Args:
        cell: a measured cell, of which no live object is kept.
        dtype: what it is scanned in.
    """
    form, spec = FORMATS[dtype], spec_of(cell.signature, dtype)
    if spec is None:
        return form
    kind, shapes = cell.signature.kind, cell.cell.shapes(spec)
    forms = []
    for what, shown in SCANS[kind].items():
        reply = cell.forward(case_of(cell, spec, shapes, what))
        found = reply.state[shown.state].value[0].astype(float)
        right = exact_result(kind, what)
        forms.append(narrowest(form, found / shown.share, right / shown.share))
    return widest(forms)
