"""Attempts of a principal, acting for one canary, on rows of the other in one relation, and their results. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.probe_outcomes import AttemptResult, change_result, insert_result, reassign_result

_ADDS = frozenset({"insert", "copy"})
_MOVES = frozenset({"reassign", "cursor reassign"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationWriteAttempts:
    """Attempts of one principal, acting for one canary, on rows of the other in one relation; None was not attempted.

    `control` is the positive control: whether the other canary can read a row of its own. `insert` sets the tenant key
    alone, `copy` all columns of an own row; `own_copy` is the control of a copy that a trigger rejects: one for the
    own tenant. `update` and `delete` select rows by key; `cursor_takeover`, `cursor_update` and `cursor_delete` write
    at a cursor without reading. `reassign` (by key) and `cursor_reassign` (at a cursor) give an own row to the other
    canary. `replaces_key` says that a trigger or a rule may store another key than the one that is sent. `numbered` are
    columns that the role may not write and whose default would use up a number, so that no row was added.
    `unindexed` are the large relations that would be read as a whole, so that nothing was attempted.
    """

    principal: str
    acting_as: str
    table: str
    control: ProbeOutcome | None = None
    insert: ProbeOutcome | None = None
    copy: ProbeOutcome | None = None
    own_copy: ProbeOutcome | None = None
    update: ProbeOutcome | None = None
    delete: ProbeOutcome | None = None
    cursor_takeover: ProbeOutcome | None = None
    cursor_update: ProbeOutcome | None = None
    cursor_delete: ProbeOutcome | None = None
    reassign: ProbeOutcome | None = None
    cursor_reassign: ProbeOutcome | None = None
    replaces_key: bool = False
    numbered: tuple[str, ...] = ()
    unindexed: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[tuple[str, ProbeOutcome], ...]:
        """The attempts that were made, by name."""
        each = (
            ("insert", self.insert),
            ("copy", self.copy),
            ("update", self.update),
            ("delete", self.delete),
            ("cursor takeover", self.cursor_takeover),
            ("cursor update", self.cursor_update),
            ("cursor delete", self.cursor_delete),
            ("reassign", self.reassign),
            ("cursor reassign", self.cursor_reassign),
        )
        return tuple((name, outcome) for name, outcome in each if outcome is not None)

    @property
    def inconclusive(self) -> tuple[tuple[str, str, ProbeOutcome], ...]:
        """The attempts that tell nothing, and the look at the control if it failed: table, name, outcome."""
        each = self.outcomes if self.control is None else (("control", self.control), *self.outcomes)
        return tuple((self.table, name, outcome) for name, outcome in each if not outcome.conclusive)

    @property
    def results(self) -> tuple[tuple[str, AttemptResult], ...]:
        """The result of each attempt by name; of `insert` and `copy`, an inconclusive one is left out."""
        each = {name: self._result(name, outcome) for name, outcome in self.outcomes}
        adds = {name: result for name, result in each.items() if name in _ADDS}
        conclusive = {name: result for name, result in adds.items() if result is not AttemptResult.INCONCLUSIVE}
        return (*(conclusive or adds).items(), *((n, result) for n, result in each.items() if n not in _ADDS))

    def _result(self, name: str, outcome: ProbeOutcome) -> AttemptResult:
        if name in _ADDS:
            own_passes = name == "copy" and self.own_copy is not None and bool(self.own_copy.rows)
            return insert_result(outcome, replaces_key=self.replaces_key, own_passes=own_passes)
        if name in _MOVES:
            return reassign_result(outcome, replaces_key=self.replaces_key)
        return change_result(outcome)
