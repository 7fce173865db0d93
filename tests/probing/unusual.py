"""The textbook under any setting, and the settings that the tests tell apart."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from refcheck.blocks import Blocks
from refcheck.case import Case
from refcheck.cell import Capability, Kind, Reply, Shapes, Spec
from refcheck.layout import CANONICAL, Layout
from refcheck.probing.setting import Setting
from refcheck.reference import sequence
from refcheck.reference.cell import ReferenceCell
from refcheck.textbook import Textbook

STACKED = replace(
    CANONICAL, name="own", weight_ih="W", weight_hh="U", bias_ih="b", bias_hh="c"
)
ONE_BIAS = replace(STACKED, bias_hh="")
APART = Layout("apart", "xi xf xg xo", "hi hf hg ho", "bi bf bg bo")
GRU_APART = Layout("apart", "xr xz xn", "hr hz hn", "br bz bn", "cn", second="n")


class Unusual(ReferenceCell):
    """A cell of unknown kind that follows a setting; it has no gradients."""

    def __init__(self, setting: Setting, fixed: Spec | None = None) -> None:
        """Follow ``setting``, in any sizes unless they are ``fixed``."""
        super().__init__(setting.kind)
        self.setting, self.fixed = setting, fixed
        lacks = Capability.BACKWARD | Capability.LAYOUT | Capability.STACKS
        lacks |= Capability.DIRECTIONS | Capability.NO_BIAS
        lacks |= Capability.RESIZABLE if fixed else lacks
        self.signature = replace(
            self.signature,
            kind=None,
            layout=None,
            fixed=fixed,
            capabilities=self.signature.capabilities & ~lacks,
        )

    def fresh(self) -> "Unusual":
        other = type(self)(self.setting, self.fixed)
        other.signature = self.signature
        return other

    def shapes(self, spec: Spec) -> Shapes:
        shapes = self.setting.layout.shapes(self.kind, spec)
        return Shapes(shapes, self.kind.states, spec.hidden_size)

    def forward(self, case: Case) -> Reply:
        turn = slice(None, None, -1 if self.setting.layout.cell_first else 1)
        book = Textbook(self.setting.signature(self.signature))
        reply, _ = sequence.forward(
            self.kind,
            book.params(case.spec, case.params),
            case.inputs,
            case.state and case.state[turn],
            case.lengths,
            equations=book.equations,
        )
        return Reply(np.asarray(reply.outputs, case.spec.dtype), reply.state[turn])


def lstm(layout: Layout = STACKED, **changes: Any) -> Setting:
    squashed = {k: changes.pop(k) for k in ("sigma", "phi", "psi") if k in changes}
    return Setting(Kind.LSTM, replace(layout, **changes), **squashed)


def gru(layout: Layout = STACKED, kind: Kind = Kind.GRU, **changes: Any) -> Setting:
    return Setting(kind, replace(layout, **changes))


FLIPPED = Blocks(negated="z")
TURNED = Blocks(transposed=True)
HARD = "hard sigmoid (a/5 + 1/2)"
SETTINGS: Mapping[str, Setting] = {
    "tanh, one bias": Setting(Kind.RNN_TANH, ONE_BIAS),
    "ReLU, recurrent weights transposed": Setting(
        Kind.RNN_RELU, replace(STACKED, blocks=TURNED)
    ),
    "sigmoid in a simple cell": Setting(Kind.RNN_TANH, ONE_BIAS, phi="sigmoid"),
    "matrices transposed": Setting(Kind.RNN_TANH, replace(STACKED, transposed=True)),
    "LSTM, gates i o f g": lstm(gates={Kind.LSTM: "iofg"}),
    "LSTM, gates o g f i, (c, h)": lstm(gates={Kind.LSTM: "ogfi"}, cell_first=True),
    "LSTM, unit by unit": lstm(blocks=Blocks(interleaved=True)),
    "LSTM, 1 added, one matrix": lstm(
        ONE_BIAS, weight_hh="W", added={"f": 1.0}, transposed=True
    ),
    "LSTM, hard sigmoid": lstm(sigma=HARD, gates={Kind.LSTM: "ifog"}),
    "LSTM, hard sigmoid, 1 added": lstm(sigma=HARD, added={"f": 1.0}),
    "LSTM, ReLU for candidate and output": lstm(phi="ReLU", psi="ReLU"),
    "LSTM, an array each, renamed": lstm(APART, weight_ih="xo xf xi xg"),
    "LSTM without biases": lstm(bias_ih="", bias_hh=""),
    "GRU, gates z r n, update gate new": gru(gates={Kind.GRU: "zrn"}, blocks=FLIPPED),
    "GRU, biases exchanged": gru(bias_ih="c", bias_hh="b"),
    "GRU, reset before, transposed blocks": gru(
        ONE_BIAS, Kind.GRU_RESET_BEFORE, blocks=TURNED
    ),
    "GRU, an array each": gru(GRU_APART),
    "GRU, a second bias of n": gru(second="n"),
    "GRU, hard sigmoid": replace(gru(), sigma="hard sigmoid (a/6 + 1/2)"),
}
