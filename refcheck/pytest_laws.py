"""One pytest item for each law; ``pytest_plugin.py`` loads it for a named target."""

import functools
import os
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from refcheck import config as project
from refcheck import isolation
from refcheck.catalogue import laws
from refcheck.cell import Cell
from refcheck.environment import DISTRIBUTION, installed_version
from refcheck.errors import RefcheckError
from refcheck.law import Law
from refcheck.options import declared_from
from refcheck.outcome import BROKEN, DECISIVE, Outcome, Probed, Report, Status
from refcheck.probing.understood import understood
from refcheck.record import Record
from refcheck.reporters.console import render_outcome
from refcheck.requests import declared
from refcheck.runner import run
from refcheck.settings import Settings
from refcheck.store import stored
from refcheck.supervisor import supervise
from refcheck.target import load
from refcheck.watch import Unwatched
from refcheck.wire import Request

NODE_ID = "refcheck"  # items are refcheck::LAW, whatever the target is called
CALL_TIMEOUT = 10.0  # seconds, of the isolated target


class Broken(Exception):  # noqa: N818 - an outcome to show, not an error of ours
    """The law does not hold; the text says where."""


class Target(pytest.Collector):
    """The target, with every law as one item."""

    def collect(self) -> Iterator["LawItem"]:
        """Load the target, unless it is isolated, and yield an item for each law."""
        try:
            self.request = _request(self.config)
            with _own_filters():
                self.cell, self.probed = self._loaded()
            stated = laws()
        except RefcheckError as error:
            raise self.CollectError(str(error)) from error
        for name, law in stated.items():
            yield LawItem.from_parent(self, name=name, law=law)

    def outcome(self, law: Law) -> Outcome:
        """Return how ``law`` ends.

        Raises:
            RefcheckError: if the isolated target cannot be loaded.
        """
        if self.cell is not None:
            (found,) = run(self.cell, [law], self.request.settings)
            return _settled(found, self.probed)
        if isinstance(self._apart, RefcheckError):
            raise self._apart
        return self._apart[law.name]

    def _loaded(self) -> tuple[Cell | None, Probed | None]:
        claimed = declared(self.request.declared)
        if not self.config.getoption("refcheck_isolate"):
            return understood(load(self.request.target, claimed), Unwatched())
        if not isolation.POSSIBLE:
            message = "--refcheck-isolate needs Linux or macOS; leave it out here."
            raise RefcheckError(message)
        return None, None

    @functools.cached_property
    def _apart(self) -> Mapping[str, Outcome] | RefcheckError:
        """All outcomes of the items that are left, from one supervised process."""
        names = tuple(i.name for i in self.session.items if i.parent is self)
        settings = msgspec.structs.replace(self.request.settings, select=names)
        request = msgspec.structs.replace(self.request, settings=settings)
        record = Record(request, installed_version(DISTRIBUTION))
        try:
            supervise(
                record,
                call_timeout=CALL_TIMEOUT,
                environ=os.environ,
                tell=lambda _: None,
            )
        except RefcheckError as error:
            return error
        return {n: _settled(o, record.probed) for n, o in record.outcomes.items()}


class LawItem(pytest.Item):
    """One law, held against the target of its collector."""

    parent: Target

    def __init__(self, *, law: Law, **node: Any) -> None:
        """Make the item of ``law``."""
        super().__init__(**node)
        self.law = law

    def runtest(self) -> None:
        """Hold the target to the law."""
        with _own_filters():
            outcome = self.parent.outcome(self.law)
        _tell(outcome, self.parent.request)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> Any:
        """Show what the console would show."""
        if isinstance(excinfo.value, Broken | RefcheckError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], None, str]:
        """Return the headline of a failure."""
        return self.path, None, f"{self.parent.name}: {self.name}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the laws after whatever the session has collected."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed:
        target = collector.config.getoption("refcheck_target")
        found = Target.from_parent(collector, name=target, nodeid=NODE_ID)
        report.result.append(found)
    return report


@contextmanager
def _own_filters() -> Iterator[None]:
    """Ignore warnings: a project that makes them errors would find crashes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _settled(outcome: Outcome, probed: Probed | None) -> Outcome:
    """Return the outcome; of agreement, undecided where what it is contradicts itself.

    Left out it would look as if all were well.
    """
    if probed is None or not probed.contradictions or outcome.family not in DECISIVE:
        return outcome
    if outcome.status is not Status.SKIPPED:
        return outcome
    why = "; ".join(probed.contradictions)
    return msgspec.structs.replace(outcome, status=Status.INCONCLUSIVE, reason=why)


def _tell(outcome: Outcome, request: Request) -> None:
    """End the running item as the outcome asks."""
    status = outcome.status
    undecided = status is Status.INCONCLUSIVE
    if status in BROKEN or (undecided and outcome.family in DECISIVE):
        raise Broken(render_outcome(_kept(outcome, request), request.target))
    if undecided or status is Status.SKIPPED:
        pytest.skip(f"{outcome.law}: {outcome.reason}")
    if status in {Status.NOTED, Status.EXPECTED}:
        pytest.xfail(f"{outcome.law} is {status}: {outcome.reason}")


def _kept(outcome: Outcome, request: Request) -> Outcome:
    """Store the case of ``outcome``, so that it can be replayed; return it named."""
    report = Report(
        version=installed_version(DISTRIBUTION),
        target=request.target,
        kind="",
        seed=request.settings.seed,
        profile=request.settings.profile,
        outcomes=[outcome],
    )
    return stored(report, request.declared).outcomes[0]


def _request(config: pytest.Config) -> Request:
    names = ("like", "build", "state_attr", "params", "call")
    words = {name: config.getoption(f"refcheck_{name}") for name in names}
    settings = Settings(
        profile=config.getoption("refcheck_profile"),
        seed=config.getoption("refcheck_seed"),
        strict=config.getoption("refcheck_strict"),
    )
    target = config.getoption("refcheck_target")
    return Request(target, project.declared(target, declared_from(words)), settings)
