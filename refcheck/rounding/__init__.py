"""What rounding explains: the only tolerances, and how they are derived.

``formats.py`` holds what a floating-point format promises, and ``numbers.py`` arrays
that carry a bound on their own error.  How errors propagate stands in ``sums.py`` (in
``grid.py``: which are exact), ``products.py``, ``functions.py`` and, for what can be
written in several ways, ``forms.py``.  ``reported.py`` holds results of a target, whose
bound is worked out when it is asked for.
"""

from refcheck.rounding import forms  # noqa: F401 - it registers its versions
from refcheck.rounding.formats import (
    ARITHMETIC,
    DOUBLE,
    FORMATS,
    KINK,
    NEARBY,
    Doubt,
    Format,
    activation_error,
    declared,
    informative,
    is_half,
    narrowest,
    widest,
)
from refcheck.rounding.functions import scaled_by_norm
from refcheck.rounding.numbers import Measured, exact
from refcheck.rounding.reported import Known, Reported, before_return

__all__ = [
    "ARITHMETIC",
    "DOUBLE",
    "FORMATS",
    "KINK",
    "NEARBY",
    "Doubt",
    "Format",
    "Known",
    "Measured",
    "Reported",
    "activation_error",
    "before_return",
    "declared",
    "exact",
    "informative",
    "is_half",
    "narrowest",
    "scaled_by_norm",
    "widest",
]
