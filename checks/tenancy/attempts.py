"""What one attempt on another tenant's rows shows: it was held, it got through, or nobody can tell."""

from __future__ import annotations

from enum import StrEnum

from basewatch.postgres.probe import Outcome


class Shown(StrEnum):
    """What an attempt shows of the isolation."""

    HELD = "held"
    LEAKED = "leaked"
    NOTHING = "nothing"


_NO_PRIVILEGE = "42501"
_RAISED = "P0001"
_INTEGRITY = "23"
_GENERATED_ALWAYS = "428C9"


def read_shows(outcome: Outcome) -> Shown:
    """A read is held when it finds no row, or is not allowed at all."""
    if outcome.rows is not None:
        return Shown.LEAKED if outcome.rows else Shown.HELD
    return Shown.HELD if outcome.sqlstate == _NO_PRIVILEGE else Shown.NOTHING


def insert_shows(outcome: Outcome) -> Shown:
    """An INSERT is held when the policy refuses it; one that fails later, on a constraint, got past the policy."""
    if outcome.rows is not None:
        # Without a row nothing was asked of the policy: a rule or a trigger took the row away before.
        return Shown.LEAKED if outcome.rows else Shown.NOTHING
    if outcome.sqlstate == _NO_PRIVILEGE:
        return Shown.HELD
    return Shown.LEAKED if _got_past(outcome) else Shown.NOTHING


def change_shows(outcome: Outcome) -> Shown:
    """An UPDATE or DELETE is held when it finds no row, is not allowed, or is refused by a trigger."""
    if outcome.rows is not None:
        return Shown.LEAKED if outcome.rows else Shown.HELD
    if outcome.sqlstate in {_NO_PRIVILEGE, _RAISED}:
        return Shown.HELD
    return Shown.LEAKED if _got_past(outcome) else Shown.NOTHING


def _got_past(outcome: Outcome) -> bool:
    state = outcome.sqlstate or ""
    return state.startswith(_INTEGRITY) or state == _GENERATED_ALWAYS
