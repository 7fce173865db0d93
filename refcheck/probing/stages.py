"""The experiments, each of which decides what the ones before it have left open.

    at rest          every parameter is 0: state order, what is added to the forget
                     gate, activations, as far as they show at 0
    inputs           the weights of the inputs count: gates, signs, activations
    recurrence       and those of the state: transposed blocks, the reset gate
    biases           and the biases: which array is which

A choice is tried in the first experiment in which it shows, so that few settings are
tried for many that there are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product
from typing import NamedTuple

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Kind, Spec
from refcheck.layout import CANONICAL_GATES
from refcheck.probing.forms import Shapes, biased, forms, rearranged
from refcheck.probing.setting import GRUS, SIGMAS, SQUASHES, Setting, kinds

ADDED = 1.0  # to the sum of the forget gate, by the code of TensorFlow 1 and of Haiku

Branch = Callable[[Setting, Spec, Shapes], Iterator[Setting]]


class Stage(NamedTuple):
    """One experiment: which parameters are not 0, and what is tried in it."""

    says: str  # after "at first where"
    parts: Sequence[str]  # fields of Params
    branch: Branch


def starts(states: int, spec: Spec, shapes: Shapes) -> Iterator[Setting]:
    """Yield a setting for each kind and form, gates in the textbook's order.

    Args:
        states: arrays of state that are seen; 0 if none is.
        spec: the sizes of the cell.
        shapes: of its parameters.
    """
    for kind in kinds(states):
        for layout in forms(kind, spec, shapes):
            yield Setting(kind, layout)
            if states > 1:
                yield Setting(kind, layout).placed(cell_first=True)


def at_rest(setting: Setting, _: Spec, __: Shapes) -> Iterator[Setting]:
    """Yield what shows with every parameter 0; not every activation is 0 there."""
    yield from squashings(setting)
    if setting.kind is Kind.LSTM and getattr(setting.layout, "bias_ih", False):
        yield from squashings(setting.placed(added={"f": ADDED}))


def of_inputs(setting: Setting, _: Spec, __: Shapes) -> Iterator[Setting]:
    """Yield what shows once the inputs count."""
    if setting.kind.gates == 1:
        yield setting
        return
    for ordered in _ordered(setting):
        yield ordered
        if setting.kind in GRUS:
            yield ordered.turned(negated="z")


def squashings(setting: Setting) -> Iterator[Setting]:
    """Yield the setting with each activation; an LSTM shows c by tanh, or by φ."""
    lstm = setting.kind is Kind.LSTM
    sigmas = SIGMAS if setting.kind.gates > 1 else (setting.sigma,)
    for sigma, phi in product(sigmas, SQUASHES):
        for psi in dict.fromkeys(("tanh", phi)) if lstm else ("tanh",):
            yield replace(setting, sigma=sigma, phi=phi, psi=psi)


def of_state(setting: Setting, _: Spec, __: Shapes) -> Iterator[Setting]:
    """Yield what shows once the state counts too."""
    every = [setting]
    if " " in getattr(setting.layout, "weight_hh", ""):
        layouts = rearranged(setting.layout, "weight_hh")
        every = [replace(setting, layout=layout) for layout in layouts]
    for one in every:
        both = GRUS if one.kind in GRUS else (one.kind,)
        for kind, across in product(both, (False, True)):
            gates = dict.fromkeys([kind], one.gates)
            yield replace(one.turned(transposed=across), kind=kind).placed(gates=gates)


def of_biases(setting: Setting, spec: Spec, shapes: Shapes) -> Iterator[Setting]:
    """Yield what shows once every parameter counts."""
    for layout in biased(setting.layout, setting.kind, spec, shapes):
        yield replace(setting, layout=layout)


WEIGHTS = ("weight_ih", "weight_hh")
STAGES = (
    Stage("every parameter is 0", (), at_rest),
    Stage("only the input weights are not 0", WEIGHTS[:1], of_inputs),
    Stage("the recurrent weights count", WEIGHTS, of_state),
    Stage("the biases count", (*WEIGHTS, "bias_ih", "bias_hh"), of_biases),
)


def silenced(case: Case, setting: Setting, parts: Sequence[str]) -> Case:
    """Return the case with every parameter 0 that is not of ``parts``."""
    spec, kind, layout = case.spec, setting.kind, setting.layout
    nothing = {n: np.zeros_like(a) for n, a in case.params.items()}
    whole = layout.to_canonical(kind, spec, nothing)
    there = [
        p._replace(**{f: _one(getattr(p, f)) for f in p._fields if f in parts})
        for p in whole
    ]
    kept = layout.from_canonical(kind, spec, there)
    own = {n: np.where(kept[n] == 0, nothing[n], a) for n, a in case.params.items()}
    return case.but(params=own)


def _one(array: Array | None) -> Array | None:
    return None if array is None else np.ones_like(array)


def _ordered(setting: Setting) -> Iterator[Setting]:
    """Yield each order of the gates: of blocks, of rows in turns, or of arrays."""
    if " " in getattr(setting.layout, "weight_ih", ""):
        for layout in rearranged(setting.layout, "weight_ih"):
            yield replace(setting, layout=layout)
        return
    canonical = CANONICAL_GATES[setting.kind.gates]
    turns = (False, True) if hasattr(setting.layout, "joined") else (False,)
    for order, interleaved in product(map("".join, permutations(canonical)), turns):
        placed = setting.placed(gates={setting.kind: order})
        yield placed.turned(interleaved=True) if interleaved else placed
