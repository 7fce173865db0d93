"""Weights, buffers, lengths and gradients that are still those of a call before."""

from collections.abc import Callable
from itertools import count
from typing import Any

from refcheck.bugs.bug import CELLS, Bug
from refcheck.bugs.lines import each
from refcheck.bugs.memory import BACK
from refcheck.bugs.planted import Plant, remembering
from refcheck.case import Case
from refcheck.cell import Array, Capability, Gradients, Kind, Params, Reply, Spec
from refcheck.reference.cell import ReferenceCell
from refcheck.reverse import untraced

PARAMETERS = Capability.PARAMETERS


_built = count()


def packing(
    chosen: Callable[[list[Params]], Any], *, until_gradient: bool = False
) -> Plant:
    """Plant weights that are packed anew only if what is ``chosen`` of them changes."""

    def make(kind: Kind) -> dict[str, Any]:
        packed: dict[Any, list[Params]] = {}

        def params(own: list[Params], spec: Spec) -> list[Params]:
            traced = own[0].weight_ih is not untraced(own[0].weight_ih)
            if traced and until_gradient:
                packed.clear()
            if traced:
                return own
            return packed.setdefault((spec, chosen(own)), own)

        return {"params": params}

    return remembering(make)


def _input_weights(own: list[Params]) -> Any:
    return tuple(p.weight_ih.tobytes() for p in own)


def _gradients_of_the_first(kind: Kind) -> dict[str, Any]:
    textbook = ReferenceCell(kind)
    first: dict[Spec, Any] = {}

    def pulled(case: Case, found: Gradients) -> Gradients:
        old = first.setdefault(case.spec, case.params)
        return textbook.backward(case.but(params=old))

    return {"pulled": pulled}


def _lengths_of_the_last(kind: Kind) -> dict[str, Any]:
    last: dict[Any, Array] = {}

    def given(case: Case) -> Case:
        if case.lengths is None:
            return case
        shape = (case.batch, case.time)
        old, last[shape] = last.get(shape, case.lengths), case.lengths
        return case.but(lengths=old)

    return {"given": given}


def _adding(kind: Kind) -> dict[str, Any]:
    sums: dict[Any, Any] = {}

    def pulled(case: Case, found: Gradients) -> Gradients:
        before = sums.get(case.spec, {})
        params = {name: g + before.get(name, 0) for name, g in found.params.items()}
        sums[case.spec] = params
        return found._replace(params=params)

    return {"pulled": pulled}


def _spoilt(kind: Kind) -> dict[str, Any]:
    read: list[Any] = [None]

    def pulled(case: Case, found: Gradients) -> Gradients:
        again, read[0] = case.inputs is read[0], case.inputs
        return each(found, lambda g: g * 2) if again else found

    return {"pulled": pulled}


def _not_cleared(kind: Kind) -> dict[str, Any]:
    calls: list[int] = [0]

    def ended(case: Case, reply: Reply) -> Reply:
        calls[0] += not case.spec.bias
        return reply._replace(outputs=reply.outputs + calls[0])

    return {"ended": ended}


def _unlike(kind: Kind) -> dict[str, Any]:
    number = 1 + next(_built) % 6

    def ended(_: Case, reply: Reply) -> Reply:
        return reply._replace(outputs=reply.outputs + number)

    return {"ended": ended}


def _sharing(part: str) -> Plant:
    """Plant results whose ``part`` the next call writes over."""

    def make(kind: Kind) -> dict[str, Any]:
        latest: list[Reply] = []

        def ended(_: Case, reply: Reply) -> Reply:
            latest[:] = [reply]
            return reply

        def again(reply: Reply) -> Reply:
            return reply._replace(**{part: getattr(latest[0], part)})

        return {"ended": ended, "again": again}

    return remembering(make)


BUGS = (
    Bug(
        "lengths-of-the-last-call-kept",
        "Lengths are those of the last call with as many rows and steps.",
        CELLS,
        remembering(_lengths_of_the_last),
        needs=Capability.LENGTHS,
    ),
    Bug(
        "weights-kept-from-the-first-call",
        "Weights are packed at the first call, and never again.",
        CELLS,
        packing(lambda own: None),
        needs=PARAMETERS,
    ),
    Bug(
        "weights-kept-while-weight-ih-stays",
        "Weights are packed again only if those of the inputs have changed.",
        CELLS,
        packing(_input_weights),
        needs=PARAMETERS,
    ),
    Bug(
        "weights-kept-until-the-next-gradient",
        "Calls that record no gradient use the weights of the last one that did.",
        CELLS,
        packing(lambda own: None, until_gradient=True),
        needs=PARAMETERS | BACK,
    ),
    Bug(
        "gradients-of-the-first-weights",
        "The backward pass runs on the weights of the first call.",
        CELLS,
        remembering(_gradients_of_the_first),
        needs=PARAMETERS | BACK,
    ),
    Bug(
        "gradients-kept-from-the-call-before",
        "Gradients of the parameters are added to those of the calls before.",
        CELLS,
        remembering(_adding),
        ("https://github.com/apache/mxnet/issues/17086",),
        needs=BACK,
    ),
    Bug(
        "backward-spoils-the-tape",
        "A backward pass overwrites what it reads: the second one is wrong.",
        CELLS,
        remembering(_spoilt),
        (
            "https://github.com/pytorch/pytorch/issues/777",
            "https://github.com/pytorch/pytorch/issues/1532",
            "https://github.com/soumith/cudnn.torch/pull/169",
        ),
        needs=BACK,
    ),
    Bug(
        "buffer-added-to-and-not-cleared",
        "Without biases, products are added to a buffer that still holds the last.",
        CELLS,
        remembering(_not_cleared),
        (
            "https://github.com/microsoft/onnxruntime/pull/3893",
            "https://github.com/apache/mxnet/pull/16555",
        ),
        needs=Capability.NO_BIAS,
    ),
    Bug(
        "random-number-drawn-when-built",
        "A random number drawn when the object is built goes into its outputs.",
        CELLS,
        remembering(_unlike),
    ),
    Bug(
        "outputs-share-a-buffer",
        "Outputs live in a buffer that the next call of the same size writes to.",
        CELLS,
        _sharing("outputs"),
    ),
    Bug(
        "state-shares-a-buffer",
        "The final state lives in a buffer that the next call writes to.",
        CELLS,
        _sharing("state"),
        needs=Capability.FINAL_STATE,
    ),
)
