"""The check that no trigger or rule moves rows of tenants outside the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.egress.known_extensions import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import (
    Approvable,
    Flaw,
    findings_or_pass,
    flaw_verdict,
    role_paths,
    unapproved_flaws,
    with_owner_rights,
    without_superusers,
)
from checks.tenancy.ownership import change_owner
from checks.tenancy.relations.owner_access import catalogue_severity, lends
from checks.tenancy.stored_code import function_bodies
from checks.tenancy.stored_code.event_triggers import event_trigger_flaws
from checks.tenancy.stored_code.security_definer import extra_rights
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory import Inventory
from isolation.inventory.code import Function, RewriteRule, Trigger
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory

_OF_TENANTS: Final = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})
_FIRES: Final = frozenset({"O", "A"})
_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE"})
_EXPECTED = "triggers and rules that keep rows under policies"


@check(
    "tenancy.rls.triggers",
    component=Database,
    observe=inventory,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def triggers_keep_rows_under_policies(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No trigger or rule copies rows of tenants, discloses them, or runs with the rights of another role.

    Why: A trigger runs in every write to its table, the action of a rule has the rights of the table owner, and an
    event trigger runs in every migration: any of them can move rows past all policies.
    Reads: pg_trigger, pg_rewrite and pg_event_trigger, with the functions that they run.
    Unverified when: The catalogue cannot be read.
    Fix: DROP TRIGGER or DROP RULE where it is not needed; review the others and approve them in
    tenancy.approved_objects.
    Source: https://www.postgresql.org/docs/15/rules-privileges.html
    """
    access = effective_access(facts, database.tenancy)
    audit_table = _audit_table(access, database)
    audited = audit_table if database.audit and database.audit.append_only else frozenset[int]()
    approved = set(database.audit.triggers.items()) if database.audit else set[tuple[str, str]]()
    found = [
        *(
            _judge_trigger(access, each, now, audited=each.relation in audited)
            for each in facts.triggers
            if (each.name, each.digest) not in approved or each.relation not in audit_table
        ),
        *(_judge_rule(access, each, now) for each in facts.rewrite_rules if each.relation not in audited),
        *(
            _judge(access, f"event trigger {each.name}", entry, event_trigger_flaws(access, each), now)
            for each in facts.event_triggers
            for entry in (Approvable.of(access, "event_trigger", each.name, each.digest),)
        ),
    ]
    summary = "Triggers and rules keep rows of tenants under policies"
    yield from findings_or_pass((each for each in found if each), summary, observed=f"{len(found)} triggers and rules")


def _audit_table(access: EffectiveAccess, database: Database) -> frozenset[int]:
    """The audit table and its partitions: their triggers are declared in audit.triggers, and no others."""
    relation = access.relation_named(database.audit.table) if database.audit else None
    each = access.inventory.relations if relation else ()
    return frozenset(r.oid for r in each if relation in access.table_classes.lineage(r))


def _judge(
    access: EffectiveAccess, subject: str, entry: Approvable, flaws: Iterable[Flaw], now: datetime
) -> Verdict | None:
    unapproved = unapproved_flaws(flaws, entry, access, now)
    if not unapproved:
        return None
    return flaw_verdict(subject, f"The {subject} bypasses policies", unapproved, expected=_EXPECTED, approvable=entry)


def _judge_trigger(access: EffectiveAccess, trigger: Trigger, now: datetime, *, audited: bool) -> Verdict | None:
    relation, function = access.relation(trigger.relation), access.function(trigger.function)
    if relation is None or function is None or function.compiled_by in HARMLESS_EXTENSIONS or _is_part(access, trigger):
        return None
    name = f"{trigger.name} on {access.declared_name(relation)}"
    drop = f"DROP TRIGGER {quoted(trigger.name)} ON {access.sql_name(relation)};"
    # audit.table.append_only checks the triggers of the audit table.
    flaws = (
        *(() if audited else _guard_flaws(access, trigger, relation, function)),
        *(trigger_flaws(access, relation, function, drop) if trigger.enabled in _FIRES else ()),
    )
    return _judge(access, f"trigger {name}", Approvable.of(access, "trigger", name, trigger.digest), flaws, now)


def trigger_flaws(access: EffectiveAccess, relation: Relation, function: Function, drop: str) -> Iterator[Flaw]:
    """The flaws of a trigger: what its function does with rows of a tenant table, and the rights that it runs with."""
    of_tenants = access.table_class(relation) in _OF_TENANTS
    writers = _writers(access, relation)
    if (of_tenants or writers) and _runs_as_another(access, function):
        owner = access.role(function.owner)
        more = extra_rights(access, owner, writers)
        what = f"{function.name} is SECURITY DEFINER: it runs as {owner.name if owner else 'an unknown role'}, {more}"
        yield Flaw(severity=Severity.CRITICAL if more else Severity.HIGH, what=what.rstrip(", "), repair=drop)
    if not of_tenants:
        return
    if not function.trusted_language:
        what = f"{function.name} is written in {function.language}, which no policy or privilege restricts"
        yield Flaw(severity=Severity.HIGH, what=what, repair=drop)
    if function_bodies.reaches_outside(function):
        yield Flaw(
            severity=Severity.HIGH,
            what=f"{function.name} uses files, connections or large objects, where no policy applies",
            repair=drop,
        )
    if function_bodies.notifies(function):
        what = f"{function.name} sends notifications to listening sessions of all tenants"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    if function_bodies.runs_dynamic_sql(function):
        what = f"{function.name} runs dynamic SQL, whose effect is unknown"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    yield from _copies(access, relation, function, drop)


