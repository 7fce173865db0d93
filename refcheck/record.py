"""What a run has found so far, and the report that it makes of it at any moment."""

import time
from collections.abc import Mapping, Sequence
from itertools import zip_longest

import msgspec

from refcheck.errors import RefcheckError, TargetError
from refcheck.faults import OwnFault
from refcheck.kills import power
from refcheck.outcome import BROKEN, Diagnosis, Outcome, Probed, Report, Status
from refcheck.wire import (
    Asked,
    Diagnosed,
    Done,
    Fault,
    Found,
    Message,
    Noted,
    Ready,
    Refused,
    Request,
    Told,
    Understood,
)

NOT_REACHED = "not reached"  # how the reason of a law begins that a run left out


class Record:
    """Outcomes as they come in."""

    def __init__(self, request: Request, version: str) -> None:
        """Begin with nothing found."""
        self.request = request
        self.version = version
        self.kind = ""
        self.environment: Mapping[str, str] = {}
        self.notes: list[str] = []
        self.plan: Sequence[Asked] = ()
        self.dtypes: Sequence[str] = ()
        self.could_have: Sequence[str] = ()  # known faults
        self.diagnosis: Diagnosis | None = None
        self.probed: Probed | None = None
        self.outcomes: dict[str, Outcome] = {}
        self.cut = False  # ended before its time
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._started

    @property
    def _broken(self) -> bool:
        return any(o.status in BROKEN for o in self.outcomes.values())

    @property
    def limit(self) -> str:
        """The option under which no further law is asked; empty if there is none."""
        settings = self.request.settings
        if settings.fail_fast and self._broken:
            return "under --fail-fast"
        late = settings.max_time is not None and self.seconds > settings.max_time
        return "within --max-time" if late else ""

    @property
    def left(self) -> Sequence[Asked]:
        """The laws that have not ended yet."""
        return [asked for asked in self.plan if asked.name not in self.outcomes]

    def take(self, message: Message) -> bool:
        """Note what a message says, and return whether it is the last one.

        Raises:
            RefcheckError: if it tells of the user's mistake.
            OwnFault: if it tells of ours.
        """
        self._understand(message)
        match message:
            case Ready() if not self.plan:  # a restarted child says it again
                self.kind, self.environment = message.kind, message.environment
                self.plan = message.plan
                self.dtypes, self.could_have = message.dtypes, message.could_have
                self.notes += message.notes
            case Found(outcome):
                self.outcomes[outcome.law] = outcome
            case Diagnosed(diagnosis):
                self.diagnosis = diagnosis
            case Refused(text, target):
                raise TargetError(text) if target else RefcheckError(text)
            case Fault(trace):
                raise OwnFault(trace)
        return isinstance(message, Done)

    def _understand(self, message: Message) -> None:
        """Note what the target was found to be, the first time that it is told."""
        if isinstance(message, Noted) and message.note not in self.notes:
            self.notes.append(message.note)
        if not isinstance(message, Understood | Told) or self.probed is not None:
            return
        self.probed = message.probed
        if isinstance(message, Understood):
            self.kind, self.could_have = message.kind, message.could_have
            self.notes += message.notes

    def share(self, part: int, parts: int) -> "Record":
        """Return a record of the same request for the laws of one child of several."""
        settings = msgspec.structs.replace(self.request.settings, share=(part, parts))
        request = msgspec.structs.replace(self.request, settings=settings)
        return Record(request, self.version)

    def join(self, shares: Sequence["Record"]) -> None:
        """Take over what the children found, in the order of the laws' shares."""
        for share in shares:
            self.kind = self.kind or share.kind
            self.probed = self.probed or share.probed
            self.environment = self.environment or share.environment
            self.dtypes = self.dtypes or share.dtypes
            self.could_have = self.could_have or share.could_have
            self.notes += [note for note in share.notes if note not in self.notes]
            self.cut |= share.cut
        for row in zip_longest(*(share.plan for share in shares)):
            self.plan = [*self.plan, *(asked for asked in row if asked is not None)]
        found = {law: o for share in shares for law, o in share.outcomes.items()}
        self.outcomes |= {a.name: found[a.name] for a in self.plan if a.name in found}

    def leave(self, why: str) -> None:
        """End the run before its time: skip every law that has not ended."""
        self.notes.append(f"the run was cut short: {why}")
        self.cut = True
        self.skip(f"{NOT_REACHED}: {why}")

    def skip(self, reason: str) -> None:
        """Skip every law that has not ended."""
        for law in self.left:
            self.outcomes[law.name] = Outcome(
                law.name, law.family, Status.SKIPPED, law.statement, reason
            )

    def report(self) -> Report:
        """Return the report; laws that have not ended make it incomplete."""
        settings = self.request.settings
        outcomes = list(self.outcomes.values())
        deciding = {a.name for a in self.plan if settings.strict or not a.strict}
        held = {o.law for o in outcomes if o.status is Status.HELD} & deciding
        left_out = any(o.reason.startswith(NOT_REACHED) for o in outcomes)
        chosen = [f"only laws selected by {p!r} were asked" for p in settings.select]
        if settings.factor != 1:
            wider = f"allowances were taken {settings.factor:g} times as wide"
            chosen.append(f"{wider}: {settings.factor_reason}")
        cheaper = ", ".join(settings.arithmetic)
        chosen += [f"arithmetic in float32 as declared: {cheaper}"] if cheaper else []
        asked = (held, self.dtypes, self.kind)
        return Report(
            version=self.version,
            target=self.request.target,
            kind=self.kind,
            seed=settings.seed,
            profile=settings.profile,
            outcomes=outcomes,
            notes=[*self.notes, *chosen],
            environment=self.environment,
            complete=not (self.cut or left_out or self.left),
            strict=settings.strict,
            seconds=self.seconds,
            diagnosis=self.diagnosis,
            probed=self.probed,
            power=None if self._broken else power(self.could_have, *asked),
        )
