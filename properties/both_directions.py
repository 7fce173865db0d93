"""A bidirectional network is one that reads forward beside one that reads backward."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Gradients, Reply, State
from refcheck.law import Claim, equal, law
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

from .parts import each_part


@law(
    "f(x; θ→, θ←) = the mirror image of f(flip x; θ←, θ→), and so are the gradients",
    cases=Cases(
        state=True,
        directions=True,
        lengths=False,
        time=(1, 17),
        most=8,
        first=("generic", "two layers", "one step", "three layers, D = H"),
    ),
    requires=Capability.LAYOUT | Capability.DIRECTIONS,
    catches=(
        "backward-outputs-in-order-of-reading",
        "backward-direction-reads-forward",
        "reverse-direction-runs-on-forward-weights",
        "backward-final-state-is-the-one-at-the-last-step",
        "backward-direction-starts-from-the-forward-state",
        "input-gradient-of-the-forward-direction-alone",
        "upper-layers-read-the-forward-half-alone",
        "features-flipped-in-place-of-time",
    ),
)
def reverse_is_flip_forward_flip(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Reading backward is flipping, reading forward, and flipping the outputs.

    So a mirror that flips time and exchanges the directions shows the same network.
    Source: Schuster & Paliwal (1997).
    """
    image = _mirrored(cell, case)
    seen = cell.forward(image)
    back = Reply(_exchanged(np.flip(seen.outputs, 0)), _swapped(seen.state))
    yield from each_part(equal, cell.forward(case), back)
    if cell.signature.offers(Capability.BACKWARD):
        pulled = cell.backward(image)
        turned = Gradients({}, np.flip(pulled.inputs, 0), _swapped(pulled.state))
        yield from each_part(equal, cell.backward(case)._replace(params={}), turned)


@law(
    "f(x; θ→, θ←) = f(x; θ→) beside flip f(flip x; θ←)",
    cases=Cases(
        state=True,
        directions=True,
        layers=False,
        lengths=False,
        time=(1, 17),
        most=20,
        first=("generic", "one step", "D = H", "17 steps"),
    ),
    requires=Capability.LAYOUT | Capability.DIRECTIONS | Capability.RESIZABLE,
    catches=(
        "halves-exchanged",
        "halves-interleaved",
        "backward-outputs-in-order-of-reading",
        "backward-direction-reads-forward",
        "backward-direction-alone-twice",
        "backward-final-state-is-the-one-at-the-last-step",
        "directions-reshaped-not-transposed",
        "forward-final-state-for-both-directions",
        "forward-direction-alone-twice",
    ),
)
def both_directions_are_two_cells(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Each half of the outputs, and of the state, is that of a cell of its own.

    The backward cell has read everything at t = 0: there its final state is taken.
    Source: Schuster & Paliwal (1997).
    """
    ahead, back = (cell.forward(_alone(cell, case, k)) for k in range(2))
    outputs = [ahead.outputs, np.flip(back.outputs, 0)]
    states = zip(ahead.state, back.state, strict=True)
    beside = Reply(
        np.concatenate(outputs, axis=2), tuple(np.concatenate(s) for s in states)
    )
    yield from each_part(equal, cell.forward(case), beside)


def _mirrored(cell: MeasuredCell, case: Case) -> Case:
    """Return the case read the other way round, by directions that change places."""
    size, state = case.spec.hidden_size, case.state
    image = case.but(
        inputs=np.flip(case.inputs, 0).copy(),
        state=None if state is None else _swapped(state),
        grad_outputs=_exchanged(np.flip(case.grad_outputs, 0)),
        grad_state=_swapped(case.grad_state),
    )
    params = cell.canonical(case)
    above = [p._replace(weight_ih=np.roll(p.weight_ih, size, 1)) for p in params[2:]]
    own = [*params[:2], *above]
    return cell.planted(image, [own[k ^ 1] for k in range(len(own))])


def _exchanged(outputs: Any) -> Any:
    """Exchange the halves of outputs (T, N, 2H)."""
    return np.roll(outputs, outputs.shape[2] // 2, 2)


def _swapped(state: State) -> State:
    """Exchange the directions in each layer of a state, each array (2L, N, H)."""
    return tuple(s[[k ^ 1 for k in range(len(s))]] for s in state)


def _alone(cell: MeasuredCell, case: Case, direction: int) -> Case:
    """Return the case of one direction of a single layer, read forward."""
    order, size = (1, -1)[direction], case.spec.hidden_size
    mine = slice(direction, direction + 1)
    state = case.state
    one = case.but(
        spec=replace(case.spec, bidirectional=False),
        inputs=case.inputs[::order].copy(),
        state=None if state is None else tuple(s[mine] for s in state),
        grad_outputs=case.grad_outputs[::order, :, :size].copy(),
        grad_state=tuple(g[mine] for g in case.grad_state),
    )
    return cell.planted(one, cell.canonical(case)[mine])


LAWS = (
    reverse_is_flip_forward_flip,
    both_directions_are_two_cells,
)
