"""What keeps a probe from an answer: the principal's role is out of reach, or an attempt ended in what says nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Verdict, failed, unverified
from basewatch.postgres.probe_types import ProbeOutcome

_CHANGED = frozenset({"42P01", "42703"})
_READ_ONLY = "25006"
_WAIT = "Look at the locks and the load on the database, or look again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprobedPrincipal:
    """A principal that could not be probed: `missing` when there is no such role, else why and what would cure it."""

    principal: str
    missing: bool
    detail: str
    remedy: str

    def verdict(self) -> Verdict:
        """A principal that is not there is a fact, and one that we may not become is unknown."""
        if self.missing:
            remedy = f"Create the role, or take {self.principal} off tenancy.principals."
            return failed(
                f"the principal {self.principal} does not exist",
                subject=self.principal,
                observed=self.detail,
                expected="a role of this name",
                remedy=remedy,
            )
        return unverified(Reason.DENIED, self.detail, subject=self.principal, remedy=self.remedy)


@contextmanager
def noting_unprobed(principal: str, unprobed: list[UnprobedPrincipal]) -> Generator[None, None, None]:
    """Probes one principal; what keeps us from this one alone is noted. Raises: ObservationError, for anything else."""
    try:
        yield
    except ObservationError as error:
        if error.reason is not Reason.DENIED:
            raise
        unprobed.append(UnprobedPrincipal(principal=principal, missing=False, detail=error.detail, remedy=error.remedy))
    except NotFoundError as error:
        unprobed.append(UnprobedPrincipal(principal=principal, missing=True, detail=str(error), remedy=""))


def inconclusive(principal: str, outcomes: Iterable[tuple[str, ProbeOutcome]], expected: str) -> Verdict | None:
    """The verdict on attempts, by what they were on, of which some say nothing; None when each said something."""
    open_ones = sorted({(what, outcome.sqlstate or "") for what, outcome in outcomes if not outcome.conclusive})
    if not open_ones:
        return None
    states = {state for _, state in open_ones}
    reason, remedy = Reason.TIMEOUT, _WAIT
    if states & _CHANGED:
        reason, remedy = Reason.STALE, "The schema changed meanwhile; look again."
    if _READ_ONLY in states:
        reason, remedy = Reason.UNSUPPORTED, "Point the database's url at the writer; its reader goes under `reader`."
    return unverified(
        reason,
        f"Some attempts as {principal} ended in a way that says nothing",
        subject=principal,
        observed="; ".join(f"{what}: SQLSTATE {state}" for what, state in open_ones),
        expected=expected,
        remedy=remedy,
    )
