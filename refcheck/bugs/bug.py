"""A known fault: what it is called, which cells can have it, and a cell that has it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from refcheck.cell import Capability, Kind, Signature

RNNS = frozenset({Kind.RNN_TANH, Kind.RNN_RELU})
LSTMS = frozenset({Kind.LSTM})
GRUS = frozenset({Kind.GRU, Kind.GRU_RESET_BEFORE})
GATED = LSTMS | GRUS
CELLS = RNNS | GATED


@dataclass(frozen=True)
class Bug:
    """One fault that implementations have had, or could have.

    It stands in the module that is named like its family.
    """

    id: str  # kebab-case, the name that laws give in ``catches``
    says: str  # one sentence: what such a cell does wrong
    kinds: frozenset[Kind]  # the cells that can have it
    plant: Callable[[Kind], Any]  # a textbook cell, or clipper, of a kind with it
    seen_in: tuple[str, ...] = ()  # addresses of threads about real cases
    needs: Capability = Capability.FORWARD  # what a cell must offer to have it
    family: str = ""  # the idea it belongs to

    def applies_to(self, signature: Signature) -> bool:
        """Whether a cell of such a kind, that offers so much, could have this fault."""
        return signature.kind in self.kinds and signature.offers(self.needs)
