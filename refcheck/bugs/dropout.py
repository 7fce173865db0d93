"""Units that are dropped where they should not be, or not where they should."""

from collections.abc import Callable
from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.planted import planted, remembering
from refcheck.case import Case
from refcheck.cell import Array, Capability, Kind, Params, Spec
from refcheck.reverse import pulled_as, untraced

TRAINS = Capability.TRAINS | Capability.STACKS
BACK = TRAINS | Capability.BACKWARD


def pulled_through(other: Callable[[Array], Array]) -> Any:
    """Plant another mask for the gradient than for the outputs."""
    return planted(
        dropped=lambda y, mask: pulled_as(untraced(y) * mask, y * other(mask))
    )


def _unscaled(mask: Array) -> Array:
    return np.asarray(mask > 0, mask.dtype)


def _scaled_in_evaluation(params: list[Params], spec: Spec) -> list[Params]:
    n, share = spec.directions, 1 - spec.dropout
    above = [p._replace(weight_ih=p.weight_ih * share) for p in params[n:]]
    return [*params[:n], *above]


def _never_left(kind: Kind) -> dict[str, Any]:
    calls: list[int] = [0]

    def below(y: Array, case: Case, layer: int, k: int) -> Any:
        if not layer or k:
            return y
        calls[0] += 1
        kept = np.random.default_rng(calls[0]).random(y.shape) >= 0.5
        return y * (2 * kept).astype(y.dtype)

    return {"below": below}


BUGS = (
    Bug(
        "another-mask-in-the-backward-pass",
        "The mask is drawn anew for the backward pass.",
        CELLS,
        pulled_through(lambda mask: mask[..., ::-1]),
        needs=BACK,
    ),
    Bug(
        "mask-of-the-first-step-in-the-backward-pass",
        "The backward pass reads the mask of the first step at every step.",
        CELLS,
        pulled_through(lambda mask: mask[:1] + 0 * mask),
        ("https://github.com/lmnt-com/haste/issues/43",),
        needs=BACK,
    ),
    Bug(
        "kept-units-not-scaled-back",
        "What is kept is scaled up going forward, not coming back.",
        CELLS,
        pulled_through(_unscaled),
        needs=BACK,
    ),
    Bug(
        "evaluation-scaled-by-what-is-kept",
        "In evaluation what upper layers read is scaled by what training keeps.",
        CELLS,
        planted(params=_scaled_in_evaluation),
        needs=TRAINS,
    ),
    Bug(
        "dropout-in-evaluation",
        "The training mode is never left: other units are dropped in each call.",
        CELLS,
        remembering(_never_left),
        needs=TRAINS,
    ),
)
