"""The user's mistakes: one sentence each, no traceback."""


class RefcheckError(Exception):
    """Wrong usage or configuration; the command line ends with exit code 2."""


class TargetError(RefcheckError):
    """The target cannot be loaded, built or smoke-tested; exit code 3."""


class Unsupported(Exception):  # noqa: N818 - a state of affairs, not the user's error
    """The target cannot be built with these sizes or options, or lacks a method."""
