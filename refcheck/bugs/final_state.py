"""Final states that are others than those that were come to."""

from typing import Any

import numpy as np

from refcheck.bugs.bug import CELLS, LSTMS, Bug
from refcheck.bugs.planted import Plant, planted
from refcheck.bugs.state import IN
from refcheck.case import Case
from refcheck.cell import Capability, Reply

OUT = Capability.FINAL_STATE


def ending(change: Any) -> Plant:
    """Plant a final state that is another than the one that was come to."""
    return planted(
        ended=lambda _, reply: reply._replace(state=change(reply.state, reply))
    )


def _kept_for_one_step(case: Case, reply: Reply) -> Reply:
    if case.time > 1 or case.state is None:
        return reply
    return reply._replace(state=case.state)


BUGS = (
    Bug(
        "final-states-are-zeros",
        "The final state is allocated and never written.",
        CELLS,
        ending(lambda state, _: tuple(s * 0 for s in state)),
        ("https://github.com/apple/coremltools/issues/263",),
        needs=OUT,
    ),
    Bug(
        "final-state-is-one-step-old",
        "The state is stored before the last step, not after it.",
        CELLS,
        planted(last=lambda state, old: old),
        needs=OUT,
    ),
    Bug(
        "final-h-and-c-exchanged",
        "The state is taken as (h, c) and given back as (c, h).",
        LSTMS,
        ending(lambda state, _: state[::-1]),
        needs=OUT,
    ),
    Bug(
        "h-returned-for-both",
        "The final h is returned for c, too.",
        LSTMS,
        ending(lambda state, _: (state[0], state[0])),
        ("https://github.com/openvinotoolkit/openvino/pull/21054",),
        needs=OUT,
    ),
    Bug(
        "c-returned-for-both",
        "The final c is returned for h, too.",
        LSTMS,
        ending(lambda state, _: (state[1], state[1])),
        needs=OUT,
    ),
    Bug(
        "final-state-hides-nan",
        "NaN shows in the outputs, and is gone in the state that comes back.",
        CELLS,
        ending(lambda state, _: tuple(np.nan_to_num(s) for s in state)),
        needs=OUT,
    ),
    Bug(
        "one-step-calls-keep-the-state",
        "A call for one step returns its outputs, and the state that came in.",
        CELLS,
        planted(ended=_kept_for_one_step),
        needs=IN | OUT,
    ),
    Bug(
        "a-ten-millionth-on-the-state",
        "A ten-millionth is added to what is returned.",
        CELLS,
        planted(
            ended=lambda _, reply: Reply(
                reply.outputs + 1e-7, tuple(s + 1e-7 for s in reply.state)
            )
        ),
    ),
)
