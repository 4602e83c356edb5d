"""Large objects that a principal may read or write: no policy stands on them, so that they are every tenant's."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.model import Severity
from checks.tenancy.flaws import Approvable, Flaw, revoke_from, role_paths, without_superusers
from checks.tenancy.privileges.digests import digest_of
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.egress import LargeObjectGroup

_DOES = {"SELECT": "read", "UPDATE": "write"}


def large_object_approvable(access: EffectiveAccess, objects: LargeObjectGroup) -> Approvable:
    """What vouches for all large objects with one owner and the same grants, by the lowest of them."""
    owner = access.role(objects.owner)
    grants = sorted(f"{grant.grantee} {grant.privilege}" for grant in objects.grants)
    text = f"large objects of {owner.name if owner else objects.owner}: {', '.join(grants)}"
    return Approvable(kind="large_object", name=str(objects.lowest_oid), digest=digest_of(text))


def large_object_flaws(access: EffectiveAccess, objects: LargeObjectGroup) -> Iterator[Flaw]:
    """What is wrong with large objects of one owner: a principal gets at all of them, whosever they are."""
    principals = without_superusers(access.all_reachable_roles(), access)
    many = f"it and {objects.count - 1} more like it" if objects.count > 1 else "it"
    for privilege, does in _DOES.items():
        held = [b for b in principals if access.has_privilege(b.role.oid, objects.owner, objects.grants, privilege)]
        if held:
            roles = revoke_from(access, held, objects.grants, privilege)
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{role_paths(held)} may {does} {many}, and large objects know no policies",
                repair=f"REVOKE {privilege} ON LARGE OBJECT {objects.lowest_oid} FROM {roles};",
            )