def _copies(access: EffectiveAccess, relation: Relation, function: Function, drop: str) -> Iterator[Flaw]:
    if not function_bodies.copies_rows(function):
        return
    own = {relation.oid, *relation.parents}
    named = [found for oid in function.mentioned_relations if oid not in own and (found := access.relation(oid))]
    unprotected = [each for each in named if not _is_protected(access, each)]
    if unprotected:
        names = ", ".join(sorted(map(access.declared_name, unprotected)))
        what = f"{function.name} writes rows into {names}, where no policy applies"
        yield Flaw(severity=Severity.HIGH, what=what, repair=drop)
    elif not function.mentioned_relations:
        what = f"{function.name} writes rows to an unknown table"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)


def _is_protected(access: EffectiveAccess, relation: Relation) -> bool:
    """Whether a relation is under policies, or not accessible to any principal."""
    held = access.table_class(relation) in _OF_TENANTS and relation.rls_enabled
    return held or not without_superusers(access.accessible_by(relation), access)


def _guard_flaws(access: EffectiveAccess, trigger: Trigger, relation: Relation, function: Function) -> Iterator[Flaw]:
    table, name = access.sql_name(relation), quoted(trigger.name)
    if trigger.enabled not in _FIRES:
        if access.table_class(relation) in _OF_TENANTS and _rejects_or_sets_key(access, relation, function):
            how = "is disabled" if trigger.enabled == "D" else "fires in replica sessions only"
            what = f"it {how}, although {function.name} rejects statements or sets the tenant key"
            yield Flaw(
                severity=Severity.MEDIUM, what=what, repair=f"ALTER TABLE {table} ENABLE TRIGGER {name}; Or drop it."
            )
        return
    # A role that may replace the function can run code in the statements of every writer; a table owner can anyway.
    owners = [
        b for b in with_owner_rights(access, function.owner) if relation.owner not in access.inherited_roles(b.role.oid)
    ]
    if owners:
        what = f"{role_paths(owners)} may replace {function.name}, which runs in the statements of other roles"
        repair = change_owner(access, "FUNCTION", function.name, function.owner)
        yield Flaw(severity=Severity.CRITICAL, what=what, repair=repair, approvable=False)


def _rejects_or_sets_key(access: EffectiveAccess, relation: Relation, function: Function) -> bool:
    body, key = function_bodies.normalized_body(function), access.tenant_key(relation)
    names = [column.name.lower() for column in key] if isinstance(key, tuple) else []
    sets = any(f"new.{name}" in body or f'new."{name}"' in body for name in names)
    return "raise" in function.body_keywords or sets


def _runs_as_another(access: EffectiveAccess, function: Function) -> bool:
    owner = access.role(function.owner)
    if not function.security_definer or (owner and owner.name in access.tenancy.principals):
        return False
    return function.search_path is None or not function_bodies.only_computes(function, access.inventory.functions)


def _writers(access: EffectiveAccess, relation: Relation) -> tuple[ReachableRole, ...]:
    reached = without_superusers(access.accessible_by(relation), access)
    return tuple(each for each in reached if access.commands(each.role.oid, relation) & _WRITES)


def _oids(roles: Iterable[ReachableRole]) -> Iterator[int]:
    return (each.role.oid for each in roles)


def _is_part(access: EffectiveAccess, trigger: Trigger) -> bool:
    relation = access.relation(trigger.relation)
    parents = relation.parents if relation and relation.partition else ()
    same = (trigger.name, trigger.function)
    return any(each.relation in parents and (each.name, each.function) == same for each in access.inventory.triggers)


def _judge_rule(access: EffectiveAccess, rule: RewriteRule, now: datetime) -> Verdict | None:
    relation = access.relation(rule.relation)
    if relation is None or rule.enabled not in _FIRES:
        return None
    name = f"{rule.name} on {access.declared_name(relation)}"
    entry = Approvable.of(access, "rule", name, rule.digest)
    return _judge(access, f"rule {name}", entry, rule_flaws(access, rule, relation), now)


def rule_flaws(access: EffectiveAccess, rule: RewriteRule, relation: Relation) -> Iterator[Flaw]:
    """The flaw of a rule: it is on a tenant table, or reaches one with the rights of the owner of its own table."""
    touched = [
        found
        for oid in rule.referenced_relations
        if (found := access.relation(oid)) and access.table_class(found) in _OF_TENANTS
    ]
    of_tenants = access.table_class(relation) in _OF_TENANTS
    writers = _writers(access, relation)
    for read in access.catalogue_reads_of(relation):
        if read.rule == rule.name and not read.by_role and lends(access, read, relation.owner, _oids(writers)):
            drop = f"DROP RULE {quoted(rule.name)} ON {access.sql_name(relation)};"
            what = f"it reads {read.relation} with the rights of the table owner"
            yield Flaw(severity=catalogue_severity(read), what=what, repair=drop)
    if of_tenants or (touched and writers):
        does = "replaces" if rule.instead else "adds to"
        others = sorted(
            access.declared_name(each) for oid in rule.referenced_relations if (each := access.relation(oid))
        )
        what = f"it {does} every {rule.event} on {access.declared_name(relation)}, with the rights of the table owner"
        what += f", and reaches {', '.join(others)}" if others else ""
        drop = f"DROP RULE {quoted(rule.name)} ON {access.sql_name(relation)};"
        yield Flaw(severity=Severity.HIGH if of_tenants else Severity.CRITICAL, what=what, repair=drop)
