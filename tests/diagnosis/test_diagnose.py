"""A target that does not conform is told what it behaves as."""

import pytest

pytest.importorskip("torch")

import refcheck
from refcheck.catalogue import laws
from refcheck.cell import Declared, Kind
from refcheck.conventions import CONVENTIONS
from refcheck.diagnosis.diagnose import diagnosed
from refcheck.kills import catching
from refcheck.outcome import BROKEN
from refcheck.runner import measure
from refcheck.settings import Settings
from refcheck.target import adapt
from tests.diagnosis import modules

OF_LSTM = Declared(like=Kind.LSTM)
AMPLE = 20.0  # seconds: a report takes less, and a busy machine may make less of them
LAWS = ("agreement", "gates", "calls-leave-no-trace", "same-call-same-result")
NAMED = {  # module -> the fault, and what to declare where it is a convention
    modules.OutputGateDetached: ("output-gate-gets-no-gradient", ""),
    modules.InOnnxOrder: ("gates-read-as-i-o-f-g", "--convention gates=iofg"),
    modules.UpdateGateSaysWhatIsNew: (
        "update-gate-reversed",
        "--convention update-gate=new",
    ),
    modules.CellStateFirst: ("state=ch", "--convention state=ch"),
}
FOLLOWED = {
    modules.InOnnxOrder: "gates=iofg",
    modules.CellStateFirst: "state=ch",
    modules.RecurrentTransposed: "recurrent=transposed",
    modules.UpdateGateSaysWhatIsNew: "update-gate=new",
}


def checked(module, **settings):
    like = "gru" if issubclass(module, modules.GRU) else "lstm"
    settings = {"profile": "quick", "seed": 1, "select": LAWS} | settings
    return refcheck.check(module, like=like, **settings)


@pytest.mark.parametrize(("module", "named"), NAMED.items())
def test_a_fault_is_named_and_a_convention_comes_with_its_setting(module, named):
    diagnosis = checked(module).diagnosis

    best = diagnosis.matches[0]
    assert (best.bug, best.agrees_on) == (named[0], best.of)
    assert named[1] in {match.setting for match in diagnosis.matches}
    assert diagnosis.place == ""


@pytest.mark.parametrize(("module", "convention"), FOLLOWED.items())
def test_a_target_conforms_once_its_convention_is_declared(module, convention):
    laws = ("agreement", "exact arithmetic", "probes", "gates", "state", "update gate")

    report = checked(module, conventions=[convention], select=laws)

    assert report.verdict == "conforms"
    assert report.diagnosis is None


def test_a_fault_that_differs_in_a_detail_is_named_as_the_nearest():
    matches = checked(modules.StateKept).diagnosis.matches

    assert "state-of-the-last-call-kept" in [match.bug for match in matches]
    assert all(match.agrees_on < match.of for match in matches)


def test_one_fault_explains_every_law_that_it_breaks():
    report = checked(modules.OutputGateDetached, select=(*LAWS, "gradients"))

    broken = {o.law for o in report.outcomes if o.status == "violated"}
    assert len(broken) > 1
    assert set(report.diagnosis.matches[0].laws) == broken


def test_two_faults_are_named_together():
    report = checked(modules.TwoFaults, diagnosis=False)
    broken = [o for o in report.outcomes if o.status in BROKEN]
    target = measure(adapt(modules.TwoFaults, OF_LSTM, "two"), Settings())
    caught = catching(laws().values())

    diagnosis = diagnosed(target, broken, laws(), caught, seconds=AMPLE)

    parts = set(diagnosis.matches[0].bug.split(" + "))
    assert "memory-gets-no-gradient-from-the-output" in parts
    assert parts & {"gates=iofg", "gates-read-as-i-o-f-g"}


@pytest.mark.parametrize("module", [modules.Unheard, modules.UnheardTwice])
def test_what_is_not_known_is_not_named_and_its_place_is_told(module):
    report = checked(module)

    diagnosis = report.diagnosis
    assert report.verdict == "violates"
    assert diagnosis.matches == ()
    assert diagnosis.compared > len(CONVENTIONS)
    assert "t=0" in diagnosis.place
    assert "the recurrent weights of the forget gate" not in diagnosis.place


def test_no_diagnosis_is_made_if_none_is_wanted():
    assert checked(modules.Unheard, diagnosis=False).diagnosis is None
