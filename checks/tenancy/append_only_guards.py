"""The triggers of the audit table: which statements they reject, and the flaws of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from basewatch.digests import same_digest
from checks.tenancy.stored_code.function_bodies import Stops, normalized_body, stops
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.code import Function, Trigger
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation

# The bits of pg_trigger.tgtype, from the server's catalog/pg_trigger.h.
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_FIRES: Final = frozenset({"O", "A"})
_DISCARDS: Final = re.compile(r"\breturn\s+(?:null|old)\s*;")
# Only constants: a computed value, such as the time or a checksum, may belong in a record.
_OVERWRITES: Final = re.compile(
    r"\bnew\.(?:\w+|\"[^\"]+\")\s*:?=\s*(?:\w*'[^']*'|[\d…][\d.…]*|null|true|false)\s*(?:::[\w\s]+)?;"
)


class MutatingStatement(StrEnum):
    """A statement that changes or removes records."""

    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"


_BITS: Final = {
    MutatingStatement.UPDATE: _UPDATE,
    MutatingStatement.DELETE: _DELETE,
    MutatingStatement.TRUNCATE: _TRUNCATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One trigger that fires unconditionally, and whether it stops the statements that it fires on."""

    statements: frozenset[MutatingStatement]
    stops: Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """The triggers of one table.

    `trigger_functions` are the functions of its triggers; `declared` are the declared ones with their digests; `flaws`
    are pairs of a description and a repair.
    """

    declared: Mapping[str, str]
    triggers: tuple[Trigger, ...]
    trigger_functions: tuple[Function, ...]
    guards: tuple[Guard, ...]
    flaws: tuple[tuple[str, str], ...]

    @property
    def function_labels(self) -> tuple[str, ...]:
        """The functions of the triggers with their languages, sorted by name."""
        return tuple(sorted(f"{function.name} in {function.language}" for function in self.trigger_functions))

    def stopped(self, event: MutatingStatement) -> Stops:
        """Whether any trigger stops the event: YES if one does, UNKNOWN if none does for certain and one may."""
        found = {guard.stops for guard in self.guards if event in guard.statements}
        return next((answer for answer in (Stops.YES, Stops.UNKNOWN) if answer in found), Stops.NO)


def guards_of(access: EffectiveAccess, relation: Relation, declared: Mapping[str, str]) -> Guards:
    """The guards of a table; `declared` maps the declared triggers to their digests, and is empty without any."""
    triggers = tuple(sorted((t for t in access.inventory.triggers if t.relation == relation.oid), key=lambda t: t.name))
    functions = {t.function: found for t in triggers if (found := access.function(t.function))}
    return Guards(
        declared=declared,
        triggers=triggers,
        trigger_functions=tuple(sorted(functions.values(), key=lambda function: function.name)),
        guards=tuple(_guard(trigger, functions.get(trigger.function), declared) for trigger in triggers),
        flaws=(
            *(_undeclared(access, relation, triggers, declared) if declared else ()),
            *_discarding(access, relation, triggers, functions, declared),
        ),
    )


def _guard(trigger: Trigger, function: Function | None, declared: Mapping[str, str]) -> Guard:
    always = trigger.enabled in _FIRES and not trigger.has_when
    events = frozenset(event for event, bit in _BITS.items() if always and trigger.type & bit)
    if trigger.columns:
        events -= {MutatingStatement.UPDATE}
    if function is None:
        return Guard(statements=events, stops=Stops.NO)
    answer = stops(function, before_each_row=trigger.type & (_ROW | _BEFORE) == _ROW | _BEFORE)
    approved = same_digest(trigger.digest, declared.get(trigger.name))
    return Guard(statements=events, stops=Stops.YES if answer is Stops.UNKNOWN and approved else answer)


