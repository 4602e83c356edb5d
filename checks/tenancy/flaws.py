"""Flaws of one object, combined into one finding: what is wrong, the repair, and the entry that approves it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, with_affected
from basewatch.model import Severity, Verdict, failed, passed
from basewatch.tenancy import ObjectKind, Tenancy
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation, RelationKind
from isolation.inventory.roles import PUBLIC, Grant

_OTHER_WAY: Final = re.compile(r"(?<!\S)(?:Or|Then|Only if)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One defect of an object: its severity, a description, and the repair.

    `approval` says how to accept this flaw alone; it is printed after all repairs. `approvable` is false for a flaw
    that no approval of the object can accept. `affected` names the principals and relations through
    which this flaw alone leaks rows; it is empty for a flaw that no probe can observe.
    """

    severity: Severity
    what: str
    repair: str = ""
    approval: str = ""
    approvable: bool = True
    affected: tuple[Affected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvable:
    """An object that an entry of tenancy.approved_objects can approve, by its kind, name and digest.

    The digest covers what the object reaches, of which `reached` names the nearest, but for `uncovered`.
    """

    kind: ObjectKind
    name: str
    digest: str
    reached: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()

    @classmethod
    def of(cls, access: EffectiveAccess, kind: ObjectKind, name: str, digest: str) -> Self:
        """An object of the catalogue, with what its digest covers."""
        covered = access.coverage((digest,))
        return cls(kind=kind, name=name, digest=digest, reached=covered.reached, uncovered=covered.uncovered)

    def offer(self) -> str:
        """How to accept the object as it is: the last resort of a remedy, with its condition first."""
        read = review_text(self.reached)
        return f"Only if it must stay as it is and {read}, approve it in tenancy.approved_objects: {self}"

    def approved(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether the manifest approves the object in its current state."""
        return any(
            each.kind == self.kind and each.name == self.name and each.is_valid_for(self.digest, now)
            for each in tenancy.approved_objects
        )

    def __str__(self) -> str:
        name = json.dumps(self.name, ensure_ascii=False)
        entry = f"{{kind: {self.kind}, name: {name}, digest: {self.digest}, owner: ..., reason: ..., until: ...}}"
        return entry + uncovered_text(self.uncovered)


def review_text(reached: Sequence[str]) -> str:
    """What must be read before an approval: the object, and what it reaches."""
    return f"you have read it and what it reaches ({', '.join(reached)})" if reached else "you have read it"


def uncovered_text(uncovered: Sequence[str]) -> str:
    """The comment of an entry that names what its digest cannot cover; empty without such things."""
    return f"  # not covered by the digest: {'; '.join(uncovered)}" if uncovered else ""


def flaw_verdict(
    subject: str, summary: str, flaws: Sequence[Flaw], *, expected: str, approvable: Approvable | None = None
) -> Verdict:
    """The FAIL of an object with at least one flaw, with the severity of the most severe."""
    ordered = sorted(flaws, key=lambda flaw: -flaw.severity.rank)
    repairs = in_order(flaw.repair for flaw in ordered)
    repairs += dict.fromkeys(flaw.approval for flaw in ordered if flaw.approval)
    if approvable and all(flaw.approvable for flaw in flaws):
        repairs.append(approvable.offer())
    verdict = failed(
        summary,
        subject=subject,
        observed="; ".join(dict.fromkeys(flaw.what for flaw in ordered)),
        expected=expected,
        remedy=" ".join(repairs),
        severity=ordered[0].severity,
    )
    return with_affected(verdict, (affected for flaw in flaws for affected in flaw.affected))


def in_order(repairs: Iterable[str]) -> list[str]:
    """Repairs that can be run as one block: what repairs first, then the other ways and what is left to do."""
    cut = [
        (each[: match.start()], each[match.start() :]) if (match := _OTHER_WAY.search(each)) else (each, "")
        for each in repairs
    ]
    return list(dict.fromkeys(text.strip() for part in zip(*cut, strict=True) for text in part if text.strip()))


def unapproved_flaws(
    flaws: Iterable[Flaw], approvable: Approvable, access: EffectiveAccess, now: datetime
) -> tuple[Flaw, ...]:
    """The flaws of an object that the manifest does not approve."""
    found = tuple(flaws)
    return (
        tuple(flaw for flaw in found if not flaw.approvable)
        if found and approvable.approved(access.tenancy, now)
        else found
    )


def findings_or_pass(found: Iterable[Verdict], pass_summary: str, *, observed: str = "") -> Iterator[Verdict]:
    """The findings in order of subject; without findings, one PASS that says what was checked."""
    each = sorted(found, key=lambda verdict: verdict.subject)
    yield from each or (passed(pass_summary, observed=observed),)


def without_superusers(reachable: Iterable[ReachableRole], access: EffectiveAccess) -> tuple[ReachableRole, ...]:
    """The roles of principals that cannot become a superuser; tenancy.rls.bypass_roles reports those that can."""
    superusers = {b.principal for b in access.all_reachable_roles() if b.can_set_role and b.role.superuser}
    return tuple(each for each in reachable if each.principal not in superusers)


def with_owner_rights(access: EffectiveAccess, owner: int) -> tuple[ReachableRole, ...]:
    """The roles reachable by principals that have the rights of an owner."""
    return tuple(
        b
        for b in without_superusers(access.all_reachable_roles(), access)
        if owner in access.inherited_roles(b.role.oid)
    )


def role_paths(reachable: Iterable[ReachableRole]) -> str:
    """The shortest role path of each principal, as text."""
    shortest: dict[str, str] = {}
    for each in reachable:
        shortest.setdefault(each.principal, str(each))
    return ", ".join(shortest.values())


def grant_paths(access: EffectiveAccess, reachable: Iterable[ReachableRole], grants: Iterable[Grant]) -> str:
    """The principals that hold a privilege, each with its path to the role that was granted it."""
    granted = {grant.grantee for grant in grants}
    ways = (
        [b for b in access.roles_of(each.principal) if PUBLIC not in granted and b.role.oid in granted] or [each]
        for each in reachable
    )
    return role_paths(way[0] for way in ways)


def revoke_from(
    access: EffectiveAccess, reachable: Iterable[ReachableRole], grants: Iterable[Grant], privilege: str
) -> str:
    """The grantees to revoke a privilege from, quoted for SQL, so that none of these roles holds it."""
    reached = frozenset[int]().union(*(access.inherited_roles(each.role.oid) for each in reachable))
    roles = {grant.grantee for grant in grants if grant.privilege == privilege} & reached
    named = sorted(quoted(role.name) for oid in roles if (role := access.role(oid)))
    return ", ".join(["PUBLIC", *named] if PUBLIC in roles else named)


_VIEWS = frozenset({RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW})


def visible_through(
    access: EffectiveAccess, relation: Relation, principal: str = ANY_PRINCIPAL_OR_OBJECT
) -> tuple[Affected, ...]:
    """The principal with the relation, and with every view that reads it directly or through other views."""
    return tuple((principal, access.declared_name(each)) for each in _with_views_above(access, relation))


def _with_views_above(access: EffectiveAccess, relation: Relation) -> Iterator[Relation]:
    views = [each for each in access.inventory.relations if each.kind in _VIEWS]
    seen, new = {relation.oid}, {relation.oid}
    yield relation
    while new:
        found = [view for view in views if view.oid not in seen and new.intersection(view.referenced_relations)]
        yield from found
        new = {view.oid for view in found}
        seen |= new
