"""Outcomes of probes: principals that could not be probed, inconclusive attempts, and results of writes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Verdict, failed, unverified
from basewatch.postgres.probe_types import ProbeOutcome, StoredKey


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprobedPrincipal:
    """A principal that could not be probed: the role is `missing`, or Basewatch may not become it."""

    principal: str
    missing: bool
    detail: str
    remedy: str
    source: str = ""
    action: str = ""

    def verdict(self) -> Verdict:
        """A FAIL if the role does not exist, UNVERIFIED if Basewatch may not become it."""
        if self.missing:
            remedy = f"Create the role, or remove {self.principal} from tenancy.principals."
            return failed(
                f"The principal {self.principal} does not exist",
                subject=self.principal,
                observed=self.detail,
                expected="a role of this name",
                remedy=remedy,
            )
        verdict = unverified(Reason.DENIED, self.detail, subject=self.principal, remedy=self.remedy)
        return replace(verdict, source=self.source, action=self.action)


@contextmanager
def noting_unprobed(principal: str, unprobed: list[UnprobedPrincipal]) -> Generator[None, None, None]:
    """Records in `unprobed` that a principal is denied or missing. Raises: ObservationError, for any other error."""
    try:
        yield
    except ObservationError as error:
        if error.reason is not Reason.DENIED:
            raise
        unprobed.append(
            UnprobedPrincipal(
                principal=principal,
                missing=False,
                detail=error.detail,
                remedy=error.remedy,
                source=error.source,
                action=error.action,
            )
        )
    except NotFoundError as error:
        unprobed.append(UnprobedPrincipal(principal=principal, missing=True, detail=str(error), remedy=""))


def leak_remedy(principal: str, tables: Iterable[str]) -> str:
    """What to do about rows that a probe saw: how to find the cause where the catalogue checks are green as well."""
    named = ", ".join(dict.fromkeys(tables))
    return (
        f"Repair what tenancy.rls.coverage, policies, bypass_roles, functions and triggers report for {named}. If they "
        "report nothing, the cause is in what they accept. Let each permissive policy (view pg_policies) compare the "
        "tenant key with the context and nothing else, remove the entries of tenancy.approved_predicates and "
        "approved_objects for it, and make a view WITH (security_invoker = true). Until then, revoke the access of "
        f"{principal} to {named}."
    )


def judge_principals(
    principals: Iterable[str], unprobed: Iterable[UnprobedPrincipal], judge: Callable[[str], Iterable[Verdict]]
) -> Iterator[Verdict]:
    """The verdicts on each principal: from `judge`, or that the principal could not be probed."""
    refused = {each.principal: each for each in unprobed}
    for principal in principals:
        yield from (refused[principal].verdict(),) if principal in refused else judge(principal)


class AttemptResult(StrEnum):
    """The result of an attempt to write rows of another tenant."""

    BLOCKED = "blocked"
    LEAKED = "leaked"
    INCONCLUSIVE = "inconclusive"


# Rejected by privilege or policy, by WITH CHECK OPTION, as a read-only view, or as an always generated key:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_REFUSED = frozenset({"42501", "44000", "55000", "428C9"})
_RAISED = "P0001"
_INTEGRITY = "23"
# A cursor cannot be positioned on the row, because of the lookups in its policies.
_NO_CURSOR = frozenset({"24000", "0A000"})
_BY_KEY = {
    StoredKey.OWN: AttemptResult.BLOCKED,
    StoredKey.OTHER: AttemptResult.LEAKED,
    StoredKey.UNKNOWN: AttemptResult.INCONCLUSIVE,
}


def insert_result(outcome: ProbeOutcome, *, replaces_key: bool = False, own_passes: bool = False) -> AttemptResult:
    """An INSERT is blocked if rejected, or stored as an own row; one that fails on a constraint has passed the policy.

    With `replaces_key` the row that failed on a constraint may have been an own one. `own_passes` says that the same
    row was added for the own tenant: then a trigger that rejects it rejects the other tenant.
    """
    if outcome.rows is not None:
        # With 0 rows no policy was evaluated: a rule or a trigger discarded the row before.
        return _written(outcome, replaces_key=replaces_key) if outcome.rows else AttemptResult.INCONCLUSIVE
    if outcome.sqlstate in _REFUSED or (own_passes and is_raised(outcome)):
        return AttemptResult.BLOCKED
    unclear = replaces_key or outcome.in_function
    return AttemptResult.LEAKED if _passed_policy(outcome) and not unclear else AttemptResult.INCONCLUSIVE


def reassign_result(outcome: ProbeOutcome, *, replaces_key: bool) -> AttemptResult:
    """A change of the key is blocked as any change, or if the row is stored as an own one."""
    if outcome.rows:
        return _written(outcome, replaces_key=replaces_key)
    return AttemptResult.INCONCLUSIVE if replaces_key and _passed_policy(outcome) else change_result(outcome)


def change_result(outcome: ProbeOutcome) -> AttemptResult:
    """An UPDATE or DELETE is blocked if it finds no row, is rejected, or a trigger raises an error."""
    if outcome.rows is not None:
        return AttemptResult.LEAKED if outcome.rows else AttemptResult.BLOCKED
    if outcome.sqlstate in _REFUSED or is_raised(outcome):
        return AttemptResult.BLOCKED
    return AttemptResult.LEAKED if _passed_policy(outcome) else AttemptResult.INCONCLUSIVE


def unless_unsupported(outcome: ProbeOutcome | None) -> ProbeOutcome | None:
    """The outcome of an attempt at a cursor; None if the table does not support one."""
    return None if outcome is None or outcome.sqlstate in _NO_CURSOR else outcome


def is_raised(outcome: ProbeOutcome) -> bool:
    """Whether a function, such as that of a trigger, rejected the row by RAISE."""
    return outcome.sqlstate == _RAISED or outcome.raised


def _written(outcome: ProbeOutcome, *, replaces_key: bool) -> AttemptResult:
    if outcome.stored is None:
        return AttemptResult.INCONCLUSIVE if replaces_key else AttemptResult.LEAKED
    return _BY_KEY[outcome.stored]


def _passed_policy(outcome: ProbeOutcome) -> bool:
    return (outcome.sqlstate or "").startswith(_INTEGRITY) and not outcome.no_partition
