"""The check that records of the audit table can be added and never changed or removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.about import ANY, concerning
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.audit.guards import Event, Guards, guards_of
from checks.tenancy.code.bodies import Stops
from checks.tenancy.flaws import paths
from checks.tenancy.oracles.references import actions
from isolation.inventory import Inventory
from isolation.inventory.identities import Becomes
from isolation.inventory.naming import quoted
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Relation
from isolation.inventory.world import World, world

_EXPECTED = "UPDATE, DELETE and TRUNCATE stopped by a trigger that is enabled"


@check(
    "audit.table.append_only",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("audit.append_only",),
)
def audit_records_are_only_added(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Triggers stop every UPDATE, DELETE and TRUNCATE of the audit table, and no tenant-bound role gets around them.

    Why: An audit trail that can be edited proves nothing, and the first thing an intruder edits is the trail.
    Reads: pg_trigger, pg_proc, pg_rewrite and pg_constraint of the table and its partitions, owners, and TRUNCATE.
    Unverified when: A guard's function is not one that plainly raises, and audit.guards does not have its digest.
    Fix: Create BEFORE triggers for the three statements on a function that raises, and ENABLE ALWAYS them; REVOKE
    TRUNCATE from the principals.
    Source: https://www.postgresql.org/docs/15/sql-altertable.html
    """
    known, audit = world(facts, database.tenancy), database.audit
    table = known.relation_named(audit.table) if audit else None
    if audit is None or table is None or not table.is_table:
        yield failed(
            f"There is no audit table {audit.table if audit else ''}",
            observed="absent" if table is None else known.standing(table),
            expected="a table",
            remedy="Create it, or correct audit.table in the configuration.",
        )
        return
    for relation in sorted(facts.relations, key=known.name):
        if relation.is_table and table in known.standings.lineage(relation):
            yield judge_table(known, relation, guards_of(known, relation, audit.guards), now)


def judge_table(known: World, relation: Relation, guards: Guards, now: datetime) -> Verdict:
    """The verdict on the audit table or on one of its parts, from its guards and from who may do what to it."""
    name = known.name(relation)
    flaws = [
        *_unguarded(known, relation, guards),
        *guards.flaws,
        *_around(known, relation, guards),
        *_by_itself(known, relation, now),
    ]
    if flaws:
        verdict = failed(
            f"Records of {name} can be changed, removed or lost",
            subject=name,
            observed="; ".join(what for what, _ in flaws),
            expected=_EXPECTED,
            remedy=" ".join(dict.fromkeys(repair for _, repair in flaws if repair)),
        )
        loose = {str(event) for event in Event if guards.stopped(event) is Stops.NO}
        return concerning(verdict, ((ANY, event) for event in loose | _ruled(known, relation)))
    unclear = [event for event in Event if guards.stopped(event) is Stops.UNKNOWN]
    if unclear:
        entries = ", ".join(f"{each.name}: {each.digest}" for each in guards.triggers)
        return unverified(
            Reason.UNSUPPORTED,
            f"whether the triggers of {name} stop {', '.join(unclear)} is not known",
            subject=name,
            observed=", ".join(guards.functions),
            expected=_EXPECTED,
            remedy="Make RAISE EXCEPTION the first statement of the guard's function, or read the functions and "
            f"declare all triggers of the table in audit.guards: {{{entries}}}",
        )
    observed = ", ".join(sorted(trigger.name for trigger in guards.triggers))
    return passed(f"Records of {name} are only ever added", subject=name, observed=observed, expected=_EXPECTED)


def _unguarded(known: World, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = known.sql_name(relation)
    for event in Event:
        if guards.stopped(event) is Stops.NO:
            idle = [trigger for trigger in guards.triggers if trigger.enabled not in {"O", "A"}]
            create = f"CREATE TRIGGER ... BEFORE {event} ON {table} EXECUTE FUNCTION <one that raises>;"
            enable = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {quoted(idle[0].name)};" if idle else create
            yield f"nothing stops {event}", enable


def _ruled(known: World, relation: Relation) -> set[str]:
    return {rule.event for rule in known.inventory.rules if rule.relation == relation.oid and rule.enabled != "D"}


def _around(known: World, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = known.sql_name(relation)
    truncating = [b for b in known.principals() if "TRUNCATE" in known.privileges(b.role.oid, relation)]
    owning = _having(known, relation.owner)
    if owning:
        yield f"{paths(owning)} may drop its triggers, having the rights of its owner", _owner("TABLE", table)
    elif truncating:
        roles = ", ".join(sorted({quoted(b.role.name) for b in truncating}))
        yield f"{paths(truncating)} may TRUNCATE", f"REVOKE TRUNCATE ON {table} FROM {roles};"
    schema = known.rights.schema(relation.schema)
    if schema and not owning and (owners := _having(known, schema.owner)):
        yield f"{paths(owners)} may drop it, owning the schema", _owner("SCHEMA", quoted(schema.name))
    for function in guards.running:
        if not owning and (owners := _having(known, function.owner)):
            yield f"{paths(owners)} may rewrite {function.name}", _owner("FUNCTION", function.name)


def _by_itself(known: World, relation: Relation, now: datetime) -> Iterator[tuple[str, str]]:
    """What changes or loses records without anybody asking for it."""
    table = known.sql_name(relation)
    if relation.unlogged:
        yield "a crash empties it, as it is UNLOGGED", f"ALTER TABLE {table} SET LOGGED;"
    for rule in sorted(known.inventory.rules, key=lambda rule: rule.name):
        name = f"{rule.name} on {known.name(relation)}"
        if rule.relation == relation.oid and rule.enabled != "D" and not known.vouched("rule", name, rule.digest, now):
            does = "replaces" if rule.instead else "adds to"
            yield f"the rule {rule.name} {does} {rule.event}", f"DROP RULE {quoted(rule.name)} ON {table};"
    for key in known.inventory.foreign_keys:
        if key.relation == relation.oid and actions(key):
            repair = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(key.name)}; and add it again with NO ACTION."
            yield f"the foreign key {key.name} changes or removes records {actions(key)}", repair


def _having(known: World, owner: int) -> tuple[Becomes, ...]:
    return tuple(b for b in known.principals() if owner in known.inherited(b.role.oid))


def _owner(kind: str, name: str) -> str:
    return f"ALTER {kind} {name} OWNER TO <a role that no principal can become>;"
