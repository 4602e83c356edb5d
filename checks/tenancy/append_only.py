"""The check that audit records can be added, and never changed or removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.append_only_guards import Guards, MutatingStatement, guard_sql, guards_of
from checks.tenancy.flaws import in_order, role_paths
from checks.tenancy.ownership import change_owner
from checks.tenancy.side_channels.foreign_keys import referential_actions
from checks.tenancy.stored_code.function_bodies import Stops
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.role_graph import ReachableRole
from isolation.inventory import Inventory
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory

_EXPECTED = "UPDATE, DELETE and TRUNCATE rejected by an enabled trigger"


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
    """Triggers reject every UPDATE, DELETE and TRUNCATE of the audit table, and no tenant-bound role can bypass them.

    Why: An audit trail that can be edited proves nothing, and an intruder edits it first.
    Reads: pg_trigger, pg_proc, pg_rewrite and pg_constraint of the table and its partitions, their owners, and TRUNCATE
    privileges.
    Unverified when: The function of a trigger does not clearly raise, and audit.triggers does not have its digest.
    Fix: Create BEFORE triggers for the three statements with a function that raises, and set them to ENABLE ALWAYS;
    REVOKE TRUNCATE from the principals.
    Source: https://www.postgresql.org/docs/15/sql-altertable.html
    """
    access, audit = effective_access(facts, database.tenancy), database.audit
    table = access.relation_named(audit.table) if audit else None
    if audit is None or table is None or not table.is_table:
        yield failed(
            f"The audit table {audit.table if audit else ''} does not exist",
            observed="absent" if table is None else access.table_class(table),
            expected="a table",
            remedy="Create it, or correct audit.table in the configuration.",
        )
        return
    for relation in sorted(facts.relations, key=access.declared_name):
        if relation.is_table and table in access.table_classes.lineage(relation):
            yield judge_table(access, relation, guards_of(access, relation, audit.triggers), now)


def judge_table(access: EffectiveAccess, relation: Relation, guards: Guards, now: datetime) -> Verdict:
    """The verdict on the audit table or one partition, from its triggers and the privileges on it."""
    name = access.declared_name(relation)
    flaws = [
        *_unguarded(access, relation, guards),
        *_bypasses(access, relation, guards),
        *_implicit_changes(access, relation, now),
        *guards.flaws,
    ]
    if flaws:
        verdict = failed(
            f"Records of {name} can be changed, removed or lost",
            subject=name,
            observed="; ".join(what for what, _ in flaws),
            expected=_EXPECTED,
            remedy=" ".join(in_order(repair for _, repair in flaws)),
        )
        unguarded = {str(event) for event in MutatingStatement if guards.stopped(event) is Stops.NO}
        return with_affected(
            verdict, ((ANY_PRINCIPAL_OR_OBJECT, event) for event in unguarded | _rule_events(access, relation))
        )
    unclear = [event for event in MutatingStatement if guards.stopped(event) is Stops.UNKNOWN]
    if unclear:
        entries = ", ".join(f"{each.name}: {each.digest}" for each in guards.triggers)
        return unverified(
            Reason.UNSUPPORTED,
            f"Whether the triggers of {name} reject {', '.join(unclear)} is unknown",
            subject=name,
            observed=", ".join(guards.function_labels),
            expected=_EXPECTED,
            remedy="Make RAISE EXCEPTION the first statement of the trigger function, or review the functions and "
            f"declare all triggers of the table in audit.triggers: {{{entries}}}",
        )
    observed = ", ".join(sorted(trigger.name for trigger in guards.triggers))
    return passed(f"Records of {name} can only be added", subject=name, observed=observed, expected=_EXPECTED)


def _unguarded(access: EffectiveAccess, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = access.sql_name(relation)
    unguarded = [event for event in MutatingStatement if guards.stopped(event) is Stops.NO]
    idle = [trigger for trigger in guards.triggers if trigger.enabled not in {"O", "A"}]
    enable = " ".join(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {quoted(trigger.name)};" for trigger in idle)
    for event in unguarded:
        yield f"no trigger rejects {event}", enable or guard_sql(access, relation, guards, unguarded)


def _rule_events(access: EffectiveAccess, relation: Relation) -> set[str]:
    return {
        rule.event for rule in access.inventory.rewrite_rules if rule.relation == relation.oid and rule.enabled != "D"
    }


def _bypasses(access: EffectiveAccess, relation: Relation, guards: Guards) -> Iterator[tuple[str, str]]:
    table = access.sql_name(relation)
    truncating = [
        b for b in access.all_reachable_roles() if "TRUNCATE" in access.relation_privileges(b.role.oid, relation)
    ]
    owning = _with_rights_of(access, relation.owner)
    if owning:
        yield (
            f"{role_paths(owning)} may drop its triggers: it has the rights of the owner",
            change_owner(access, "TABLE", table, relation.owner, kept="SELECT, INSERT"),
        )
    elif truncating:
        roles = ", ".join(sorted({quoted(b.role.name) for b in truncating}))
        yield f"{role_paths(truncating)} may TRUNCATE", f"REVOKE TRUNCATE ON {table} FROM {roles};"
    schema = access.role_privileges.schema(relation.schema)
    if schema and not owning and (owners := _with_rights_of(access, schema.owner)):
        yield (
            f"{role_paths(owners)} may drop it: it has the rights of the owner of the schema",
            change_owner(access, "SCHEMA", quoted(schema.name), schema.owner),
        )
    for function in guards.trigger_functions:
        if not owning and (owners := _with_rights_of(access, function.owner)):
            repair = change_owner(access, "FUNCTION", function.name, function.owner)
            yield f"{role_paths(owners)} may replace {function.name}", repair


def _implicit_changes(access: EffectiveAccess, relation: Relation, now: datetime) -> Iterator[tuple[str, str]]:
    """What changes or loses records without a direct statement: UNLOGGED, rules, and referential actions."""
    table = access.sql_name(relation)
    if relation.unlogged:
        yield "it is UNLOGGED: a crash of the server empties it", f"ALTER TABLE {table} SET LOGGED;"
    for rule in sorted(access.inventory.rewrite_rules, key=lambda rule: rule.name):
        name = f"{rule.name} on {access.declared_name(relation)}"
        if (
            rule.relation == relation.oid
            and rule.enabled != "D"
            and not access.is_approved("rule", name, rule.digest, now)
        ):
            does = "replaces" if rule.instead else "adds to"
            yield f"the rule {rule.name} {does} every {rule.event}", f"DROP RULE {quoted(rule.name)} ON {table};"
    for key in access.inventory.foreign_keys:
        if key.relation == relation.oid and referential_actions(key):
            repair = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(key.name)}; Then add it again with NO ACTION."
            yield f"the foreign key {key.name} changes or removes records {referential_actions(key)}", repair


def _with_rights_of(access: EffectiveAccess, owner: int) -> tuple[ReachableRole, ...]:
    return tuple(b for b in access.all_reachable_roles() if owner in access.inherited_roles(b.role.oid))
