"""How laws end in the quick profile, asked of the catalogue by name."""

from refcheck.catalogue import laws
from refcheck.cell import Cell, Kind
from refcheck.outcome import Outcome, Status
from refcheck.runner import hold, measure
from refcheck.settings import Settings

# Every kind, and two seeds, without the product of both.
KINDS = [
    (Kind.LSTM, 0),
    (Kind.GRU, 1),
    (Kind.RNN_RELU, 0),
    (Kind.RNN_TANH, 1),
    (Kind.GRU_RESET_BEFORE, 0),
]


def outcome(name: str, cell: Cell, *, seed: int = 0, strict: bool = True) -> Outcome:
    """Return how the law called ``name`` ends."""
    settings = Settings(profile="quick", seed=seed, strict=strict)
    return hold(laws()[name], measure(cell, settings), settings)


def holds(name: str, cell: Cell, *, seed: int = 0) -> bool:
    """Return whether the law is held, on at least one conclusive case."""
    found = outcome(name, cell, seed=seed)
    return found.status is Status.HELD and found.inconclusive < found.cases
