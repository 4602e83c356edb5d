"""The plan of the attempts to write one relation: the commands, and the columns and values to use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from basewatch.postgres.write_statements import CopiedColumn, NewValue, key_columns
from checks.tenancy.probes.probe_targets import ProbeTarget
from checks.tenancy.probes.trial_values import without_length
from checks.tenancy.probes.write_side_effects import may_replace_key
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Column, Command, Relation, RelationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectfulDefault:
    """A column whose default has effects that no rollback undoes; `always` says that it is an always generated one."""

    relation: int
    name: str
    always: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """The attempts on one relation: the commands, those that may write the key, and the columns to use.

    `touch` is the column that an UPDATE sets, empty without one. `nulls` get NULL, and `copied` their values, so that
    no default with effects runs; `numbered` are those that the role may not write. `replaces_key` says that a trigger
    or a rule may store another tenant key than the one that is sent.
    """

    target: ProbeTarget
    commands: frozenset[Command]
    keyed: frozenset[Command]
    touch: str = ""
    nulls: tuple[str, ...] = ()
    copied: tuple[CopiedColumn, ...] = ()
    numbered: tuple[str, ...] = ()
    replaces_key: bool = False

    @property
    def has_cursor(self) -> bool:
        """Whether rows can be written at a cursor."""
        return self.target.relation.kind is not RelationKind.VIEW

    @property
    def look(self) -> bool:
        """Whether a write must look at whose row it stored, and can."""
        return self.replaces_key and self.target.reads_key


_NEW: Final[Mapping[str, NewValue]] = {
    "smallint": NewValue.SMALL_NUMBER,
    "integer": NewValue.NUMBER,
    "bigint": NewValue.NUMBER,
    "numeric": NewValue.NUMBER,
    "uuid": NewValue.UUID,
    "text": NewValue.TEXT,
    "character varying": NewValue.TEXT,
}


def write_plan(
    access: EffectiveAccess,
    principal: str,
    target: ProbeTarget,
    commands: frozenset[Command],
    defaults: Iterable[EffectfulDefault],
) -> WritePlan:
    """The plan of these commands of a principal on one relation."""
    role = access.role_named(principal)
    oid, relation = role.oid if role else 0, target.relation
    key = key_columns(target.probed)
    given = {c: access.columns_with_privilege(oid, relation, c) for c in (Command.INSERT, Command.UPDATE)}
    readable = access.columns_with_privilege(oid, relation, "SELECT")
    free = [column for column in relation.columns if not column.generated]
    names = {column.name for column in free}
    effectful = [each for each in defaults if each.relation in {relation.oid, *relation.referenced_relations}]
    always = {each.name for each in effectful if each.always}
    run = {each.name for each in effectful} - set(key)
    touchable = [c.name for c in free if c.name in given[Command.UPDATE] & readable and c.name not in always]
    insertable = names & given[Command.INSERT]
    return WritePlan(
        target=target,
        commands=commands,
        keyed=frozenset(c for c, columns in given.items() if set(key) <= columns & names and c in commands),
        touch=next((name for name in key if name in touchable), touchable[0] if touchable else ""),
        nulls=tuple(sorted(run & insertable)),
        copied=tuple(copied_columns(access, relation, insertable & readable, run)),
        numbered=tuple(sorted(run - insertable)),
        replaces_key=any(may_replace_key(access, relation, c) for c in (Command.INSERT, Command.UPDATE)),
    )


def copied_columns(
    access: EffectiveAccess,
    relation: Relation,
    usable: AbstractSet[str],
    effectful: AbstractSet[str],
    *,
    own: bool = False,
) -> Iterator[CopiedColumn]:
    """The columns of a copied row: new values where they must be unique, unless a harmless default provides one.

    With `own` the copy stays with the tenant, so that values that are unique within it must be new too.
    """
    unique = _unique_columns(access, relation, within_tenant=own)
    for column in relation.columns:
        if column.name not in usable:
            continue
        if column.name in effectful or (column.number in unique and not column.has_default):
            yield CopiedColumn(name=column.name, value=_new_value(column))
        elif column.number not in unique:
            yield CopiedColumn(name=column.name)


def _new_value(column: Column) -> NewValue:
    return _NEW.get(without_length(column.type_name), NewValue.COPY)


def _unique_columns(access: EffectiveAccess, relation: Relation, *, within_tenant: bool) -> frozenset[int]:
    """The numbers of the columns in unique indexes, without those of the tenant key; else of indexes without it."""
    key = access.tenant_key(relation)
    tenant = {column.number for column in key} if isinstance(key, tuple) else set[int]()
    found = (index.columns for index in access.indexes_of(relation) if index.unique or index.exclusion)
    across = (columns for columns in found if within_tenant or not tenant or not tenant <= set(columns))
    return frozenset(number for columns in across for number in columns) - tenant
