"""The report for machines; its fields are described in docs/json.md."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from refcheck.outcome import Diagnosis, Finding, Limit, Outcome, Power, Probed, Report

SCHEMA = 1


def render(report: Report) -> str:
    """Return the report as one JSON document."""
    document = {
        "refcheck": report.version,
        "schema": SCHEMA,
        "target": report.target,
        "kind": report.kind,
        "seed": report.seed,
        "profile": report.profile,
        "strict": report.strict,
        "complete": report.complete,
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "laws": [_law(outcome) for outcome in report.outcomes],
        "limits": {d: _limit(limit) for d, limit in report.limits.items()},
        **_diagnosis(report.diagnosis),
        "probed": report.probed and _probed(report.probed),
        "power": _power(report.power),
        "notes": report.notes,
        "environment": report.environment,
        "seconds": round(report.seconds, 3),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def finding_document(finding: Finding | None) -> dict[str, Any] | None:
    """Return ``finding`` as JSON can hold it: NaN and infinities as words."""
    if finding is None:
        return None
    fields = msgspec.structs.asdict(finding)
    return {name: _number(value) for name, value in fields.items()}


def _diagnosis(diagnosis: Diagnosis | None) -> Mapping[str, Any]:
    if diagnosis is None:
        return {"diagnosis": [], "compared_with": None, "first_wrong": ""}
    return {
        "diagnosis": [msgspec.structs.asdict(match) for match in diagnosis.matches],
        "compared_with": diagnosis.compared,
        "first_wrong": diagnosis.place,
    }


def _probed(probed: Probed) -> Mapping[str, Any]:
    return {
        "kind": probed.kind,
        "says": probed.says,
        "items": [msgspec.structs.asdict(item) for item in probed.items],
        "flags": probed.flags if probed.kind else "",
        "contradictions": probed.contradictions,
    }


def _power(power: Power | None) -> Mapping[str, Any] | None:
    if power is None:
        return None
    return {
        "known_bugs": power.known,
        "would_have_been_caught": power.caught,
        "missed": power.missed,
    }


def _law(outcome: Outcome) -> Mapping[str, Any]:
    finding = finding_document(outcome.finding) or {}
    return {
        "name": outcome.law,
        "family": outcome.family,
        "statement": outcome.statement,
        "status": outcome.status.value,
        "reason": outcome.reason or finding.get("says", ""),
        "cases": outcome.cases,
        "inconclusive": outcome.inconclusive,
        "undecided": outcome.undecided,
        "closest": _number(outcome.closest),
        "error": finding.get("error"),
        "allowed": finding.get("allowed"),
        "ratio": outcome.finding and _number(outcome.finding.ratio),
        "parts": finding.get("parts"),
        "oracle": finding.get("oracle"),
        "label": finding.get("label"),
        "where": finding.get("where"),
        "index": finding.get("index"),
        "left": finding.get("left"),
        "right": finding.get("right"),
        "worst": finding_document(outcome.worst),
        "case_id": outcome.case_id,
        "case": outcome.case,
        "worst_id": outcome.worst_id,
        "worst_case": outcome.worst_case,
        "limits": {d: _limit(limit) for d, limit in outcome.limits.items()},
        "seconds": round(outcome.seconds, 3),
    }


def _limit(limit: Limit) -> Mapping[str, Any]:
    return {
        "relative": _number(limit.relative),
        "units": _number(limit.units),
        "law": limit.law,
    }


def _number(value: Any) -> Any:
    """Return ``value``, or "nan", "inf", "-inf", which JSON has no numbers for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
