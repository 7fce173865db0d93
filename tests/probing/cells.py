"""Cells that treat rows that end early, and dtypes, in one way or another."""

from dataclasses import replace

import numpy as np

from refcheck.case import Case
from refcheck.cell import Capability, Padding, Reply, Shapes, Spec
from refcheck.errors import Unsupported
from tests.probing.unusual import SETTINGS, Unusual

SIMPLE = SETTINGS["tanh, one bias"]


class Repeating(Unusual):
    """Repeats the last output of a row; an empty row ends with zeros."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        return reply if case.lengths is None else self.ended(case, reply)

    def ended(self, case: Case, reply: Reply) -> Reply:
        outputs, states = reply.outputs.copy(), [s.copy() for s in reply.state]
        for n, end in enumerate(case.lengths):
            outputs[end:, n] = outputs[end - 1, n]
            for state in states:
                state[:, n] = state[:, n] * (end > 0)
        return Reply(outputs, tuple(states))


class ReadingOn(Repeating):
    """Reads padding like anything else; an empty row ends where it ends."""

    def ended(self, case: Case, reply: Reply) -> Reply:
        whole = super().forward(case.but(lengths=None))
        empty = case.lengths == 0
        ends = zip(whole.state, reply.state, strict=True)
        state = tuple(np.where(empty[:, None], w, s) for w, s in ends)
        return Reply(whole.outputs, state)


class Strange(Repeating):
    """Leaves ones behind."""

    def ended(self, case: Case, reply: Reply) -> Reply:
        past = np.arange(case.time)[:, None] >= case.lengths
        outputs = np.where(past[:, :, None], np.ones_like(reply.outputs), reply.outputs)
        empty = (case.lengths == 0)[:, None]
        state = tuple(np.where(empty, np.ones_like(s), s) for s in reply.state)
        return Reply(outputs, state)


class Refusing(Repeating):
    """Takes rows of one length alone."""

    def ended(self, case: Case, reply: Reply) -> Reply:
        message = "rows must be of one length"
        raise ValueError(message)


class SingleInside(Repeating):
    """Computes in single precision, whatever it is asked for."""

    def forward(self, case: Case) -> Reply:
        reply = super().forward(case)
        narrow = [a.astype(np.float32) for a in (reply.outputs, *reply.state)]
        outputs, *state = (a.astype(case.spec.dtype) for a in narrow)
        return Reply(outputs, tuple(state))

    def ended(self, case: Case, reply: Reply) -> Reply:
        return reply


class Unbuildable(Repeating):
    """Cannot be built at all."""

    def shapes(self, spec: Spec) -> Shapes:
        message = f"not as {spec}"
        raise Unsupported(message)


def without(cell: Unusual, lost: Capability) -> Unusual:
    """Return the cell with a capability less."""
    offered = cell.signature.capabilities & ~lost
    cell.signature = replace(cell.signature, capabilities=offered)
    return cell


kept = Unusual(SIMPLE)
repeating = Repeating(SIMPLE)
reading_on = ReadingOn(SIMPLE)
strange = Strange(SIMPLE)
refusing = Refusing(SIMPLE)
single_inside = SingleInside(SIMPLE)
said_to_repeat = Unusual(SIMPLE)
said_to_repeat.signature = replace(
    said_to_repeat.signature,
    padding=Padding.REPEATED,
    capabilities=said_to_repeat.signature.capabilities | Capability.PADDING_CONTRACT,
)
unbuildable = Unbuildable(SIMPLE)
stateless = without(Unusual(SIMPLE), Capability.INITIAL_STATE | Capability.FINAL_STATE)
