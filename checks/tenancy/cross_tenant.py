"""The check that one tenant cannot read, add, change or remove another's rows, tried with two canaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from basewatch import components
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import Database
from basewatch.postgres.probe import Canary, Outcome, TenantProbe
from basewatch.tenancy import Tenancy
from checks.tenancy.attempts import Shown, change_shows, insert_shows, read_shows
from checks.tenancy.catalogue import Kind, Relation, declared_name, relations
from checks.tenancy.triggers import Firing, unvetted_triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What one principal, acting as one canary, could do to the other's rows of one relation; None was not tried.

    `own` is the positive control: whether the canary sees a row of its own; `controlled` says that it must. `unvetted`
    are the triggers for whose sake a write was not tried: what they do, a rollback might not undo.
    """

    principal: str
    acting_as: str
    table: str
    controlled: bool
    own: Outcome
    read: Outcome
    unvetted: tuple[str, ...] = ()
    insert: Outcome | None = None
    update: Outcome | None = None
    move: Outcome | None = None
    delete: Outcome | None = None

    @property
    def shows(self) -> tuple[tuple[str, Shown], ...]:
        """What each attempt shows, by its name."""
        changes = (("update", self.update), ("move", self.move), ("delete", self.delete))
        inserts = (("insert", insert_shows(self.insert)),) if self.insert is not None else ()
        tried = ((name, change_shows(outcome)) for name, outcome in changes if outcome is not None)
        return (("read", read_shows(self.read)), *inserts, *tried)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTenant:
    """Every attempt of every principal, as either canary."""

    attempts: tuple[Attempts, ...]


def cross_tenant(database: Database, component: components.Database) -> CrossTenant:
    """Tries each principal as canary A on B's rows and the reverse, and undoes it all. Raises: CouldNotLook, Absent."""
    tenancy = component.tenancy
    triggers = unvetted_triggers(database, tenancy)
    keyed = [relation for relation in relations(database, tenancy) if relation.keyed]
    found = list[Attempts]()
    for principal in tenancy.principals:
        reached = [
            (relation, triggers.get((principal, relation.place), {}))
            for relation in keyed
            if principal in relation.reached_by
        ]
        for acting_as in ("a", "b"):
            with database.acting(principal, tenancy, writes=True) as probe:
                found.extend(_attempts(probe, principal, acting_as, reached, tenancy))
    return CrossTenant(attempts=tuple(found))


def _attempts(
    probe: TenantProbe,
    principal: str,
    acting_as: str,
    reached: list[tuple[Relation, Firing]],
    tenancy: Tenancy,
) -> Iterator[Attempts]:
    mine = Canary(acting_as)
    theirs = mine.other
    probe.act_as(mine)
    for relation, firing in reached:
        # What a foreign table is asked to change is changed elsewhere, where no rollback is promised.
        here = relation.kind not in {Kind.FOREIGN_TABLE, Kind.MATERIALIZED_VIEW}
        place = replace(relation.place, key=tenancy.key)
        inserts, updates, deletes = (here and command not in firing for command in ("INSERT", "UPDATE", "DELETE"))
        yield Attempts(
            principal=principal,
            acting_as=acting_as,
            table=declared_name(relation.schema, relation.name, tenancy),
            controlled=relation.is_table and not relation.partition and principal in relation.read_by,
            own=probe.rows_of([place], mine)[0],
            read=probe.rows_of_others([place], mine)[0],
            unvetted=tuple(sorted({name for names in firing.values() for name in names})),
            insert=probe.insert_for(place, theirs) if inserts else None,
            update=probe.update_of(place, theirs) if updates else None,
            move=probe.move(place, owner=mine, to=theirs) if updates else None,
            delete=probe.delete_of(place, theirs) if deletes else None,
        )


@check(
    "tenancy.probe.cross_tenant",
    component=components.Database,
    observe=cross_tenant,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
)
def tenants_are_kept_apart(facts: CrossTenant, database: components.Database, now: datetime) -> Iterator[Verdict]:
    """A tenant reads, adds, changes and removes no rows but its own.

    Why: This is what tenants are promised; a configuration that looks right is no proof that it holds.
    Reads: As each tenant-bound role acting for one canary, what it can do to others; writes touch the other canary's
    rows alone, each in a savepoint of a transaction that is rolled back.
    Unverified when: Basewatch may not become the role, a table is locked, a canary has no row of its own to see (an
    empty table proves nothing), a write would fire a trigger that is not vetted, or the database is a reader.
    Fix: See what tenancy.rls.coverage, tenancy.rls.policies and tenancy.rls.bypass_roles say of the leaking tables.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    for principal in database.tenancy.principals:
        yield judge_attempts(principal, [attempt for attempt in facts.attempts if attempt.principal == principal])


def judge_attempts(principal: str, attempts: list[Attempts]) -> Verdict:
    """The verdict on one principal from its attempts alone, in any order."""
    expected = "own rows seen, and every attempt on another tenant's held"
    leaks = _named(attempts, Shown.LEAKED)
    if leaks:
        return failed(
            f"{principal}, acting for one tenant, gets at another's rows",
            subject=principal,
            observed="; ".join(leaks),
            expected=expected,
        )
    blind = sorted({attempt.table for attempt in attempts if attempt.controlled and not attempt.own.rows})
    if blind or not any(attempt.controlled for attempt in attempts):
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"a canary sees no row of its own as {principal}, so seeing none of others proves nothing",
            subject=principal,
            observed=", ".join(blind) or "no table to read",
            expected=expected,
            remedy="Plant a row of each canary in every tenant table, and see that the policies show it.",
        )
    unvetted = sorted({f"{attempt.table} ({', '.join(attempt.unvetted)})" for attempt in attempts if attempt.unvetted})
    if unvetted:
        return unverified(
            Reason.UNSUPPORTED,
            f"Some writes as {principal} were not tried, for they would fire triggers that nobody vouches for",
            subject=principal,
            observed="; ".join(unvetted),
            expected=expected,
            remedy="Read each trigger's function; name it in tenancy.vetted_triggers if a rollback undoes all it does.",
        )
    locked = sorted({attempt.table for attempt in attempts if not (attempt.own.told and attempt.read.told)})
    if locked:
        return unverified(Reason.TIMEOUT, "locked", subject=principal, observed=", ".join(locked), expected=expected)
    unclear = _named(attempts, Shown.NOTHING)
    if unclear:
        summary = f"Some attempts as {principal} ended in a way that says nothing"
        observed = "; ".join(unclear)
        return unverified(Reason.UNSUPPORTED, summary, subject=principal, observed=observed, expected=expected)
    tables = {attempt.table for attempt in attempts}
    observed = f"{sum(len(attempt.shows) for attempt in attempts)} attempts on {len(tables)} tables held"
    return passed(f"{principal} is kept to its tenant", subject=principal, observed=observed, expected=expected)


def _named(attempts: list[Attempts], shown: Shown) -> list[str]:
    """Every table where an attempt shows this, with the attempts that do, in order of name."""
    found: dict[str, set[str]] = {}
    for attempt in attempts:
        for name, what in attempt.shows:
            if what is shown:
                found.setdefault(attempt.table, set()).add(name)
    return [f"{table} ({', '.join(sorted(names))})" for table, names in sorted(found.items())]
