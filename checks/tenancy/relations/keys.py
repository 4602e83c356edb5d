"""The tenant key of one table: what is wrong with it, and which column looks like one that nobody declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from checks.tenancy.showing import showing
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, ForeignKey, Relation
from isolation.inventory.standing import Standing
from isolation.inventory.world import World


def key_flaws(world: World, relation: Relation, *, proven: Callable[[], bool]) -> Iterator[Flaw]:
    """What is wrong with the columns of the key; `proven` tells whether no policy can show a row without a tenant."""
    key = world.key(relation)
    if not isinstance(key, tuple) or world.standing(relation) is not Standing.TENANT:
        return
    table = world.sql_name(relation)
    for column in key:
        inherited = [_same(world, parent, column) for parent in relation.parents]
        if not column.not_null and all(parent is None or parent.not_null for parent in inherited):
            hidden = proven()
            doubt = "" if hidden else ", and its policies are not proven to hide it"
            yield Flaw(
                severity=Severity.MEDIUM if hidden else Severity.HIGH,
                what=f"{column.name} may be NULL, and a row without a tenant is nobody's{doubt}",
                repair=f"ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} SET NOT NULL;",
            )
        if column.fixed and not any(parent and parent.fixed for parent in inherited):
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{column.name} has a constant as its DEFAULT, so that one tenant gets what names none",
                repair=f"ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} DROP DEFAULT;",
            )
        if not column.deterministic and all(parent is None or parent.deterministic for parent in inherited):
            yield Flaw(
                severity=Severity.HIGH,
                what=f"{column.name} has a nondeterministic collation, by which two tenants may be equal",
                repair=f'ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} TYPE {column.type_name} COLLATE "C";',
                about=showing(world, relation),
            )


def _same(world: World, parent: int, column: Column) -> Column | None:
    found = world.relation(parent)
    return found.column(column.name) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What links an unclassified table to the tenants, in words, and the entry to declare it by; empty without."""

    observed: str = ""
    remedy: str = ""


def likely_key(world: World, relation: Relation) -> Hint:
    """The foreign key by which a table's rows belong to a tenant, if there is one."""
    keys = [key for key in world.inventory.foreign_keys if key.relation == relation.oid]
    for standing in (Standing.ROOT, Standing.TENANT):
        for key in keys:
            target = world.relation(key.target)
            if target is not None and world.standing(target) is standing:
                return _hint(world, relation, key, target)
    return Hint()


def _hint(world: World, relation: Relation, key: ForeignKey, target: Relation) -> Hint:
    own, other = _names(relation, key.columns), _names(target, key.target_columns)
    name, parent = world.name(relation), world.name(target)
    observed = f"; {', '.join(own)} refers to {parent}, which is a {world.standing(target)}"
    if world.standing(target) is Standing.ROOT:
        entry = f"{quoted(name)}: [{', '.join(map(quoted, own))}]"
    else:
        on = ", ".join(f"{quoted(mine)}: {quoted(theirs)}" for mine, theirs in zip(own, other, strict=True))
        entry = f"{quoted(name)}: {{parent: {quoted(parent)}, on: {{{on}}}}}"
    remedy = f"Declare its tenant key in tenancy.keys, {entry}, and put it under row-level security. "
    return Hint(observed=observed, remedy=remedy)


def _names(relation: Relation, numbers: tuple[int, ...]) -> list[str]:
    by_number = {column.number: column.name for column in relation.columns}
    return [by_number.get(number, "?") for number in numbers]
