"""A call of the target: watched, its exceptions told from ours, its shapes checked."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from refcheck.case import Subject
from refcheck.errors import Lost
from refcheck.watch import Watch


class TargetRaised(Exception):  # noqa: N818 - what the target did, not our error
    """The target raised an exception; it stands in ``__cause__``."""


class Misshapen(Exception):  # noqa: N818 - what the target did, not our error
    """The target returned an array of the wrong shape."""


def watched(watch: Watch, law: str, case: Subject, run: Callable[[], Any]) -> Any:
    """Return what ``run`` does, a call of the target on behalf of ``law``.

    Raises:
        TargetRaised: if it raises.
        Lost: if its process is lost.
    """
    watch.before(law, case)
    try:
        with np.errstate(all="ignore"):
            return run()
    except Lost:
        raise  # no answer to anything, not a refusal either
    except (Exception, SystemExit) as error:
        message = f"{type(error).__name__}: {error}"
        raise TargetRaised(message) from error
    finally:
        watch.after()


def require_shape(label: str, array: Any, expected: tuple[int, ...]) -> None:
    """Raise Misshapen unless ``array`` has the shape ``expected``."""
    found = tuple(np.shape(array))
    if found != tuple(expected):
        message = f"{label} has shape {found}, expected {tuple(expected)}"
        raise Misshapen(message)


def require_count(label: str, found: Sequence[Any], expected: int) -> None:
    """Raise Misshapen unless ``found`` has ``expected`` arrays."""
    if len(found) != expected:
        message = f"{len(found)} {label} came back, expected {expected}"
        raise Misshapen(message)
