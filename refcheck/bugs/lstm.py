"""Gates of an LSTM that do not do what gates do."""

import numpy as np

from refcheck.bugs.bug import LSTMS, Bug
from refcheck.bugs.planted import stepping
from refcheck.bugs.steps import memory

BUGS = (
    Bug(
        "forget-gate-never-shut",
        "The forget gate is kept above one part in a million.",
        LSTMS,
        stepping(opened=lambda i, f, g, o: (i, np.maximum(f, 1e-6), g, o)),
    ),
    Bug(
        "forget-gate-left-out",
        "The cell state is kept whole, whatever the forget gate says.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: c + i * g),
    ),
    Bug(
        "one-added-to-the-forget-gate",
        "The forget bias of 1 is added after the sigmoid, not before.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: memory(i, f + 1, g, o, c)),
    ),
    Bug(
        "forget-gate-off-by-a-millionth",
        "A millionth is added to the forget gate.",
        LSTMS,
        stepping(opened=lambda i, f, g, o: (i, f + 1e-6, g, o)),
    ),
    Bug(
        "one-added-to-the-forget-sum",
        "A forget bias of 1 is added to the one that is a parameter.",
        LSTMS,
        stepping(summed=lambda a, h, c: (a[0], a[1] + 1, a[2], a[3])),
        ("https://github.com/clab/dynet/pull/453",),
    ),
    Bug(
        "forget-gate-peeps-at-the-output",
        "The forget gate looks at its own unit's output besides.",
        LSTMS,
        stepping(summed=lambda a, h, c: (a[0], a[1] + h, a[2], a[3])),
    ),
    Bug(
        "input-gate-left-out",
        "The candidate is stored whole, whatever the input gate says.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: f * c + g),
    ),
    Bug(
        "candidate-passes-the-input-gate",
        "A thousandth of the candidate is stored whatever the input gate says.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: memory(i + 1e-3, f, g, o, c)),
    ),
    Bug(
        "input-gate-coupled-to-the-forget-gate",
        "What is not forgotten leaves no room: 1 − f stands in the place of i.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: memory(1 - f, f, g, o, c)),
    ),
    Bug(
        "input-gate-added-to-the-candidate",
        "The input gate is added to the candidate, not multiplied with it.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: f * c + (i + g)),
        ("https://github.com/MartinuzziFrancesco/torchrecurrent/issues/22",),
    ),
    Bug(
        "cell-state-clipped",
        "The cell state is clipped to ±10, though nobody has asked for it.",
        LSTMS,
        stepping(memory=lambda *gates: np.clip(memory(*gates), -10, 10)),
    ),
    Bug(
        "cell-state-capped-at-fifty",
        "The cell state is kept within ±50.",
        LSTMS,
        stepping(memory=lambda *gates: np.clip(memory(*gates), -50, 50)),
    ),
    Bug(
        "cell-output-not-squashed",
        "The tanh of the cell state is left out of the output.",
        LSTMS,
        stepping(show=lambda o, c_next, c: o * c_next),
    ),
    Bug(
        "output-gate-left-out",
        "The output is the tanh of the cell state, whatever the output gate says.",
        LSTMS,
        stepping(show=lambda o, c_next, c: np.tanh(c_next)),
    ),
    Bug(
        "output-gate-empties-the-cell",
        "What is hidden is lost: the output gate multiplies the cell state itself.",
        LSTMS,
        stepping(memory=lambda i, f, g, o, c: o * memory(i, f, g, o, c)),
    ),
    Bug(
        "output-of-the-old-cell-state",
        "The output shows the cell state from before the step.",
        LSTMS,
        stepping(show=lambda o, c_next, c: o * np.tanh(c)),
    ),
    Bug(
        "output-gate-inside-the-tanh",
        "The output is the tanh of the product of output gate and cell state.",
        LSTMS,
        stepping(show=lambda o, c_next, c: np.tanh(o * c_next)),
    ),
    Bug(
        "sums-are-clipped",
        "The sums that go into the gates are clipped to ±3.",
        LSTMS,
        stepping(summed=lambda a, h, c: [np.clip(gate, -3, 3) for gate in a]),
        ("https://github.com/openvinotoolkit/openvino/pull/37068",),
    ),
)
