"""Side effects of a write: triggers and rules whose effects a rollback may not undo."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.components import Database
from basewatch.digests import same_digest
from checks.tenancy.flaws import Approvable
from checks.tenancy.stored_code import function_bodies
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.code import RewriteRule, Trigger
from isolation.inventory.relations import Command, ForeignKey, Relation

# The bits of pg_trigger.tgtype, from the server's catalog/pg_trigger.h.
_BITS: Final = {Command.INSERT: 4, Command.DELETE: 8, Command.UPDATE: 16}
_ROW_COMMANDS: Final = 4 | 8 | 16
_FOR_EACH_ROW: Final = 1
_BEFORE: Final = 2
_INSTEAD: Final = 64
_FIRES: Final = frozenset({"O", "A"})
# Letters of pg_constraint for the referential actions CASCADE, SET NULL and SET DEFAULT.
_ACTIONS: Final = frozenset({"c", "n", "d"})


# pg_proc: suppress_redundant_updates_trigger, tsvector_update_trigger, tsvector_update_trigger_column.
_PLAIN_BUILTINS: Final = frozenset({1291, 3752, 3753})
# Their trigger functions set a column of the new row to the time or to the user.
_PLAIN_EXTENSIONS: Final = frozenset({"moddatetime", "insert_username"})
# Built-in functions whose effects outlive a rollback, or reach other sessions.
_EFFECTS: Final = re.compile(
    r"\b(?:nextval|setval|pg_notify|pg_(?:try_)?advisory_lock\w*|pg_logical_emit_message|pg_(?:terminate|cancel)_backend"
    r"|pg_reload_conf|pg_rotate_logfile|pg_stat_reset\w*|pg_switch_wal|pg_replication_\w+|pg_create_\w+|pg_sleep\w*)\s*\("
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """A trigger or rule that a command on a table would fire; `guard` is the name of a trigger in audit.triggers."""

    table: str
    command: str
    approvable: Approvable
    guard: str = ""

    def approved(self, database: Database, now: datetime) -> bool:
        """Whether it is approved, in tenancy.approved_objects or in audit.triggers."""
        guards = database.audit.triggers if database.audit else {}
        bare = Approvable(kind=self.approvable.kind, name=self.guard, digest=self.approvable.digest)
        return (
            self.approvable.approved(database.tenancy, now)
            or bare.approved(database.tenancy, now)
            or bool(self.guard and same_digest(self.approvable.digest, guards.get(self.guard)))
        )


def side_effects(access: EffectiveAccess, relation: Relation, command: Command) -> tuple[SideEffect, ...]:
    """The triggers and rules that a command would fire and that do more than compute and raise, sorted by name."""
    found = {(each.approvable.kind, each.approvable.name): each for each in _fired(access, relation, command)}
    return tuple(found[key] for key in sorted(found))


def may_replace_key(access: EffectiveAccess, relation: Relation, command: Command) -> bool:
    """Whether a trigger or a rule may store another tenant key than the one that a command sends."""
    touched = _touched(access, relation, command)
    return any(rule.relation in touched and rule.enabled in _FIRES for rule in access.inventory.rewrite_rules) or any(
        trigger.enabled in _FIRES
        and trigger.type & touched.get(trigger.relation, 0)
        and (trigger.type & _INSTEAD or (trigger.type & _BEFORE and trigger.type & _FOR_EACH_ROW))
        for trigger in access.inventory.triggers
    )


def _fired(access: EffectiveAccess, relation: Relation, command: Command) -> Iterator[SideEffect]:
    table = access.declared_name(relation)
    touched = _touched(access, relation, command)
    for trigger in access.inventory.triggers:
        bits = touched.get(trigger.relation, 0)
        if trigger.enabled in _FIRES and trigger.type & bits and not _is_plain(access, trigger):
            name = f"{trigger.name} on {_name(access, trigger.relation)}"
            approvable = Approvable.of(access, "trigger", name, trigger.digest)
            yield SideEffect(table=table, command=command, approvable=approvable, guard=trigger.name)
    for rule in access.inventory.rewrite_rules:
        if rule.relation in touched and rule.enabled in _FIRES and _concerns(rule, command):
            name = f"{rule.name} on {_name(access, rule.relation)}"
            yield SideEffect(table=table, command=command, approvable=Approvable.of(access, "rule", name, rule.digest))


def _concerns(rule: RewriteRule, command: Command) -> bool:
    return rule.event == command


def _is_plain(access: EffectiveAccess, trigger: Trigger) -> bool:
    """Whether its function only computes and raises, so that a rollback undoes all effects."""
    function = access.function(trigger.function)
    if function is None:
        return trigger.function in _PLAIN_BUILTINS
    if function.compiled_by in _PLAIN_EXTENSIONS:
        return True
    return (
        function_bodies.only_computes(function, access.inventory.functions)
        and not function_bodies.reaches_outside(function)
        and not _EFFECTS.search(function_bodies.normalized_body(function))
    )


def _name(access: EffectiveAccess, oid: int) -> str:
    relation = access.relation(oid)
    return access.declared_name(relation) if relation else str(oid)


def _touched(access: EffectiveAccess, relation: Relation, command: Command) -> Mapping[int, int]:
    """The relations that a command may write: partitions, relations of a view, and targets of referential actions."""
    bits = _BITS[command]
    # An UPDATE that moves a row to another partition is a DELETE and an INSERT.
    moves = any(part.partition for part in access.table_classes.descendants(relation))
    keys = defaultdict[int, list[ForeignKey]](list)
    for key in access.inventory.foreign_keys:
        keys[key.target].append(key)
    touched = {relation.oid: _ROW_COMMANDS if moves and command is Command.UPDATE else bits}
    pending = [relation.oid]
    while pending:
        oid = pending.pop()
        for next_oid, bits in _written_with(access, oid, touched[oid], keys[oid]):
            if bits & ~touched.get(next_oid, 0):
                touched[next_oid] = touched.get(next_oid, 0) | bits
                pending.append(next_oid)
    return touched


def _written_with(
    access: EffectiveAccess, oid: int, bits: int, keys: Iterable[ForeignKey]
) -> Iterator[tuple[int, int]]:
    """What is written with a relation that the foreign keys `keys` reference."""
    relation = access.relation(oid)
    if relation is not None:
        yield from ((part.oid, bits) for part in access.table_classes.descendants(relation))
        yield from ((used, bits) for used in relation.referenced_relations)
    for key in keys:
        if _has_action(key, bits):
            yield key.relation, _BITS[Command.UPDATE] | _BITS[Command.DELETE]


def _has_action(key: ForeignKey, bits: int) -> bool:
    deletes, updates = bits & _BITS[Command.DELETE], bits & _BITS[Command.UPDATE]
    return bool((deletes and key.on_delete in _ACTIONS) or (updates and key.on_update in _ACTIONS))
