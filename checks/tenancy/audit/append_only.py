"""The check that records of the audit table can be added and never changed or removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.audit.guards import Guards, MutatingStatement, guards_of
from checks.tenancy.flaws import role_paths
from checks.tenancy.side_channels.foreign_keys import referential_actions
from checks.tenancy.stored_code.function_bodies import Stops
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.role_graph import ReachableRole
from isolation.inventory import Inventory
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory

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
def audit_table_is_append_only(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Triggers stop every UPDATE, DELETE and TRUNCATE of the audit table, and no tenant-bound role gets around them.

    Why: An audit trail that can be edited proves nothing, and the first thing an intruder edits is the trail.
    Reads: pg_trigger, pg_proc, pg_rewrite and pg_constraint of the table and its partitions, owners, and TRUNCATE.
    Unverified when: A guard's function is not one that plainly raises, and audit.guards does not have its digest.
    Fix: Create BEFORE triggers for the three statements on a function that raises, and ENABLE ALWAYS them; REVOKE
    TRUNCATE from the principals.
    Source: https://www.postgresql.org/docs/15/sql-altertable.html
    """
    known, audit = effective_access(facts, database.tenancy), database.audit
    table = known.relation_named(audit.table) if audit else None
    if audit is None or table is None or not table.is_table:
        yield failed(
            f"There is no audit table {audit.table if audit else ''}",
            observed="absent" if table is None else known.table_class(table),
            expected="a table",
            remedy="Create it, or correct audit.table in the configuration.",
        )
        return
    for relation in sorted(facts.relations, key=known.declared_name):
        if relation.is_table and table in known.table_classes.lineage(relation):
            yield judge_table(known, relation, guards_of(known, relation, audit.guards), now)


def judge_table(access: EffectiveAccess, relation: Relation, guards: Guards, now: datetime) -> Verdict:
    """The verdict on the audit table or on one of its parts, from its guards and from who may do what to it."""
    name = access.declared_name(relation)
    flaws = [
        *_unguarded(access, relation, guards),
        *guards.flaws,
        *_around(access, relation, guards),
        *_by_itself(access, relation, now),
    ]
    if flaws:
        verdict = failed(
            f"Records of {name} can be changed, removed or lost",
            subject=name,
            observed="; ".join(what for what, _ in flaws),
            expected=_EXPECTED,
            remedy=" ".join(dict.fromkeys(repair for _, repair in flaws if repair)),
        )
        loose = {str(event) for event in MutatingStatement if guards.stopped(event) is Stops.NO}
        return with_affected(verdict, ((ANY_PRINCIPAL_OR_OBJECT, event) for event in loose | _ruled(access, relation)))
    unclear = [event for event in MutatingStatement if guards.stopped(event) is Stops.UNKNOWN]
    if unclear:
        entries = ", ".join(f"{each.name}: {each.digest}" for each in guards.triggers)
        return unverified(
            Reason.UNSUPPORTED,
            f"whether the triggers of {name} stop {', '.join(unclear)} is not known",
            subject=name,
            observed=", ".join(guards.function_labels),
            expected=_EXPECTED,
            remedy="Make RAISE EXCEPTION the first statement of the guard's function, or read the functions and "
            f"declare all triggers of the table in audit.guards: {{{entries}}}",
        )
    observed = ", ".join(sorted(trigger.name for trigger in guards.triggers))
    return passed(f"Records of {name} are only ever added", subject=name, observed=observed, expected=_EXPECTED)


def _unguarded(access: EffectiveAccess, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = access.sql_name(relation)
    for event in MutatingStatement:
        if guards.stopped(event) is Stops.NO:
            idle = [trigger for trigger in guards.triggers if trigger.enabled not in {"O", "A"}]
            create = f"CREATE TRIGGER ... BEFORE {event} ON {table} EXECUTE FUNCTION <one that raises>;"
            enable = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {quoted(idle[0].name)};" if idle else create
            yield f"nothing stops {event}", enable


def _ruled(access: EffectiveAccess, relation: Relation) -> set[str]:
    return {
        rule.event for rule in access.inventory.rewrite_rules if rule.relation == relation.oid and rule.enabled != "D"
    }


def _around(access: EffectiveAccess, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = access.sql_name(relation)
    truncating = [
        b for b in access.all_reachable_roles() if "TRUNCATE" in access.relation_privileges(b.role.oid, relation)
    ]
    owning = _having(access, relation.owner)
    if owning:
        yield f"{role_paths(owning)} may drop its triggers, having the rights of its owner", _owner("TABLE", table)
    elif truncating:
        roles = ", ".join(sorted({quoted(b.role.name) for b in truncating}))
        yield f"{role_paths(truncating)} may TRUNCATE", f"REVOKE TRUNCATE ON {table} FROM {roles};"
    schema = access.role_privileges.schema(relation.schema)
    if schema and not owning and (owners := _having(access, schema.owner)):
        yield f"{role_paths(owners)} may drop it, owning the schema", _owner("SCHEMA", quoted(schema.name))
    for function in guards.trigger_functions:
        if not owning and (owners := _having(access, function.owner)):
            yield f"{role_paths(owners)} may rewrite {function.name}", _owner("FUNCTION", function.name)


def _by_itself(access: EffectiveAccess, relation: Relation, now: datetime) -> Iterator[tuple[str, str]]:
    """What changes or loses records without anybody asking for it."""
    table = access.sql_name(relation)
    if relation.unlogged:
        yield "a crash empties it, as it is UNLOGGED", f"ALTER TABLE {table} SET LOGGED;"
    for rule in sorted(access.inventory.rewrite_rules, key=lambda rule: rule.name):
        name = f"{rule.name} on {access.declared_name(relation)}"
        if (
            rule.relation == relation.oid
            and rule.enabled != "D"
            and not access.is_approved("rule", name, rule.digest, now)
        ):
            does = "replaces" if rule.instead else "adds to"
            yield f"the rule {rule.name} {does} {rule.event}", f"DROP RULE {quoted(rule.name)} ON {table};"
    for key in access.inventory.foreign_keys:
        if key.relation == relation.oid and referential_actions(key):
            repair = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(key.name)}; and add it again with NO ACTION."
            yield f"the foreign key {key.name} changes or removes records {referential_actions(key)}", repair


def _having(access: EffectiveAccess, owner: int) -> tuple[ReachableRole, ...]:
    return tuple(b for b in access.all_reachable_roles() if owner in access.inherited_roles(b.role.oid))


def _owner(kind: str, name: str) -> str:
    return f"ALTER {kind} {name} OWNER TO <a role that no principal can become>;"
