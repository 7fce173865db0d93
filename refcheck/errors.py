"""The user's mistakes: one sentence each, no traceback."""


class RefcheckError(Exception):
    """Wrong usage or configuration; the command line ends with exit code 2."""


class TargetError(RefcheckError):
    """The target cannot be loaded, built or smoke-tested; exit code 3."""


class Unsupported(Exception):  # noqa: N818 - a state of affairs, not the user's error
    """The target cannot be built with these sizes or options, or lacks a method."""


class Lost(Exception):  # noqa: N818 - what the target did, not our error
    """The target's process died, hung, or no longer speaks the protocol.

    That is a violation always, also where a refusal is expected.
    """

    def __init__(self, message: str, *, late: bool = False) -> None:
        """Tell how it was lost; ``late`` if it did not answer in time."""
        super().__init__(message)
        self.late = late
