"""What rounding explains: the only tolerances, and how they are derived.

``formats.py`` holds what a floating-point format promises, ``numbers.py`` arrays that
carry a bound on their own error, ``functions.py`` NumPy's functions on such arrays.
"""

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
from refcheck.rounding.numbers import Known, Measured, Reported, exact

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
    "declared",
    "exact",
    "informative",
    "is_half",
    "narrowest",
    "scaled_by_norm",
    "widest",
]
