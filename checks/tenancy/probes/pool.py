"""The check that a pooled session holds no state of the tenant that used it before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch import components
from basewatch.affected import session_object, with_affected
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.probes import CATALOG_CAUSES
from checks.tenancy.probes.pool_facts import PooledLogin, PooledSessions, pooled_sessions


@check(
    "tenancy.probe.pool",
    component=components.Database,
    observe=pooled_sessions,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT",),
    promises=("tenancy.pooled",),
    explained_by=CATALOG_CAUSES,
)
def pooled_sessions_start_clean(
    facts: PooledSessions, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """A transaction through the pooler starts without state that another tenant left in the session.

    Why: A context, a temporary table or a cursor that outlives its transaction exposes rows of one tenant to the next.
    Reads: One SELECT at the start of five transactions of each principal that logs in through the pooler.
    Unverified when: The pooler cannot be reached or refuses the login.
    Fix: SET LOCAL or set_config(..., true) inside a transaction, never for the session; reset sessions in the pooler.
    Source: https://www.pgbouncer.org/features.html
    """
    if not facts.logins:
        yield unverified(Reason.UNSUPPORTED, "No login through the pooler is available")
    for login in facts.logins:
        yield judge_starts(login)


def judge_starts(login: PooledLogin) -> Verdict:
    """The verdict on one principal from the session state at the start of its transactions."""
    found = [kind for kind in _KINDS if any(getattr(start, kind) for start in login.starts)]
    expected = "no state of earlier transactions in the session"
    sessions = len({start.session for start in login.starts})
    if not found:
        observed = f"{len(login.starts)} transactions on {sessions} session{'s' if sessions > 1 else ''}"
        return passed(
            f"{login.principal} gets clean sessions from the pooler", subject=login.principal, observed=observed
        )
    worst = max((_KINDS[name] for name in found), key=lambda kind: kind.severity.rank)
    verdict = failed(
        f"{login.principal} gets sessions with state of earlier transactions from the pooler",
        subject=login.principal,
        observed="; ".join(_KINDS[name].observed for name in found),
        expected=expected,
        remedy=" ".join(_KINDS[name].remedy for name in found),
        severity=worst.severity,
    )
    # Only these can come from a session default; other state cannot.
    explicable = set(found) <= _BY_DEFAULT.keys()
    return with_affected(
        verdict, ((login.principal, session_object(_BY_DEFAULT[name])) for name in found if explicable)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    observed: str
    severity: Severity
    remedy: str


_BY_DEFAULT = {
    "has_context": "context",
    "role_changed": "role",
    "replication_role_changed": "session_replication_role",
}
_KINDS = {
    "has_context": _Kind(
        observed="the context of a tenant is set",
        severity=Severity.CRITICAL,
        remedy="Set the context only with SET LOCAL or set_config(..., true), also in functions; "
        "ALTER ROLE/DATABASE ... RESET its default, and check the options of the pooler for one.",
    ),
    "role_changed": _Kind(
        observed="the session runs as a role other than its login role",
        severity=Severity.HIGH,
        remedy="SET LOCAL ROLE, never SET ROLE; ALTER ROLE ... RESET role.",
    ),
    "replication_role_changed": _Kind(
        observed="session_replication_role is not origin, so that triggers do not fire",
        severity=Severity.HIGH,
        remedy="Revoke SET on session_replication_role, and reset it.",
    ),
    "temp_tables": _Kind(
        observed="temporary tables, which have no row security",
        severity=Severity.HIGH,
        remedy="CREATE TEMPORARY TABLE ... ON COMMIT DROP, or REVOKE TEMPORARY ON DATABASE from the role and PUBLIC.",
    ),
    "holdable_cursors": _Kind(
        observed="cursors WITH HOLD, from which rows can be fetched",
        severity=Severity.HIGH,
        remedy="Declare cursors without HOLD, or close them.",
    ),
    "prepared_statements": _Kind(
        observed="prepared statements from PREPARE, with their text",
        severity=Severity.MEDIUM,
        remedy="Use protocol-level prepared statements of the driver, or DEALLOCATE.",
    ),
    "listen_channels": _Kind(
        observed="LISTEN channels",
        severity=Severity.MEDIUM,
        remedy="LISTEN on a dedicated session, not on a pooled one.",
    ),
    "advisory_locks": _Kind(
        observed="session-level advisory locks",
        severity=Severity.LOW,
        remedy="Use pg_advisory_xact_lock().",
    ),
    "has_lastval": _Kind(
        observed="lastval() reveals a sequence number of another transaction",
        severity=Severity.LOW,
        remedy="Use INSERT ... RETURNING instead of lastval(); set server_reset_query = DISCARD ALL in the pooler.",
    ),
}
