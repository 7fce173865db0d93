"""Hold an implementation of a recurrent cell to the laws that every right one obeys.

Names are imported when they are first used: pytest loads this package in every project
that has it installed, and must not pay for NumPy there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refcheck.case import Case
    from refcheck.cell import Cell, Kind
    from refcheck.errors import RefcheckError, TargetError
    from refcheck.inprocess import check
    from refcheck.law import Law, at_most, differs, equal, identical, law, refuses
    from refcheck.outcome import Finding, Outcome, Report, Status

__all__ = [
    "Case",
    "Cell",
    "Finding",
    "Kind",
    "Law",
    "Outcome",
    "RefcheckError",
    "Report",
    "Status",
    "TargetError",
    "at_most",
    "check",
    "differs",
    "equal",
    "identical",
    "law",
    "refuses",
]

_HOMES = {
    "refcheck.case": ("Case",),
    "refcheck.cell": ("Cell", "Kind"),
    "refcheck.errors": ("RefcheckError", "TargetError"),
    "refcheck.inprocess": ("check",),
    "refcheck.outcome": ("Finding", "Outcome", "Report", "Status"),
    "refcheck.law": (
        "Law",
        "at_most",
        "differs",
        "equal",
        "identical",
        "law",
        "refuses",
    ),
}


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it (PEP 562)."""
    if name == "__version__":
        return import_module("importlib.metadata").version("refcheck-rnn")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    message = f"module 'refcheck' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return the public names, whether or not they are imported yet."""
    return [*__all__, "__version__"]
