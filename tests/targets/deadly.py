"""Cells that end, hang or copy their process, as faults in compiled code do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from refcheck.case import Case
from refcheck.cell import Gradients, Kind, Reply
from refcheck.reference.cell import ReferenceCell

FOREVER = 3600.0  # longer than any test


class DeadlyCell(ReferenceCell):
    """The textbook's cell, but something happens in its forward call."""

    happens: Callable[[], object]

    def __init__(self, happens: Callable[[], object]) -> None:
        """Let ``happens`` be called before the forward pass is answered."""
        super().__init__(Kind.RNN_TANH)
        self.happens = happens

    def fresh(self) -> "DeadlyCell":
        """Return another one."""
        return type(self)(self.happens)

    def forward(self, case: Case) -> Reply:
        """Run the sequence, if the process is still there."""
        self.happens()
        return super().forward(case)


class DeadlyGradients(DeadlyCell):
    """The same, but it happens in the backward call alone."""

    def forward(self, case: Case) -> Reply:
        """Run the sequence."""
        return ReferenceCell.forward(self, case)

    def backward(self, case: Case) -> Gradients:
        """Pull the gradients back, if the process is still there."""
        self.happens()
        return super().backward(case)


class OffCell(ReferenceCell):
    """The textbook's cell, one too high."""

    def forward(self, case: Case) -> Reply:
        """Run the sequence, and add to the outputs."""
        reply = super().forward(case)
        return reply._replace(outputs=reply.outputs + 1)


def leave_a_process_behind() -> None:
    """Start a process that outlives any test, and never return."""
    subprocess.Popen(["/bin/sleep", "3601.25"])
    time.sleep(FOREVER)


def say_and_wait() -> None:
    """Say that the call has begun, and never return."""
    os.write(2, b"in the call\n")
    time.sleep(FOREVER)


def spin() -> None:
    """Never return."""
    while True:
        pass


def fail() -> None:
    """Raise what a user's code may raise."""
    message = "nothing here"
    raise ValueError(message)


class Lent(ReferenceCell):
    """A cell that wants to be given back."""

    def __init__(self) -> None:
        """Be lent."""
        super().__init__(Kind.RNN_TANH)
        self.closed = False

    def close(self) -> None:
        """Be given back."""
        self.closed = True


class WithoutSignature:
    """An object with the methods of Cell, and nothing behind them."""

    signature = None
    shapes = forward = backward = fresh = None


unfounded = WithoutSignature()
fine = DeadlyCell(lambda: None)
slow = DeadlyCell(lambda: time.sleep(0.05))  # lets a progress line be drawn
prints = DeadlyCell(lambda: sys.stdout.write("hello from the target\n"))
writes = DeadlyCell(lambda: os.write(1, b"hello from the target\n"))
off = OffCell(Kind.RNN_TANH)
raises = DeadlyCell(fail)
spins = DeadlyCell(spin)
waits = DeadlyCell(lambda: time.sleep(FOREVER))
is_killed = DeadlyCell(lambda: os.kill(os.getpid(), signal.SIGKILL))
segfaults = DeadlyCell(lambda: os.kill(os.getpid(), signal.SIGSEGV))
aborts = DeadlyCell(os.abort)
exits = DeadlyCell(lambda: sys.exit(0))
exits_at_once = DeadlyCell(lambda: os._exit(0))
interrupts = DeadlyCell(lambda: signal.raise_signal(signal.SIGINT))
forks = DeadlyCell(os.fork)
says_and_waits = DeadlyCell(say_and_wait)
closes_everything = DeadlyCell(lambda: os.closerange(3, 256))
leaves_a_process = DeadlyCell(leave_a_process_behind)
segfaults_backward = DeadlyGradients(lambda: os.kill(os.getpid(), signal.SIGSEGV))
