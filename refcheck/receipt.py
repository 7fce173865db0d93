"""The receipt of an allowance: what it is made of.

A law is asked again with one source of rounding switched on, the others off, and with
what a case carries from elsewhere left out.  Errors grow a little faster than they add
up, and what the sources make together beyond their sum stands beside them.  Long sums
are those of matrix products, and over rows and steps: what would go if they were made
without rounding.  Left are products of entries, and the results that are stored.  Where
the worst of several forms is allowed, the parts are more than the whole, and scaled.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from refcheck.calling import Misshapen, TargetRaised
from refcheck.case import Case, Subject
from refcheck.cell import Gradients, Reply
from refcheck.law import Claim, Law, Relation
from refcheck.measured import MeasuredCell
from refcheck.outcome import Finding
from refcheck.provisional import Provisional
from refcheck.rounding import Format, Measured
from refcheck.trial import Trial

ACTIVATIONS, SUMS, PRODUCTS = "tanh and σ", "long sums", "products and storing"
CARRIED, BESIDE = "carried over from another call", "refcheck's own arithmetic"
TOGETHER = "growing together"
UNSEEN = 0.005  # a share below this is not told
SMALL = 2.0**-30  # of the roundoff, where it is not to show
DERIVED = (Relation.EQUAL, Relation.AT_MOST)


class Switch(NamedTuple):
    """What is counted."""

    rounding: bool = True  # of sums and products
    sums: bool = True  # long ones
    activations: bool = True
    carried: bool = True

    def of(self, form: Format) -> Format:
        """Return the format with what is not counted made as small as nothing."""
        small = 1.0 if self.rounding else SMALL
        sums = small if self.sums else small * SMALL
        kept = float(self.activations) / small
        return form._replace(
            u=form.u * small,
            inside=form.inside * sums,
            rows=form.rows * sums,
            operand=form.operand * small,
            ulps=form.ulps * kept,
            absolute=form.absolute * kept,
        )


def itemised(law: Law, cell: Any, trial: Trial) -> Trial:
    """Return the trial with the parts of the allowance in its worst finding."""
    worst = trial.worst
    found = worst.finding if worst else None
    derived = isinstance(cell, MeasuredCell) and cell.derived
    if worst is None or found is None or not derived or not 0 < found.allowed < np.inf:
        return trial
    made = structs.replace(found, parts=parts(law, cell, trial.case, found))
    verdicts = [v._replace(finding=made) if v is worst else v for v in trial.verdicts]
    return trial._replace(verdicts=verdicts)


def parts(
    law: Law, cell: MeasuredCell, case: Subject, found: Finding
) -> Mapping[str, float]:
    """Return the share of each source in the allowance of one entry.

    Empty where asking again does not come to the same claim.
    """

    def counted(**off: bool) -> Any:
        switch = Switch(**off)
        return _budget(law, _Counting(cell, switch), case, found)

    whole, alone = counted(), counted(carried=False)
    rounding = counted(carried=False, activations=False)
    products = counted(carried=False, activations=False, sums=False)
    activations = counted(carried=False, rounding=False)
    nothing = counted(carried=False, rounding=False, activations=False)
    if None in {whole, alone, rounding, products, activations, nothing}:
        return {}
    each = {
        SUMS: rounding - products,
        PRODUCTS: products - nothing,
        ACTIVATIONS: activations - nothing,
        TOGETHER: alone - rounding - activations + nothing,
        CARRIED: whole - alone,
        BESIDE: found.allowed - whole + nothing,
    }
    some = {name: part for name, part in each.items() if part > 0}
    shares = {name: part / sum(some.values()) for name, part in some.items()}
    return {name: share for name, share in shares.items() if share > UNSEEN}


def words(shares: Mapping[str, float]) -> str:
    """Return the shares as text, largest first."""
    each = sorted(shares.items(), key=lambda part: -part[1])
    return ", ".join(f"{share:.0%} {source}" for source, share in each)


def _budget(law: Law, cell: MeasuredCell, case: Subject, found: Finding) -> Any:
    """Return what both sides may be off by in the entry, but not the oracle."""
    for claim in _claims(law, cell, case):
        if claim.label == found.label and claim.relation in DERIVED:
            sides = (claim.left, claim.right)
            budgets = [s.allowance for s in sides if _is_measured(s)]
            return sum(float(b[found.index]) for b in budgets)
    return None


def _is_measured(side: Any) -> bool:
    return isinstance(side, Measured) and not isinstance(side, Provisional)


def _claims(law: Law, cell: MeasuredCell, case: Subject) -> Iterator[Claim]:
    """Yield the claims of a law, as far as the target answers."""
    try:
        with np.errstate(all="ignore"):
            yield from law.check(cell, case)
    except (TargetRaised, Misshapen):
        return


class _Counting(MeasuredCell):
    """A measured cell that counts some sources of rounding alone."""

    def __init__(self, cell: MeasuredCell, switch: Switch) -> None:
        super().__init__(cell.cell, cell.watch)
        self.signature, self.law = cell.signature, cell.law
        self._whole, self._switch = cell, switch

    def format_of(self, dtype: str) -> Format:
        return self._switch.of(self._whole.format_of(dtype))

    def scanned(self) -> MeasuredCell:
        return _Counting(self._whole.scanned(), self._switch)

    def fresh(self) -> MeasuredCell:
        return _Counting(self._whole.fresh(), self._switch)

    def budget(self, case: Case) -> Reply:
        return super().budget(self._arriving(case))

    def gradient_budget(self, case: Case) -> Gradients:
        return super().gradient_budget(self._arriving(case))

    def _arriving(self, case: Case) -> Case:
        return case if self._switch.carried else case.but(carried={})
