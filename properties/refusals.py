"""What does not fit is refused: a wrong result is worse than none."""

from collections.abc import Iterator

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Capability
from refcheck.law import Claim, law, refuses
from refcheck.measured import MeasuredCell
from refcheck.strategies import Cases

OTHER = {"float64": "float32"}  # any other dtype: float64
MISFITS = Cases(batch_first=None, hidden=(2, 33), time=(1, 9), most=12)


@law(
    "inputs of D + 1, a state of H + 1 and lengths of T + 1 end in an exception",
    cases=MISFITS,
    catches=(
        "inputs-cut-to-size",
        "state-cut-to-size",
        "misfit-state-ignored",
        "lengths-cut-to-time",
    ),
)
def misfits_are_refused(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Arrays that do not fit are a mistake of the caller, who ought to hear of it.

    Any exception will do.  Numbers that come back after cutting, stretching or
    ignoring what was given pass for results.
    """
    full = case.but(lengths=None)  # PyTorch's packed LSTM overlooks the first of these
    if case.spec.input_size > 1:  # a single input may be meant for all
        wide = full.but(inputs=_longer(case.inputs, 2))
        yield _refused(cell, f"{case.spec.input_size + 1} inputs", wide)
    if case.state is not None:
        wide = full.but(state=tuple(_longer(s, 2) for s in case.state))
        yield _refused(cell, f"a state of {case.spec.hidden_size + 1} units", wide)
    if case.lengths is not None and cell.signature.offers(Capability.LENGTHS):
        late = case.but(lengths=case.lengths + (case.time + 1 - np.max(case.lengths)))
        yield _refused(cell, f"a length of {case.time + 1} in {case.time} steps", late)


@law(
    "so do other dtypes, states of other rows, and lengths that are no lengths",
    cases=MISFITS,
    strict=True,
    catches=("surplus-rows-dropped", "lengths-taken-as-they-come", "inputs-are-cast"),
)
def all_misfits_are_refused(cell: MeasuredCell, case: Case) -> Iterator[Claim]:
    """Frameworks that stretch and cast on purpose accept some of these, with reason.

    A cell that promises to catch mistakes catches these, too.
    """
    dtype = OTHER.get(case.spec.dtype, "float64")
    yield _refused(cell, f"{dtype} inputs", case.but(inputs=case.inputs.astype(dtype)))
    if case.state is not None:
        tall = case.but(state=tuple(_longer(s, 1) for s in case.state))
        yield _refused(cell, f"a state of {case.batch + 1} rows", tall)
        more = case.but(state=(*case.state, case.state[0]))
        yield _refused(cell, f"{len(case.state) + 1} states", more)
    if case.lengths is not None and cell.signature.offers(Capability.LENGTHS):
        for what, lengths in _wrong(case.lengths).items():
            yield _refused(cell, what, case.but(lengths=lengths))


def _refused(cell: MeasuredCell, what: str, case: Case) -> Claim:
    return refuses(what, lambda: cell.call(case, lambda: cell.cell.forward(case)))


def _longer(a: Array, axis: int) -> Array:
    """Return the array with its last entry along ``axis`` once more."""
    return np.concatenate([a, np.take(a, [-1], axis)], axis)


def _wrong(lengths: Array) -> dict[str, Array]:
    return {
        "negative lengths": -lengths,
        "lengths that are not whole": lengths - 0.5,
        "a length too many": _longer(lengths, 0),
    }


LAWS = (misfits_are_refused, all_misfits_are_refused)
