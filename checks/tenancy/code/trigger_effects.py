"""The check that no trigger or rule carries tenants' rows to where no policy holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.code import bodies
from checks.tenancy.code.definers import rights_beyond
from checks.tenancy.code.event_triggers import event_trigger_flaws
from checks.tenancy.exits.harmless import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import Entry, Flaw, closed_world, judged, ordinary, owning, paths, standing_flaws
from isolation.inventory import Inventory
from isolation.inventory.code import Function, Rule, Trigger
from isolation.inventory.identities import Becomes
from isolation.inventory.naming import quoted
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Relation
from isolation.inventory.standing import Standing
from isolation.inventory.world import World, world

_OF_TENANTS: Final = frozenset({Standing.TENANT, Standing.ROOT, Standing.MEMBERS})
_FIRES: Final = frozenset({"O", "A"})
_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE"})
_EXPECTED = "triggers and rules that keep rows where policies hold them"


@check(
    "tenancy.rls.triggers",
    component=Database,
    observe=inventory,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def triggers_keep_rows_in_place(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No trigger or rule copies tenants' rows, tells of them or runs with the rights of somebody else.

    Why: A trigger runs in every statement that touches the table, a rule's action has the rights of the table's owner,
    and an event trigger sees every migration: one line in any of them takes rows past all policies.
    Reads: pg_trigger, pg_rewrite and pg_event_trigger, with the functions they run.
    Unverified when: The catalogue cannot be read.
    Fix: DROP TRIGGER or DROP RULE what nobody needs; read the others and vouch for them in tenancy.allowed.
    Source: https://www.postgresql.org/docs/15/rules-privileges.html
    """
    known = world(facts, database.tenancy)
    audited = _audited(known, database)
    vouched = set(database.audit.guards.values()) if database.audit else set[str]()
    found = [
        *(
            _judge_trigger(known, each, now, audited=each.relation in audited)
            for each in facts.triggers
            if each.digest not in vouched
        ),
        *(_judge_rule(known, each, now) for each in facts.rules if each.relation not in audited),
        *(
            _judge(known, f"event trigger {each.name}", Entry(kind="event_trigger", name=each.name, digest=each.digest),
                   event_trigger_flaws(known, each), now)
            for each in facts.event_triggers
        ),
    ]  # fmt: skip
    summary = "Triggers and rules keep tenants' rows where policies hold them"
    yield from closed_world((each for each in found if each), summary, observed=f"{len(found)} triggers and rules")


def _audited(known: World, database: Database) -> frozenset[int]:
    """The audit table with its parts, where its own check judges the rules."""
    audit = database.audit
    relation = known.relation_named(audit.table) if audit and audit.append_only else None
    each = known.inventory.relations if relation else ()
    return frozenset(r.oid for r in each if relation in known.standings.lineage(r))


def _judge(known: World, subject: str, entry: Entry, flaws: Iterable[Flaw], now: datetime) -> Verdict | None:
    left = standing_flaws(flaws, entry, known, now)
    if not left:
        return None
    return judged(subject, f"The {subject} takes rows past policies", left, expected=_EXPECTED, entry=entry)


def _judge_trigger(known: World, trigger: Trigger, now: datetime, *, audited: bool) -> Verdict | None:
    relation, function = known.relation(trigger.relation), known.function(trigger.function)
    if relation is None or function is None or function.extension in HARMLESS_EXTENSIONS or _is_part(known, trigger):
        return None
    name = f"{trigger.name} on {known.name(relation)}"
    drop = f"DROP TRIGGER {quoted(trigger.name)} ON {known.sql_name(relation)};"
    # Whether a guard of the audit table sleeps or may be rewritten is judged where the audit table is.
    flaws = (
        *(() if audited else _guard_flaws(known, trigger, relation, function)),
        *(trigger_flaws(known, relation, function, drop) if trigger.enabled in _FIRES else ()),
    )
    return _judge(known, f"trigger {name}", Entry(kind="trigger", name=name, digest=trigger.digest), flaws, now)


def trigger_flaws(known: World, relation: Relation, function: Function, drop: str) -> Iterator[Flaw]:
    """What is wrong with a trigger: what its function does with the rows of a tenant table, or as whom it runs."""
    of_tenants = known.standing(relation) in _OF_TENANTS
    writers = _writers(known, relation)
    if (of_tenants or writers) and _runs_as_another(known, function):
        owner = known.role(function.owner)
        more = rights_beyond(known, owner, writers)
        what = f"{function.name} is SECURITY DEFINER: it runs as {owner.name if owner else 'a lost role'}, {more}"
        yield Flaw(severity=Severity.CRITICAL if more else Severity.HIGH, what=what.rstrip(", "), repair=drop)
    if not of_tenants:
        return
    if not function.trusted:
        what = f"{function.name} is written in {function.language}, which no policy and no privilege binds"
        yield Flaw(severity=Severity.HIGH, what=what, repair=drop)
    if bodies.reaches_outside(function):
        yield Flaw(severity=Severity.HIGH, what=f"{function.name} sends to where no policy holds", repair=drop)
    if bodies.notifies(function):
        what = f"{function.name} tells every session that listens, of whichever tenant"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    if bodies.puts_statements_together(function):
        what = f"{function.name} runs statements that it puts together, and nobody can tell which"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    yield from _copies(known, relation, function, drop)


