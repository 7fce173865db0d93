"""What a run is asked to do, as plain data that any process can read."""

from collections.abc import Mapping

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How long to search, with which seed, and which laws to hold."""

    profile: str = "default"  # quick, default, gate or deep
    seed: int = 0
    select: tuple[str, ...] = ()  # patterns of law names or families; none: all
    exclude: Mapping[str, str] = {}  # law to reason
    dtypes: tuple[str, ...] = ()  # none: all that the target offers, but 16 bits
    factor: float = 1.0  # allowances are taken so many times as wide
    factor_reason: str = ""
    arithmetic: tuple[str, ...] = ()  # cheaper than single precision, as declared
    strict: bool = False  # strict laws decide the verdict too
    max_time: float | None = None  # seconds
    fail_fast: bool = False
    diagnosis: bool = True  # after a violation, compare with known faults
    share: tuple[int, int] = (0, 1)  # the k-th of n parts, for children side by side
    skip: tuple[str, ...] = ()  # laws that are decided already
