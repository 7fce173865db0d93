"""What ``check`` and ``replay`` do; each returns its text and its exit code."""

from collections.abc import Mapping
from typing import Any

from refcheck import config, options, premortem, store
from refcheck.environment import DISTRIBUTION, installed_version
from refcheck.execution import carried_out
from refcheck.outcome import BROKEN, Probed, Status
from refcheck.reporters import as_json, console
from refcheck.reporters import probed as told_probe
from refcheck.settings import Settings
from refcheck.wire import Request


def check(
    target: str, words: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[str, int]:
    """Hold ``target`` to the laws, and store and report what is found."""
    files = options.reports_from(words["report"])
    declared = config.declared(target, options.declared_from(words))
    request = Request(target, declared, options.settings_from(words))
    timeout = words["call_timeout"]
    jobs = 1 if words["fail_fast"] else words["jobs"]
    report = carried_out(request, call_timeout=timeout, environ=environ, jobs=jobs)
    report = store.stored(report, declared)
    for _, path in files:
        path.write_text(as_json.render(report) + "\n", encoding="utf-8")
    if words["form"] == "json":
        return as_json.render(report), report.exit_code
    return console.render(report, verbose=words["verbose"]), report.exit_code


def replay(
    name: str, call_timeout: float, environ: Mapping[str, str]
) -> tuple[str, int]:
    """Ask a stored case again; exit code 1 if it still fails, 0 if it does not."""
    found = store.find(name)
    request = Request(found.target, found.declared, Settings(), replay=found)
    report = carried_out(request, call_timeout=call_timeout, environ=environ)
    (outcome,) = report.outcomes
    head = f"{found.law} on the stored case"
    if outcome.status in BROKEN:
        told = console.render_outcome(outcome, found.target)
        return f"{told}\n\nSTILL FAILS   {head}   exit 1", 1
    if outcome.status is Status.HELD:
        return f"HOLDS NOW   {head}   exit 0", 0
    return f"INCONCLUSIVE   {head}: {outcome.reason}   exit 4", 4


def probe(
    target: str, words: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[str, int]:
    """Find out what ``target`` is; exit code 0 if exactly one setting agrees."""
    said = config.declared(target, options.declared_from(words))
    timeout = words["call_timeout"]
    found = premortem.probed(target, said, call_timeout=timeout, environ=environ)
    written = _written(found, said) if words["write"] else ""
    code, version = told_probe.exit_code(found), installed_version(DISTRIBUTION)
    if words["form"] == "json":  # alone, for programs to read
        return told_probe.as_json(found, version), code
    text = told_probe.render(found, version)
    return (f"{text}\n\n{written}" if written else text), code


def _written(found: Probed, said: Mapping[str, Any]) -> str:
    """Write down what was found, unless it cannot be relied upon."""
    if told_probe.exit_code(found) or not found.declarable:
        return f"nothing was written to {config.FILE}: there is nothing to rely on"
    return config.written(found, said)


def selftest(words: Mapping[str, Any]) -> tuple[str, int]:
    """Hold planted faults and right cells to the laws; exit code 0 if all is well."""
    from refcheck import selftest_report  # noqa: PLC0415 - brings the whole bank
    from refcheck.catalogue import laws as installed  # noqa: PLC0415
    from refcheck.selftest import selftest as tested  # noqa: PLC0415

    file = words["file"] and options.writable(words["file"])
    settings = Settings(profile=words["profile"], select=words["select"])
    known = list(installed().values())
    found = tested(known, settings, sample=words["quick"], full=words["full"])
    if file:
        file.write_text(selftest_report.page(found), encoding="utf-8")
    if words["form"] == "json":
        return selftest_report.as_json(found), found.exit_code
    return selftest_report.console(found), found.exit_code


def serve(target: str, like: str | None) -> None:
    """Answer requests on standard input until there are no more."""
    from refcheck.requests import declared  # noqa: PLC0415 - brings NumPy and Hypothesis
    from refcheck.serve import Server, private_streams  # noqa: PLC0415
    from refcheck.target import load  # noqa: PLC0415

    streams = private_streams()
    Server(load(target, declared({"like": like}))).run(*streams)


def laws(*, bugs: bool) -> str:
    """Return the list of laws, or the faults that each of them catches."""
    if not bugs:
        from refcheck import handbook  # noqa: PLC0415 - brings NumPy

        return handbook.table()
    from refcheck import buglist  # noqa: PLC0415 - brings the whole bank

    return buglist.table()


def explain(name: str) -> str:
    """Return the page of a law, of a known fault or of a convention."""
    from refcheck import buglist, handbook  # noqa: PLC0415 - the whole bank

    return buglist.page(name) if buglist.known(name) else handbook.page(name)