def _copies(known: World, relation: Relation, function: Function, drop: str) -> Iterator[Flaw]:
    if not bodies.copies(function):
        return
    own = {relation.oid, *relation.parents}
    named = [found for oid in function.names if oid not in own and (found := known.relation(oid))]
    loose = [each for each in named if not _held(known, each)]
    if loose:
        what = f"{function.name} writes rows into {', '.join(sorted(map(known.name, loose)))}, which no policy holds"
        yield Flaw(severity=Severity.HIGH, what=what, repair=drop)
    elif not function.names:
        what = f"{function.name} writes rows, and nobody can tell where to"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)


def _held(known: World, relation: Relation) -> bool:
    """Whether rows in it are under policies, or out of reach of every principal."""
    held = known.standing(relation) in _OF_TENANTS and relation.enabled
    return held or not ordinary(known.reached_by(relation), known)


def _guard_flaws(known: World, trigger: Trigger, relation: Relation, function: Function) -> Iterator[Flaw]:
    table, name = known.sql_name(relation), quoted(trigger.name)
    if trigger.enabled not in _FIRES:
        if known.standing(relation) in _OF_TENANTS and _guards(known, relation, function):
            how = "is disabled" if trigger.enabled == "D" else "fires in replica sessions only"
            what = f"it {how}, and {function.name} refuses statements or sets the tenant"
            yield Flaw(
                severity=Severity.MEDIUM, what=what, repair=f"ALTER TABLE {table} ENABLE TRIGGER {name}; or drop it."
            )
        return
    # Who may replace the function has code of its own run by everybody who writes the table, unless it has that anyway.
    owners = [b for b in owning(known, function.owner) if relation.owner not in known.inherited(b.role.oid)]
    if owners:
        what = f"{paths(owners)} may rewrite {function.name}, which runs in the statements of others"
        repair = f"ALTER FUNCTION {function.name} OWNER TO <a role that no principal can become>;"
        yield Flaw(severity=Severity.CRITICAL, what=what, repair=repair, personal=False)


def _guards(known: World, relation: Relation, function: Function) -> bool:
    body, key = bodies.code(function), known.key(relation)
    names = [column.name.lower() for column in key] if isinstance(key, tuple) else []
    sets = any(f"new.{name}" in body or f'new."{name}"' in body for name in names)
    return "raise" in function.mentions or sets


def _runs_as_another(known: World, function: Function) -> bool:
    owner = known.role(function.owner)
    if not function.definer or (owner and owner.name in known.tenancy.principals):
        return False
    return function.search_path is None or not bodies.is_plain(function, known.inventory.functions)


def _writers(known: World, relation: Relation) -> tuple[Becomes, ...]:
    reached = ordinary(known.reached_by(relation), known)
    return tuple(each for each in reached if known.commands(each.role.oid, relation) & _WRITES)


def _is_part(known: World, trigger: Trigger) -> bool:
    relation = known.relation(trigger.relation)
    parents = relation.parents if relation and relation.partition else ()
    same = (trigger.name, trigger.function)
    return any(each.relation in parents and (each.name, each.function) == same for each in known.inventory.triggers)


def _judge_rule(known: World, rule: Rule, now: datetime) -> Verdict | None:
    relation = known.relation(rule.relation)
    if relation is None or rule.enabled not in _FIRES:
        return None
    name = f"{rule.name} on {known.name(relation)}"
    entry = Entry(kind="rule", name=name, digest=rule.digest)
    return _judge(known, f"rule {name}", entry, rule_flaws(known, rule, relation), now)


def rule_flaws(known: World, rule: Rule, relation: Relation) -> Iterator[Flaw]:
    """What is wrong with a rule: it stands on a tenant table, or writes one with the rights of another one's owner."""
    touched = [found for oid in rule.uses if (found := known.relation(oid)) and known.standing(found) in _OF_TENANTS]
    of_tenants = known.standing(relation) in _OF_TENANTS
    if of_tenants or (touched and _writers(known, relation)):
        does = "replaces" if rule.instead else "adds to"
        others = sorted(known.name(each) for oid in rule.uses if (each := known.relation(oid)))
        what = f"it {does} every {rule.event} on {known.name(relation)}, with the rights of the table's owner"
        what += f", and reaches {', '.join(others)}" if others else ""
        drop = f"DROP RULE {quoted(rule.name)} ON {known.sql_name(relation)};"
        yield Flaw(severity=Severity.HIGH if of_tenants else Severity.CRITICAL, what=what, repair=drop)
