"""One finding for one object with all that is wrong with it, its repair, and the entry that would vouch for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from basewatch.about import About, concerning
from basewatch.model import Severity, Verdict, failed, passed
from basewatch.tenancy import Kind
from isolation.inventory.identities import Becomes
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC, Grant
from isolation.inventory.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong with an object: how bad, in words, and what to do about it.

    `personal` says that a person may vouch for it; what nobody can answer for is a finding all the same. `about` is
    where rows are seen to leak by this flaw, and by it alone: empty for one that opens nothing a probe would look at.
    """

    severity: Severity
    what: str
    repair: str = ""
    personal: bool = True
    about: tuple[About, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an entry of tenancy.allowed names: the kind, the name and the digest of one object."""

    kind: Kind
    name: str
    digest: str

    def holds(self, world: World, now: datetime) -> bool:
        """Whether somebody vouches for the object as it is."""
        return world.vouched(self.kind, self.name, self.digest, now)

    def __str__(self) -> str:
        name = json.dumps(self.name, ensure_ascii=False)
        return f"{{kind: {self.kind}, name: {name}, digest: {self.digest}, owner: ..., reason: ..., until: ...}}"


def judged(subject: str, summary: str, flaws: Sequence[Flaw], *, expected: str, entry: Entry | None = None) -> Verdict:
    """The FAIL of an object that has at least one flaw, as bad as the worst of them."""
    ordered = sorted(flaws, key=lambda flaw: -flaw.severity.rank)
    repairs = list(dict.fromkeys(flaw.repair for flaw in ordered if flaw.repair))
    if entry and all(flaw.personal for flaw in flaws):
        repairs.append(f"Or read it and vouch for it in tenancy.allowed: {entry}")
    verdict = failed(
        summary,
        subject=subject,
        observed="; ".join(dict.fromkeys(flaw.what for flaw in ordered)),
        expected=expected,
        remedy=" ".join(repairs),
        severity=ordered[0].severity,
    )
    return concerning(verdict, (about for flaw in flaws for about in flaw.about))


def standing_flaws(flaws: Iterable[Flaw], entry: Entry, world: World, now: datetime) -> tuple[Flaw, ...]:
    """What is left of the flaws of an object when somebody vouches for it."""
    found = tuple(flaws)
    return tuple(flaw for flaw in found if not flaw.personal) if found and entry.holds(world, now) else found


def closed_world(found: Iterable[Verdict], otherwise: str, *, observed: str = "") -> Iterator[Verdict]:
    """The findings in order of subject; when there are none, one PASS that says what was looked at."""
    each = sorted(found, key=lambda verdict: verdict.subject)
    yield from each or (passed(otherwise, observed=observed),)


def ordinary(becomes: Iterable[Becomes], world: World) -> tuple[Becomes, ...]:
    """Those of principals who are nobody's superuser: what such a one can do besides is told once, where roles are."""
    mighty = {b.principal for b in world.principals() if b.sets and b.role.superuser}
    return tuple(each for each in becomes if each.principal not in mighty)


def owning(world: World, owner: int) -> tuple[Becomes, ...]:
    """What principals are or can become that has the rights of an owner."""
    return tuple(b for b in ordinary(world.principals(), world) if owner in world.inherited(b.role.oid))


def paths(becomes: Iterable[Becomes]) -> str:
    """Who, and how they come to it: the shortest path of each principal."""
    shortest: dict[str, str] = {}
    for each in becomes:
        shortest.setdefault(each.principal, str(each))
    return ", ".join(shortest.values())


def granted_paths(world: World, becomes: Iterable[Becomes], grants: Iterable[Grant]) -> str:
    """Who holds a privilege, and how they come to the role that was granted it."""
    granted = {grant.grantee for grant in grants}
    ways = (
        [b for b in world.becomes(each.principal) if PUBLIC not in granted and b.role.oid in granted] or [each]
        for each in becomes
    )
    return paths(way[0] for way in ways)


def grantees(world: World, becomes: Iterable[Becomes], grants: Iterable[Grant], privilege: str) -> str:
    """From whom to revoke a privilege so that none of these roles holds it, as SQL names them."""
    reached = frozenset[int]().union(*(world.inherited(each.role.oid) for each in becomes))
    roles = {grant.grantee for grant in grants if grant.privilege == privilege} & reached
    named = sorted(quoted(role.name) for oid in roles if (role := world.role(oid)))
    return ", ".join(["PUBLIC", *named] if PUBLIC in roles else named)
