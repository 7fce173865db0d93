"""Cells whose steps are not all the same step, or whose parameters go unused or stale.

``Stepped`` is the textbook called once for each step, by hand: a mutant changes one of
the things that happen there.  Families that need it import it from here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from refcheck.case import Case
from refcheck.cell import Array, Cell, Gradients, Kind, Params, Reply, State
from refcheck.reference.cell import ReferenceCell


class Stepped(ReferenceCell):
    """The textbook, one call for each step; right as it stands."""

    def altered(self, one: Case, t: int) -> Case:
        """Return what step t is called with."""
        return one

    def settled(self, one: Case, reply: Reply) -> Reply:
        """Return what a step is taken to have returned."""
        return reply

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        """Return what step t of ``time`` adds to the gradient of a parameter."""
        return gradient

    def handed_on(self, d_state: State, t: int) -> State:
        """Return the gradient of the state that step t hands to the one before."""
        return d_state

    def forward(self, case: Case) -> Reply:
        if case.spec.bidirectional:
            return super().forward(case)
        replies = [reply for _, reply in self._walked(case)]
        outputs = np.concatenate([reply.outputs for reply in replies])
        return Reply(outputs, replies[-1].state)

    def backward(self, case: Case) -> Gradients:
        if case.spec.bidirectional:
            return super().backward(case)
        steps = [one for one, _ in self._walked(case)]
        params: dict[str, Array] = {}
        inputs, d_state = [], case.grad_state
        for t in reversed(range(case.time)):
            found = super().backward(steps[t].but(grad_state=d_state))
            for name, gradient in found.params.items():
                part = self.counted(name, gradient, t, case.time)
                params[name] = params[name] + part if name in params else part
            inputs.append(found.inputs)
            d_state = self.handed_on(found.state, t)
        return Gradients(params, np.concatenate(inputs[::-1]), d_state)

    def _walked(self, case: Case) -> list[tuple[Case, Reply]]:
        walked = []
        state = case.state
        for t in range(case.time):
            one = case.but(
                inputs=case.inputs[t : t + 1],
                state=state,
                lengths=None
                if case.lengths is None
                else np.clip(case.lengths - t, 0, 1),
                grad_outputs=case.grad_outputs[t : t + 1],
            )
            one = self.altered(one, t)
            reply = self.settled(one, super().forward(one))
            state = reply.state
            walked.append((one, reply))
        return walked


def with_params(case: Case, change: Callable[[str, Array], Any]) -> Case:
    """Return the case with each of its parameters changed."""
    changed = {n: np.asarray(change(n, a), a.dtype) for n, a in case.params.items()}
    return case.but(params=changed)


def silenced(name: str) -> Callable[[str, Array], Array]:
    """Return what sets to 0 the parameters whose names contain ``name``."""
    return lambda own, a: a * 0 if name in own else a


class WeightsFadeWithTime(Stepped):
    """At step t, one part in a hundred of each weight is missing t times over."""

    def altered(self, one: Case, t: int) -> Case:
        return with_params(one, lambda _, a: a * (1 - 0.01 * t))


class OtherWeightsBeyond(Stepped):
    """From some step on, a second code path scales the weights."""

    beyond = 16

    def altered(self, one: Case, t: int) -> Case:
        return with_params(one, lambda _, a: a * (1 if t < self.beyond else 1.01))


class OtherWeightsBeyondSixtyFour(OtherWeightsBeyond):
    """The same, where hardly any test goes."""

    beyond = 64


class AlwaysTheInitialState(Stepped):
    """The loop never assigns the state that a step returns."""

    def forward(self, case: Case) -> Reply:
        self._initial = case.state
        return super().forward(case)

    def altered(self, one: Case, t: int) -> Case:
        return one.but(state=self._initial)


class NoRecurrentBiasAtFirst(Stepped):
    """The first step leaves the recurrent product out, and its bias with it."""

    def altered(self, one: Case, t: int) -> Case:
        return with_params(one, silenced("bias_hh")) if t == 0 else one


class LastStepOfBiasLeftOut(Stepped):
    """The loop over the gradients of the biases ends one step early."""

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        return gradient * 0 if "bias" in name and t == time - 1 else gradient


class LastStepAlone(Stepped):
    """The gradient of the parameters is assigned at each step, not added to."""

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        return gradient if t == 0 else gradient * 0


class AveragedOverTime(Stepped):
    """The gradient of the parameters is a mean over the steps."""

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        return np.asarray(gradient / gradient.dtype.type(time))


class FirstStepTwice(Stepped):
    """The gradient of the first step is added once in the loop and once after it."""

    def counted(self, name: str, gradient: Array, t: int, time: int) -> Array:
        return gradient * 2 if t == 0 else gradient


class StateGradientDropped(Stepped):
    """Backpropagation does not go through time: each step gets its outputs' alone."""

    def handed_on(self, d_state: State, t: int) -> State:
        return tuple(d * 0 for d in d_state) if t else d_state


class ForgetBiasFromOutputGate(ReferenceCell):
    """The bias of the output gate is used for the forget gate, too."""

    def params(self, case: Case) -> list[Params]:
        size = case.spec.hidden_size

        def shared(bias: Array | None) -> Any:
            if bias is None:
                return None
            return np.concatenate([bias[:size], bias[-size:], bias[2 * size :]])

        return [
            p._replace(bias_ih=shared(p.bias_ih), bias_hh=shared(p.bias_hh))
            for p in super().params(case)
        ]


