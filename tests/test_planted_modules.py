"""The bank as modules of PyTorch: right ones conform, and faults are caught there."""

import pytest

pytest.importorskip("torch")

import refcheck
from refcheck.bugs.planted import planted
from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.runner import hold, measure
from refcheck.settings import Settings
from refcheck.target import adapt
from tests.bank import BANK
from tests.planted_modules import Network, Packed, presented

LAWS = laws()
ZEROS = ("padding=zeros",)
SOME = [  # of each way in which a module tells its cell what is asked of it
    ("output-gate-left-out", Kind.LSTM, Network),
    ("strides-of-the-gradient-ignored", Kind.RNN_TANH, Network),
    ("strides-are-ignored", Kind.LSTM, Network),
    ("accumulation-overwrites", Kind.GRU, Network),
    ("cell-state-not-detached", Kind.LSTM, Network),
    ("final-state-written-into-the-initial-one", Kind.LSTM, Network),
    ("bias-reshaped-in-place", Kind.RNN_RELU, Network),
    ("inputs-masked-in-place", Kind.GRU, Network),
    ("outputs-share-a-buffer", Kind.GRU, Network),
    ("another-mask-in-the-backward-pass", Kind.LSTM, Network),
    ("mask-one-step-late", Kind.GRU, Network),
    ("batch-first-reshaped", Kind.LSTM, Network),
    ("rows-come-back-sorted", Kind.LSTM, Packed),
]


@pytest.mark.parametrize("form", [Network, Packed])
def test_a_right_one_conforms(form) -> None:
    module = presented(planted(), Kind.RNN_TANH, form)

    report = refcheck.check(
        module, like="rnn-tanh", profile="quick", seed=3, conventions=ZEROS
    )

    assert report.verdict == "conforms"
    held = {o.law for o in report.outcomes if o.status == "held"}
    assert len(held) > 60
    assert "outputs-past-the-length-follow-the-contract" in held


@pytest.mark.parametrize(("fault", "kind", "form"), SOME)
def test_a_fault_violates_there_what_it_violates_without_a_framework(
    fault, kind, form
) -> None:
    module = presented(BANK[fault].plant, kind, form)
    settings = Settings(profile="quick", strict=True)
    cell = measure(adapt(module, Declared(like=kind), "module"), settings)
    claiming = [law for law in LAWS.values() if fault in law.catches]
    asked = [law for law in claiming if not law.excuse(cell.signature)]

    ends = [hold(law, cell, settings, before=9).status.value for law in asked]

    assert {"violated", "crashed"} & set(ends)


def test_a_tape_that_is_spoilt_shows_when_it_is_pulled_twice() -> None:
    module = presented(BANK["backward-spoils-the-tape"].plant, Kind.GRU)
    settings = Settings(profile="quick")
    cell = measure(adapt(module, Declared(like=Kind.GRU), "module"), settings)

    outcome = hold(LAWS["a-recorded-call-can-be-pulled-twice"], cell, settings)

    assert outcome.status.value == "violated"
    assert "pulled second" in outcome.finding.label
