"""What one attempt to write another tenant's rows shows: it was held, it got through, or nobody can tell."""

from __future__ import annotations

from enum import StrEnum

from basewatch.postgres.probe_types import ProbeOutcome


class AttemptResult(StrEnum):
    """What an attempt shows of the isolation."""

    BLOCKED = "held"
    LEAKED = "leaked"
    INCONCLUSIVE = "nothing"


# Refused by privilege or policy, by WITH CHECK OPTION, as a view that takes no rows, or as a key that nobody may give:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_REFUSED = frozenset({"42501", "44000", "55000", "428C9"})
_RAISED = "P0001"
_INTEGRITY = "23"
# The row cannot be stood on, for what its policies look up.
_NO_STAND = frozenset({"24000", "0A000"})


def insert_result(outcome: ProbeOutcome) -> AttemptResult:
    """An INSERT is held when it is refused; one that fails later, on a constraint, got past the policy."""
    if outcome.rows is not None:
        # Without a row nothing was asked of the policy: a rule or a trigger took the row away before.
        return AttemptResult.LEAKED if outcome.rows else AttemptResult.INCONCLUSIVE
    if outcome.sqlstate in _REFUSED:
        return AttemptResult.BLOCKED
    return AttemptResult.LEAKED if _got_past(outcome) else AttemptResult.INCONCLUSIVE


def change_result(outcome: ProbeOutcome) -> AttemptResult:
    """An UPDATE or DELETE is held when it finds no row, or is refused, or stopped by a trigger that raises."""
    if outcome.rows is not None:
        return AttemptResult.LEAKED if outcome.rows else AttemptResult.BLOCKED
    if outcome.sqlstate in _REFUSED or outcome.sqlstate == _RAISED:
        return AttemptResult.BLOCKED
    return AttemptResult.LEAKED if _got_past(outcome) else AttemptResult.INCONCLUSIVE


def unless_unsupported(outcome: ProbeOutcome) -> ProbeOutcome | None:
    """An attempt that stands on a row; None when that cannot be had on this table."""
    return None if outcome.sqlstate in _NO_STAND else outcome


def _got_past(outcome: ProbeOutcome) -> bool:
    return (outcome.sqlstate or "").startswith(_INTEGRITY) and not outcome.no_partition