def guard_sql(access: EffectiveAccess, relation: Relation, guards: Guards, events: Sequence[MutatingStatement]) -> str:
    """The statements that create the guards of some events: triggers that fire in every session, and their function.

    They are made of what is there: a function that raises, and the declared triggers that are missing or differ.
    """
    table = access.sql_name(relation)
    function = next(
        (each for each in guards.trigger_functions if stops(each, before_each_row=False) is Stops.YES), None
    )
    name = function.name if function else f"{quoted(relation.schema)}.refuse_audit_change()"
    create = (
        ""
        if function
        else f"CREATE OR REPLACE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit records cannot be changed'; END $$; "
    )
    made = list[str]()
    for each in ((MutatingStatement.UPDATE, MutatingStatement.DELETE), (MutatingStatement.TRUNCATE,)):
        wanted = [event for event in each if event in events]
        if wanted:
            old = None if relation.parents else _differing(guards, each)
            on = [event for event in MutatingStatement if event in wanted or (old and old.type & _BITS[event])]
            trigger = quoted(old.name if old else _missing(relation, guards, wanted))
            by_row = MutatingStatement.TRUNCATE not in on and (old is None or old.type & _ROW)
            made.append(
                f"CREATE OR REPLACE TRIGGER {trigger} BEFORE {' OR '.join(on)} ON {table} "
                f"FOR EACH {'ROW' if by_row else 'STATEMENT'} EXECUTE FUNCTION {name}; "
                f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger};"
            )
    digests = " Then declare in audit.triggers what the next check prints for them." if guards.declared else ""
    return f"{create}{' '.join(made)}{digests}"


def _differing(guards: Guards, events: Sequence[MutatingStatement]) -> Trigger | None:
    """A declared trigger that is not as it was declared and does nothing but guard one of these events."""
    bits = sum(_BITS[event] for event in events)
    return next(
        (
            each
            for each in guards.triggers
            if guards.declared.get(each.name, each.digest) != each.digest
            and each.type & bits
            and not each.type & _INSERT
        ),
        None,
    )


def _missing(relation: Relation, guards: Guards, events: Sequence[MutatingStatement]) -> str:
    """The name of a declared trigger that does not exist, or a new name."""
    existing = {each.name for each in guards.triggers}
    names = [] if relation.parents else sorted(guards.declared.keys() - existing)
    truncates = MutatingStatement.TRUNCATE in events
    matching = [name for name in names if ("truncate" in name.lower()) == truncates]
    return next(iter(matching), f"refuse_audit_{events[0].lower()}")


def _undeclared(
    access: EffectiveAccess, relation: Relation, triggers: tuple[Trigger, ...], declared: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    existing = {trigger.name for trigger in triggers}
    # Only the parent table must have every declared trigger; a partition also inherits triggers.
    missing = () if relation.parents else sorted(declared.keys() - existing)
    for name in missing:
        repair = "Create it again from your migrations. Or remove it from audit.triggers."
        yield f"the declared trigger {name} does not exist", repair
    for trigger in triggers:
        declare = f"Or, after you have read it, declare it in audit.triggers: {trigger.name}: {trigger.digest}"
        name, table = quoted(trigger.name), access.sql_name(relation)
        if trigger.name not in declared:
            function = access.function(trigger.function)
            guards = function is not None and stops(function, before_each_row=False) is Stops.YES
            drop = f"DROP TRIGGER {name} ON {table};"
            yield (
                f"the trigger {trigger.name} is not declared",
                f"{declare} Or {drop}" if guards else f"{drop} {declare}",
            )
        elif declared[trigger.name] != trigger.digest:
            what = f"the trigger {trigger.name} or its function differs from the declared digest"
            always = "" if trigger.enabled == "A" else f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}; "
            yield what, f"{always}Then, if it still differs, restore it from your migrations. {declare}"


def _discarding(
    access: EffectiveAccess,
    relation: Relation,
    triggers: tuple[Trigger, ...],
    functions: Mapping[int, Function],
    declared: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """BEFORE INSERT row triggers that discard records with RETURN NULL, or overwrite their values."""
    for trigger in triggers:
        function = functions.get(trigger.function)
        before = trigger.type & (_ROW | _BEFORE | _INSERT) == _ROW | _BEFORE | _INSERT
        if function is None or not before or trigger.enabled not in _FIRES:
            continue
        if same_digest(trigger.digest, declared.get(trigger.name)):
            continue
        drop = f"DROP TRIGGER {quoted(trigger.name)} ON {access.sql_name(relation)};"
        if _DISCARDS.search(normalized_body(function)):
            yield f"the trigger {trigger.name} discards records on INSERT", drop
        elif _OVERWRITES.search(normalized_body(function)):
            yield f"the trigger {trigger.name} overwrites values of records on INSERT", drop