class RecurrentBiasIgnored(ReferenceCell):
    """The recurrent bias is accepted and never added."""

    def params(self, case: Case) -> list[Params]:
        return [
            p if p.bias_hh is None else p._replace(bias_hh=p.bias_hh * 0)
            for p in super().params(case)
        ]


class InputBiasTwice(ReferenceCell):
    """The input bias is added where the recurrent one should be."""

    def params(self, case: Case) -> list[Params]:
        return [p._replace(bias_hh=p.bias_ih) for p in super().params(case)]


class ReverseRunsOnForwardWeights(ReferenceCell):
    """The backward direction is run with the parameters of the forward one."""

    def params(self, case: Case) -> list[Params]:
        params, step = super().params(case), case.spec.directions
        return [params[k - k % step] for k in range(len(params))]


class OneRecurrentMatrixForAllLayers(ReferenceCell):
    """Every layer is run with the recurrent weights of the first."""

    def params(self, case: Case) -> list[Params]:
        first, *_ = params = super().params(case)
        return [p._replace(weight_hh=first.weight_hh) for p in params]


class RecurrentGradientNeverReturned(ReferenceCell):
    """The gradient of the recurrent weights is allocated, and stays at zero."""

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        return found._replace(params=_silent(found.params, "weight_hh"))


class OddUnitLeftOut(ReferenceCell):
    """The recurrent product goes two units at a time and forgets an odd one."""

    def params(self, case: Case) -> list[Params]:
        return [p._replace(weight_hh=_even(p.weight_hh)) for p in super().params(case)]

    def backward(self, case: Case) -> Gradients:
        found = super().backward(case)
        params = {
            name: _even(g) if "weight_hh" in name else g
            for name, g in found.params.items()
        }
        return found._replace(params=params)


def _even(weight: Array) -> Array:
    kept = np.arange(weight.shape[1]) < weight.shape[1] // 2 * 2
    return np.asarray(weight * kept, weight.dtype)


def _silent(params: Mapping[str, Array], name: str) -> dict[str, Array]:
    return {own: silenced(name)(own, a) for own, a in params.items()}


class WeightsKept(ReferenceCell):
    """Weights are packed at the first call, and never again."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._packed: dict[Any, list[Params]] = {}

    def key(self, case: Case) -> Any:
        return case.spec

    def params(self, case: Case) -> list[Params]:
        return self._packed.setdefault(self.key(case), super().params(case))


class WeightsKeptWhileInputWeightsStay(WeightsKept):
    """Weights are packed again only if those of the inputs have changed."""

    def key(self, case: Case) -> Any:
        read = [a.tobytes() for name, a in case.params.items() if "weight_ih" in name]
        return case.spec, *read


class WeightsKeptUntilTheNextGradient(WeightsKept):
    """Calls that record no gradient use the weights of the last one that did."""

    def backward(self, case: Case) -> Gradients:
        self._packed.clear()
        return super().backward(case)


class GradientsOfTheFirstWeights(WeightsKept):
    """The backward pass multiplies by the transposed weights of the first call."""

    def forward(self, case: Case) -> Reply:
        return ReferenceCell(self.kind).forward(case)


MUTANTS: dict[str, Callable[[], Cell]] = {
    "weights-fade-with-time": lambda: WeightsFadeWithTime(Kind.GRU),
    "other-weights-beyond-sixteen-steps": lambda: OtherWeightsBeyond(Kind.LSTM),
    "other-weights-beyond-sixty-four-steps": lambda: OtherWeightsBeyondSixtyFour(
        Kind.RNN_TANH
    ),
    "always-the-initial-state": lambda: AlwaysTheInitialState(Kind.GRU),
    "recurrent-bias-left-out-of-the-first-step": lambda: NoRecurrentBiasAtFirst(
        Kind.GRU
    ),
    "last-step-left-out-of-the-bias-gradient": lambda: LastStepOfBiasLeftOut(Kind.LSTM),
    "parameter-gradient-of-one-step-alone": lambda: LastStepAlone(Kind.LSTM),
    "parameter-gradient-averaged-over-time": lambda: AveragedOverTime(Kind.RNN_RELU),
    "first-step-counted-twice": lambda: FirstStepTwice(Kind.GRU),
    "state-gradient-dropped-between-steps": lambda: StateGradientDropped(Kind.RNN_TANH),
    "forget-bias-taken-from-the-output-gate": lambda: ForgetBiasFromOutputGate(
        Kind.LSTM
    ),
    "recurrent-bias-ignored": lambda: RecurrentBiasIgnored(Kind.RNN_RELU),
    "input-bias-used-twice": lambda: InputBiasTwice(Kind.GRU_RESET_BEFORE),
    "reverse-direction-runs-on-forward-weights": lambda: ReverseRunsOnForwardWeights(
        Kind.GRU
    ),
    "one-recurrent-matrix-for-all-layers": lambda: OneRecurrentMatrixForAllLayers(
        Kind.LSTM
    ),
    "weight-hh-gradient-never-returned": lambda: RecurrentGradientNeverReturned(
        Kind.RNN_RELU
    ),
    "odd-unit-left-out-of-the-recurrent-product": lambda: OddUnitLeftOut(Kind.LSTM),
    "weights-kept-from-the-first-call": lambda: WeightsKept(Kind.LSTM),
    "weights-kept-while-weight-ih-stays": lambda: WeightsKeptWhileInputWeightsStay(
        Kind.GRU
    ),
    "weights-kept-until-the-next-gradient": lambda: WeightsKeptUntilTheNextGradient(
        Kind.RNN_TANH
    ),
    "gradients-of-the-first-weights": lambda: GradientsOfTheFirstWeights(Kind.LSTM),
}
