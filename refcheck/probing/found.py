"""One search over a target: what is left of all settings, and where it was tried."""

from typing import Any, NamedTuple

from refcheck.cell import Capability, Signature
from refcheck.probing.elimination import (
    Elimination,
    eliminated,
    tell_activations_apart,
)
from refcheck.probing.setting import Setting
from refcheck.probing.sight import measured
from refcheck.watch import Watch


class Found(NamedTuple):
    """A target, how it had to be built, and what is left of all settings."""

    cell: Any
    build: tuple[str, ...]
    settings: Elimination
    dtype: str  # in which they were tried last

    @property
    def setting(self) -> Setting | None:
        """The one that is left, if it is one."""
        left = self.settings.left
        return left[0] if len(left) == 1 else None


def searched(cell: Any, watch: Watch, *, thorough: bool = True) -> Found:
    """Search in each dtype, the widest first, until a setting agrees.

    The textbook's activations come first: where one setting with them agrees, others
    are tried in its place alone.  If nothing agrees, the widest dtype tells most.
    """
    tries: list[Found] = []
    for careful in (False, True) if thorough else (False,):
        for dtype in cell.signature.usual.dtypes:
            target = measured(cell, None, dtype, watch)
            result = eliminated(target, dtype, thorough=careful)
            found = Found(cell, (), result, dtype)
            if result.left or result.why:
                if found.setting and thorough and not careful:
                    tell_activations_apart(result, target)
                return found
            tries.append(found)
    return [one for one in tries if one.dtype == tries[0].dtype][-1]


def undeclared(cell: Any) -> bool:
    """Whether nobody says what a cell is, while its parameters can be set."""
    known: Signature = cell.signature
    return known.kind is None and known.offers(Capability.PARAMETERS)
