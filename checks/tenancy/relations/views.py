"""The rows that a view exposes: each table below it, with the rights that PostgreSQL checks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from basewatch.model import Severity
from checks.tenancy.flaws import Approvable, Flaw, visible_through
from checks.tenancy.identity.relation_access import RelationAccess, commands_of, revoke_sql
from checks.tenancy.relations.owner_access import OwnerAccess, Visibility, catalogue_severity, lends
from checks.tenancy.relations.shared_tables import shared_approvable, tenant_reference_flaws
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation, RelationKind

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewExposure:
    """The flaws of a view, and what could not be proven about it."""

    flaws: tuple[Flaw, ...]
    unproven: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One level below a view: `reads_as` is the owner of `definer`, the nearest view above without security_invoker."""

    path: tuple[str, ...]
    definer: Relation
    definers: tuple[Relation, ...]
    commands: frozenset[Command]
    published: bool
    readers: tuple[RelationAccess, ...]

    @property
    def reads_as(self) -> int:
        return self.definer.owner

    def __str__(self) -> str:
        return " -> ".join(self.path)


class ViewAnalysis:
    """Analyses the views of one database."""

    def __init__(self, access: EffectiveAccess, now: datetime, owners: OwnerAccess) -> None:
        self._access = access
        self._now = now
        self._owners = owners

    def exposure(self, view: Relation, reached: tuple[RelationAccess, ...]) -> ViewExposure:
        """What a view or materialized view exposes to the roles that reach it.

        A view with security_invoker exposes only rows that its readers can read directly, so it has no flaws.
        """
        name = self._access.declared_name(view)
        step = _Step(
            path=(name,),
            definer=view,
            definers=(view,),
            commands=commands_of(reached),
            published=name in self._access.tenancy.shared,
            readers=reached,
        )
        found: list[Flaw | str] = []
        if view.kind is RelationKind.MATERIALIZED_VIEW:
            found += self._stored(view, step)
        elif not view.security_invoker:
            found += self._referenced(view, step)
        revoke, affected = revoke_sql(self._access, view, reached), visible_through(self._access, view)
        return ViewExposure(
            flaws=tuple(
                replace(f, repair=_either(f.repair, revoke), affected=affected) for f in found if isinstance(f, Flaw)
            ),
            unproven=tuple(dict.fromkeys(each for each in found if isinstance(each, str))),
        )

    def _is_approved(self, view: Relation) -> bool:
        return Approvable(kind="view", name=self._access.declared_name(view), digest=view.digest).approved(
            self._access.tenancy, self._now
        )

    def _referenced(self, view: Relation, step: _Step) -> Iterator[Flaw | str]:
        """The flaws of all that one view reads; an approval of it covers the tables it reads itself, not the views."""
        for oid in view.referenced_relations:
            used = self._access.relation(oid)
            if used is not None and self._access.declared_name(used) not in step.path:
                yield from self._used(used, step)
        yield from () if self._is_approved(step.definer) else self._catalogues(view, step)

    def _used(self, used: Relation, step: _Step) -> Iterator[Flaw | str]:
        below = replace(step, path=(*step.path, self._access.declared_name(used)))
        match used.kind:
            case RelationKind.VIEW:
                definers = (*step.definers, used)
                below = below if used.security_invoker else replace(below, definer=used, definers=definers)
                yield from self._referenced(used, below)
            case RelationKind.MATERIALIZED_VIEW:
                yield from () if self._is_approved(step.definer) else self._stored(used, below)
            case RelationKind.SEQUENCE:
                return
            case _:
                yield from () if self._is_approved(step.definer) else self._table(used, below)

    def _catalogues(self, view: Relation, step: _Step) -> Iterator[Flaw]:
        """The flaws of what a view reads of the system catalogues, where its owner may read more than its readers."""
        readers = [reader.role_path.role.oid for reader in step.readers]
        for read in self._access.catalogue_reads_of(view):
            if not (read.by_role or read.rule) and lends(self._access, read, step.reads_as, readers):
                what = f"reads {read.relation} as {self._owner(step)}, which its readers may not read"
                yield self._flaw(step, what, catalogue_severity(read))

    def _stored(self, view: Relation, step: _Step) -> Iterator[Flaw]:
        """The flaw of a materialized view: its rows were read as its owner, and it cannot have row security."""
        if self._is_approved(view) or (step.published and not self._holds_tenants(view, set())):
            return
        what = "stores rows that its owner could read, and cannot have row security"
        severity = Severity.CRITICAL if self._holds_tenants(view, set()) else Severity.HIGH
        yield Flaw(
            severity=severity,
            what=f"{step} {what}",
            repair="",
        )

    def _holds_tenants(self, view: Relation, seen: set[int]) -> bool:
        """Whether it may hold rows of tenants, from its tables, from a function or from the system catalogues."""
        if view.referenced_functions or self._access.catalogue_reads_of(view):
            return True
        seen.add(view.oid)
        used = [
            relation
            for oid in view.referenced_relations
            if oid not in seen and (relation := self._access.relation(oid))
        ]
        return any(
            self._holds_tenants(relation, seen)
            if relation.kind in {RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW}
            else self._is_tenants(relation)
            for relation in used
        )

    def _is_tenants(self, relation: Relation) -> bool:
        table_class = self._access.table_class(relation)
        published = self._access.declared_name(relation) in self._access.tenancy.shared
        return table_class in {TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS} and not published

    def _table(self, table: Relation, step: _Step) -> Iterator[Flaw | str]:
        table_class, name = self._access.table_class(table), self._access.declared_name(table)
        if self._is_tenants(table):
            yield from self._tenants(table, step)
        elif table_class is TableClass.SHARED or name in self._access.tenancy.shared:
            yield from self._shared_references(table, step)
            written = step.commands & self._access.commands(step.reads_as, table) & _WRITES
            if written:
                yield self._flaw(
                    step, f"allows every tenant to {', '.join(sorted(written))} shared rows", Severity.HIGH
                )
        elif not step.published:
            yield self._flaw(step, f"reads {name}, which is an undeclared {_word(table)}", Severity.HIGH)

    def _shared_references(self, table: Relation, step: _Step) -> Iterator[Flaw]:
        """The references to tenants of a shared table; where a reader reaches it, they are reported for the table."""
        if any(self._access.commands(reader.role_path.role.oid, table) for reader in step.readers):
            return
        references = tenant_reference_flaws(self._access, table)
        if references and not shared_approvable(self._access, table, references).approved(
            self._access.tenancy, self._now
        ):
            for each in references:
                yield self._flaw(step, f"reads the shared table, where {each.what}", each.severity)

    def _tenants(self, table: Relation, step: _Step) -> Iterator[Flaw | str]:
        exempt = self._access.rls_exemption(step.reads_as, table)
        if not table.rls_enabled:
            # Where a reader reaches the table directly, its missing row security is reported for the table alone.
            if not any(self._access.commands(reader.role_path.role.oid, table) for reader in step.readers):
                yield self._flaw(step, "reads the table without row security", Severity.CRITICAL)
            return
        if exempt:
            leaks = (
                "" if step.definer.security_barrier else "; without security_barrier, its own filter can be bypassed"
            )
            yield self._flaw(
                step, f"is read as {self._owner(step)}, which {_exemption(exempt)}{leaks}", Severity.CRITICAL
            )
            return
        owner = self._access.role(step.reads_as)
        if owner is None:
            yield f"{step} is read as an unknown role"
            return
        visible, why = self._owners.visibility(owner, table, step.commands, step.readers)
        if visible is Visibility.OTHER_TENANTS:
            what = f"is read as {owner.name}, whose policies expose more rows: {why}"
            yield self._flaw(step, what, Severity.CRITICAL)
        elif visible is Visibility.UNKNOWN:
            yield f"{step} is read as {owner.name}: {why}"

    def _owner(self, step: _Step) -> str:
        role = self._access.role(step.reads_as)
        return role.name if role else "an unknown role"

    def _flaw(self, step: _Step, what: str, severity: Severity) -> Flaw:
        views = map(self._access.sql_name, step.definers)
        repair = " ".join(f"ALTER VIEW {view} SET (security_invoker = true);" for view in views)
        return Flaw(severity=severity, what=f"{step} {what}", repair=repair)


def _either(repair: str, revoke: str) -> str:
    """A repair, or taking away the access; a materialized view cannot have row security, so only that repairs it."""
    return f"{repair} Or {revoke}" if repair else f"{revoke} Or replace it with a table under row security."


def _word(table: Relation) -> str:
    return "foreign table" if table.kind is RelationKind.FOREIGN_TABLE else "table"


def _exemption(exempt: str) -> str:
    words = {"superuser": "is a superuser", "BYPASSRLS": "has BYPASSRLS"}
    return words.get(exempt, exempt)
