"""One finding for one object with all that is wrong with it, its repair, and the entry that would vouch for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from basewatch.affected import Affected, with_affected
from basewatch.model import Severity, Verdict, failed, passed
from basewatch.tenancy import ObjectKind
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC, Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong with an object: how bad, in words, and what to do about it.

    `approvable` says that a person may vouch for it; what nobody can answer for is a finding all the same. `about` is
    where rows are seen to leak by this flaw, and by it alone: empty for one that opens nothing a probe would look at.
    """

    severity: Severity
    what: str
    repair: str = ""
    approvable: bool = True
    about: tuple[Affected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvable:
    """What an entry of tenancy.allowed names: the kind, the name and the digest of one object."""

    kind: ObjectKind
    name: str
    digest: str

    def approved(self, access: EffectiveAccess, now: datetime) -> bool:
        """Whether somebody vouches for the object as it is."""
        return access.is_approved(self.kind, self.name, self.digest, now)

    def __str__(self) -> str:
        name = json.dumps(self.name, ensure_ascii=False)
        return f"{{kind: {self.kind}, name: {name}, digest: {self.digest}, owner: ..., reason: ..., until: ...}}"


def flaw_verdict(
    subject: str, summary: str, flaws: Sequence[Flaw], *, expected: str, approvable: Approvable | None = None
) -> Verdict:
    """The FAIL of an object that has at least one flaw, as bad as the worst of them."""
    ordered = sorted(flaws, key=lambda flaw: -flaw.severity.rank)
    repairs = list(dict.fromkeys(flaw.repair for flaw in ordered if flaw.repair))
    if approvable and all(flaw.approvable for flaw in flaws):
        repairs.append(f"Or read it and vouch for it in tenancy.allowed: {approvable}")
    verdict = failed(
        summary,
        subject=subject,
        observed="; ".join(dict.fromkeys(flaw.what for flaw in ordered)),
        expected=expected,
        remedy=" ".join(repairs),
        severity=ordered[0].severity,
    )
    return with_affected(verdict, (about for flaw in flaws for about in flaw.about))


def unapproved_flaws(
    flaws: Iterable[Flaw], approvable: Approvable, access: EffectiveAccess, now: datetime
) -> tuple[Flaw, ...]:
    """What is left of the flaws of an object when somebody vouches for it."""
    found = tuple(flaws)
    return tuple(flaw for flaw in found if not flaw.approvable) if found and approvable.approved(access, now) else found


def findings_or_pass(found: Iterable[Verdict], pass_summary: str, *, observed: str = "") -> Iterator[Verdict]:
    """The findings in order of subject; when there are none, one PASS that says what was looked at."""
    each = sorted(found, key=lambda verdict: verdict.subject)
    yield from each or (passed(pass_summary, observed=observed),)


def without_superusers(reachable: Iterable[ReachableRole], access: EffectiveAccess) -> tuple[ReachableRole, ...]:
    """Those of principals who are nobody's superuser: what such a one can do besides is told once, where roles are."""
    mighty = {b.principal for b in access.all_reachable_roles() if b.can_set_role and b.role.superuser}
    return tuple(each for each in reachable if each.principal not in mighty)


def with_owner_rights(access: EffectiveAccess, owner: int) -> tuple[ReachableRole, ...]:
    """What principals are or can become that has the rights of an owner."""
    return tuple(
        b
        for b in without_superusers(access.all_reachable_roles(), access)
        if owner in access.inherited_roles(b.role.oid)
    )


def role_paths(reachable: Iterable[ReachableRole]) -> str:
    """Who, and how they come to it: the shortest path of each principal."""
    shortest: dict[str, str] = {}
    for each in reachable:
        shortest.setdefault(each.principal, str(each))
    return ", ".join(shortest.values())


def grant_paths(access: EffectiveAccess, reachable: Iterable[ReachableRole], grants: Iterable[Grant]) -> str:
    """Who holds a privilege, and how they come to the role that was granted it."""
    granted = {grant.grantee for grant in grants}
    ways = (
        [b for b in access.reachable_roles(each.principal) if PUBLIC not in granted and b.role.oid in granted] or [each]
        for each in reachable
    )
    return role_paths(way[0] for way in ways)


def revoke_from(
    access: EffectiveAccess, reachable: Iterable[ReachableRole], grants: Iterable[Grant], privilege: str
) -> str:
    """From whom to revoke a privilege so that none of these roles holds it, as SQL names them."""
    reached = frozenset[int]().union(*(access.inherited_roles(each.role.oid) for each in reachable))
    roles = {grant.grantee for grant in grants if grant.privilege == privilege} & reached
    named = sorted(quoted(role.name) for oid in roles if (role := access.role(oid)))
    return ", ".join(["PUBLIC", *named] if PUBLIC in roles else named)
