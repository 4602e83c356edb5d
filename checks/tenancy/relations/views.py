"""What a view shows: followed down to its tables, each read with the rights that PostgreSQL reads it with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from basewatch.model import Severity
from checks.tenancy.flaws import Approvable, Flaw
from checks.tenancy.identity.relation_access import RelationAccess, commands_of, revoke_sql
from checks.tenancy.relations.owner_access import OwnerAccess, Visibility
from checks.tenancy.showing import visible_through
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation, RelationKind

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewExposure:
    """What is wrong with a view, and what nobody could tell."""

    flaws: tuple[Flaw, ...]
    unproven: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A view on the way down: `reads_as` is the owner of the nearest view above that lends its rights, `lent_by`."""

    path: tuple[str, ...]
    lent_by: Relation
    commands: frozenset[Command]
    published: bool
    readers: tuple[RelationAccess, ...]

    @property
    def reads_as(self) -> int:
        return self.lent_by.owner

    def __str__(self) -> str:
        return " -> ".join(self.path)


class ViewAnalysis:
    """Follows the views of one world."""

    def __init__(self, access: EffectiveAccess, now: datetime, owners: OwnerAccess) -> None:
        self._world = access
        self._now = now
        self._owners = owners

    def exposure(self, view: Relation, reached: tuple[RelationAccess, ...]) -> ViewExposure:
        """What a view or materialized view shows those who reach it.

        A view with security_invoker shows only what its readers reach themselves, so that it adds nothing.
        """
        name = self._world.declared_name(view)
        step = _Step(
            path=(name,),
            lent_by=view,
            commands=commands_of(reached),
            published=name in self._world.tenancy.shared,
            readers=reached,
        )
        found: list[Flaw | str] = []
        if view.kind is RelationKind.MATERIALIZED_VIEW:
            found += self._stored(view, step)
        elif not view.security_invoker:
            found += self._lent(view, step)
        take, about = revoke_sql(self._world, view, reached), visible_through(self._world, view)
        return ViewExposure(
            flaws=tuple(replace(f, repair=f"{f.repair} Or {take}", about=about) for f in found if isinstance(f, Flaw)),
            unproven=tuple(dict.fromkeys(each for each in found if isinstance(each, str))),
        )

    def _vouched(self, view: Relation) -> bool:
        return Approvable(kind="view", name=self._world.declared_name(view), digest=view.digest).approved(
            self._world, self._now
        )

    def _lent(self, view: Relation, step: _Step) -> Iterator[Flaw | str]:
        """All that one view reads; who vouches for it vouches for what it reads itself, and not for views in it."""
        for oid in view.referenced_relations:
            used = self._world.relation(oid)
            if used is not None and self._world.declared_name(used) not in step.path:
                yield from self._used(used, step)

    def _used(self, used: Relation, step: _Step) -> Iterator[Flaw | str]:
        below = replace(step, path=(*step.path, self._world.declared_name(used)))
        match used.kind:
            case RelationKind.VIEW:
                yield from self._lent(used, below if used.security_invoker else replace(below, lent_by=used))
            case RelationKind.MATERIALIZED_VIEW:
                yield from () if self._vouched(step.lent_by) else self._stored(used, below)
            case RelationKind.SEQUENCE:
                return
            case _:
                yield from () if self._vouched(step.lent_by) else self._table(used, below)

    def _stored(self, view: Relation, step: _Step) -> Iterator[Flaw]:
        """A materialized view holds what its owner saw when it was refreshed, and row security cannot stand on it."""
        if self._vouched(view) or (step.published and not self._holds_tenants(view, set())):
            return
        what = "holds rows as its owner saw them, and row security cannot stand on it"
        severity = Severity.CRITICAL if self._holds_tenants(view, set()) else Severity.HIGH
        yield Flaw(
            severity=severity,
            what=f"{step} {what}",
            repair="Replace it by a table under row security.",
        )

    def _holds_tenants(self, view: Relation, seen: set[int]) -> bool:
        """Whether tenants' rows may be in it: those of its tables, or whatever a function gave it."""
        if view.referenced_functions:
            return True
        seen.add(view.oid)
        used = [
            relation for oid in view.referenced_relations if oid not in seen and (relation := self._world.relation(oid))
        ]
        return any(
            self._holds_tenants(relation, seen)
            if relation.kind in {RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW}
            else self._is_tenants(relation)
            for relation in used
        )

    def _is_tenants(self, relation: Relation) -> bool:
        standing = self._world.table_class(relation)
        published = self._world.declared_name(relation) in self._world.tenancy.shared
        return standing in {TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS} and not published

    def _table(self, table: Relation, step: _Step) -> Iterator[Flaw | str]:
        standing, name = self._world.table_class(table), self._world.declared_name(table)
        if self._is_tenants(table):
            yield from self._tenants(table, step)
        elif standing is TableClass.SHARED or name in self._world.tenancy.shared:
            written = step.commands & self._world.commands(step.reads_as, table) & _WRITES
            if written:
                yield self._flaw(step, f"lets every tenant {', '.join(sorted(written))} what is shared", Severity.HIGH)
        elif not step.published:
            yield self._flaw(step, f"reads {name}, which is a {_word(table)} of no declared standing", Severity.HIGH)

    def _tenants(self, table: Relation, step: _Step) -> Iterator[Flaw | str]:
        exempt = self._world.rls_exemption(step.reads_as, table)
        if not table.rls_enabled:
            # Whoever reaches the table itself is told of its switch, and not again of each view above it.
            if not any(self._world.commands(reader.role_path.role.oid, table) for reader in step.readers):
                yield self._flaw(step, "reads it without row security", Severity.CRITICAL)
            return
        if exempt:
            leaks = (
                ""
                if step.lent_by.security_barrier
                else "; without security_barrier, a filter of its own holds nothing back"
            )
            yield self._flaw(step, f"is read as {self._owner(step)}, who {_said(exempt)}{leaks}", Severity.CRITICAL)
            return
        owner = self._world.role(step.reads_as)
        if owner is None:
            yield f"{step} is read as an unknown role"
            return
        shows, why = self._owners.visibility(owner, table, step.commands, step.readers)
        if shows is Visibility.OTHER_TENANTS:
            let = f"is read as {owner.name}, whose policies let more through: {why}"
            yield self._flaw(step, let, Severity.CRITICAL)
        elif shows is Visibility.UNKNOWN:
            yield f"{step} is read as {owner.name}: {why}"

    def _owner(self, step: _Step) -> str:
        role = self._world.role(step.reads_as)
        return role.name if role else "an unknown role"

    def _flaw(self, step: _Step, what: str, severity: Severity) -> Flaw:
        view = self._world.sql_name(step.lent_by)
        repair = f"ALTER VIEW {view} SET (security_invoker = true);"
        return Flaw(severity=severity, what=f"{step} {what}", repair=repair)


def _word(table: Relation) -> str:
    return "foreign table" if table.kind is RelationKind.FOREIGN_TABLE else "table"


def _said(exempt: str) -> str:
    words = {"superuser": "is a superuser", "BYPASSRLS": "has BYPASSRLS"}
    return words.get(exempt, exempt)
