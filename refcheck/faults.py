"""A fault of refcheck itself: one sentence for the user, the traceback for us.

Nothing of refcheck is imported here, since any of it may be what is broken.
"""

import contextlib
import tempfile
import traceback


class OwnFault(Exception):  # noqa: N818 - ours, and not the user's to mend
    """A fault in the child process; its text is the traceback from there."""


def told(error: Exception, *, show: bool) -> str:
    """Return the sentence, below the traceback if ``show``, else naming its file."""
    trace = str(error) if isinstance(error, OwnFault) else _trace(error)
    last = trace.strip().splitlines()[-1]
    says = f"refcheck: a fault in refcheck itself, not in the target: {last}"
    with contextlib.suppress(OSError):  # no place to write: shown after all
        return f"{trace}\n{says}" if show else f"{says}; {_kept(trace)}."
    return f"{trace}\n{says}"


def _kept(trace: str) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="refcheck-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(trace)
    return f"the traceback is in {file.name}"


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))
