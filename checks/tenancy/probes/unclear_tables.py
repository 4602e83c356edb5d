"""Tables on which an attempt of a probe was inconclusive; each costs its own verdict, and no other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from basewatch.model import Reason, Verdict, unverified
from basewatch.postgres.probe_types import ProbeOutcome

# SQLSTATE classes and codes of transaction rollback, resources, locks and operator intervention.
_BUSY = ("40", "53", "55P03", "57")
_CHANGED = frozenset({"42P01", "42703"})
_READ_ONLY = "25006"
_WAIT = "Check the locks and the load on the database, or run the check again later."
_BROKEN = (
    "Query the table as that role in the context of a canary, and repair what raises the error: a policy, a function, "
    "a trigger, an index or its files."
)


def reason_of(outcomes: Iterable[ProbeOutcome]) -> tuple[Reason, str]:
    """Why inconclusive attempts are, and what to do about it: the most lasting reason among them."""
    found = tuple(outcomes)
    if any(each.sqlstate == _READ_ONLY for each in found):
        return Reason.UNSUPPORTED, "Set the database's url to the writer, and `reader` to the reader."
    # In a function, the name of a table that does not exist is an error of the function.
    if any(each.sqlstate in _CHANGED and not each.in_function for each in found):
        return Reason.STALE, "The schema changed during the probe; run the check again."
    if all((each.sqlstate or "").startswith(_BUSY) for each in found):
        return Reason.TIMEOUT, _WAIT
    return Reason.UNSUPPORTED, _BROKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearTables:
    """The inconclusive attempts of one principal, by table: the name of each attempt, and its outcome."""

    principal: str
    expected: str
    attempts: Mapping[str, tuple[tuple[str, ProbeOutcome], ...]]

    @classmethod
    def of(cls, principal: str, expected: str, attempts: Iterable[tuple[str, str, ProbeOutcome]]) -> Self:
        """The tables of these attempts, which are all inconclusive: table, name of the attempt, outcome."""
        found = dict[str, list[tuple[str, ProbeOutcome]]]()
        for table, name, outcome in attempts:
            found.setdefault(table, []).append((name, outcome))
        return cls(principal=principal, expected=expected, attempts={t: tuple(some) for t, some in found.items()})

    def __contains__(self, table: object) -> bool:
        return table in self.attempts

    def judge(self, *, without: Collection[str] = ()) -> Iterator[Verdict]:
        """One UNVERIFIED for each table, but for those that have another verdict."""
        for table in sorted(self.attempts.keys() - set(without)):
            yield self._unverified(f"{self.principal} {table}", [table])

    def judge_together(self) -> Verdict:
        """One UNVERIFIED on the principal, where nothing else is known of it."""
        return self._unverified(self.principal, sorted(self.attempts))

    def others(self) -> str:
        """What a verdict on the remaining tables says about these; empty without any."""
        return f"; not {', '.join(sorted(self.attempts))}, which have findings of their own" if self.attempts else ""

    def _unverified(self, subject: str, tables: list[str]) -> Verdict:
        reason, remedy = reason_of(outcome for table in tables for _, outcome in self.attempts[table])
        return unverified(
            reason,
            f"Some attempts as {self.principal} were inconclusive",
            subject=subject,
            observed="; ".join(dict.fromkeys(text for table in tables for text in self._texts(table))),
            expected=self.expected,
            remedy=remedy,
        )

    def _texts(self, table: str) -> Iterator[str]:
        by_state = dict[str, set[str]]()
        for name, outcome in self.attempts[table]:
            by_state.setdefault(outcome.sqlstate or "", set()).add(name)
        for state, names in sorted(by_state.items()):
            shown = ", ".join(sorted(names - {""}))
            yield f"{table} ({shown}): SQLSTATE {state}" if shown else f"{table}: SQLSTATE {state}"
