"""The check that rows of tenants do not leave the database through an unapproved object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from basewatch.tenancy import ObjectKind
from checks.tenancy.egress.extensions import extension_flaws
from checks.tenancy.egress.publications import publication_flaws
from checks.tenancy.flaws import (
    Approvable,
    Flaw,
    findings_or_pass,
    flaw_verdict,
    grant_paths,
    revoke_from,
    role_paths,
    unapproved_flaws,
    without_superusers,
)
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.egress import (
    Extension,
    ForeignServer,
    LargeObjectGroup,
    Publication,
    ReplicationSlot,
    Subscription,
)
from isolation.inventory.naming import quoted
from isolation.inventory.redaction import text_digest
from isolation.inventory.roles import PUBLIC
from isolation.inventory.snapshot import inventory

_EgressObject = Publication | Subscription | ReplicationSlot | ForeignServer | Extension
_EXPECTED = "no unapproved egress from the database"


@check(
    "tenancy.rls.exports",
    component=Database,
    observe=inventory,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_unapproved_egress(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No unapproved publication, slot, foreign server, extension or large object exposes rows of tenants.

    Why: Replication bypasses policies, a foreign server is used with the rights of its user mapping, and some
    extensions open files and connections: no policy applies to rows that leave the database.
    Reads: pg_publication, the replica identity of published tables, pg_subscription, pg_replication_slots,
    pg_foreign_server, pg_user_mappings, pg_extension, pg_largeobject_metadata.
    Unverified when: The catalogue cannot be read.
    Fix: DROP PUBLICATION, DROP SERVER or DROP EXTENSION if not needed; otherwise approve it in
    tenancy.approved_objects.
    Source: https://www.postgresql.org/docs/15/logical-replication-security.html
    """
    access = effective_access(facts, database.tenancy)
    ways: list[tuple[Approvable, Iterator[Flaw]]] = [
        *((_entry(access, "publication", each), publication_flaws(access, each)) for each in facts.publications),
        *((_entry(access, "subscription", each), subscription_flaws(each)) for each in facts.subscriptions),
        *((_entry(access, "replication_slot", each), slot_flaws(each)) for each in facts.replication_slots),
        *((_entry(access, "foreign_server", each), server_flaws(access, each)) for each in facts.foreign_servers),
        *((_entry(access, "extension", each), extension_flaws(access, each)) for each in facts.extensions),
        *((large_object_approvable(access, each), large_object_flaws(access, each)) for each in facts.large_objects),
    ]
    found = (_judge(access, entry, flaws, now) for entry, flaws in ways)
    summary = "No unapproved egress of rows of tenants"
    yield from findings_or_pass((each for each in found if each), summary, observed=f"{len(ways)} egress objects")


def _entry(access: EffectiveAccess, kind: ObjectKind, egress: _EgressObject) -> Approvable:
    return Approvable.of(access, kind, egress.name, egress.digest)


def _judge(access: EffectiveAccess, entry: Approvable, flaws: Iterator[Flaw], now: datetime) -> Verdict | None:
    found = unapproved_flaws(flaws, entry, access, now)
    if not found:
        return None
    subject = f"{entry.kind.replace('_', ' ')} {entry.name}"
    return flaw_verdict(
        subject,
        f"Rows of tenants may leave the database through the {subject}",
        found,
        expected=_EXPECTED,
        approvable=entry,
    )


def subscription_flaws(subscription: Subscription) -> Iterator[Flaw]:
    """The flaw of an enabled subscription: it writes rows of another database with the rights of its owner."""
    if subscription.enabled:
        drop = f"ALTER SUBSCRIPTION {quoted(subscription.name)} DISABLE;"
        yield Flaw(severity=Severity.MEDIUM, what="it writes rows that another database sends", repair=drop)


def slot_flaws(slot: ReplicationSlot) -> Iterator[Flaw]:
    """The flaw of a logical replication slot: its readers see the changes of all tenants."""
    what = f"{slot.plugin} exposes the changes of all tenants to readers of the slot"
    literal = slot.name.replace("'", "''")
    yield Flaw(severity=Severity.MEDIUM, what=what, repair=f"SELECT pg_drop_replication_slot('{literal}');")


def server_flaws(access: EffectiveAccess, server: ForeignServer) -> Iterator[Flaw]:
    """The flaws of a foreign server: a principal has USAGE on it, or a user mapping for it."""
    name = quoted(server.name)
    principals = without_superusers(access.all_reachable_roles(), access)
    users = [b for b in principals if access.has_privilege(b.role.oid, server.owner, server.grants, "USAGE")]
    if users:
        revoke = f"REVOKE USAGE ON FOREIGN SERVER {name} FROM {revoke_from(access, users, server.grants, 'USAGE')};"
        what = f"{grant_paths(access, users, server.grants)} may create foreign tables on it with {server.wrapper}"
        yield Flaw(severity=Severity.HIGH, what=what, repair=revoke)
    mapped = [b for b in principals if b.role.oid in server.mapped_roles or PUBLIC in server.mapped_roles]
    if mapped:
        role = "PUBLIC" if PUBLIC in server.mapped_roles else quoted(mapped[0].role.name)
        yield Flaw(
            severity=Severity.HIGH,
            what=f"{role_paths(mapped)} can log in to it through a user mapping",
            repair=f"DROP USER MAPPING IF EXISTS FOR {role} SERVER {name};",
        )


_VERBS = {"SELECT": "read", "UPDATE": "write"}


def large_object_approvable(access: EffectiveAccess, objects: LargeObjectGroup) -> Approvable:
    """The approvable object for all large objects with one owner and the same grants, named by the lowest OID."""
    owner = access.role(objects.owner)
    names = {grant.grantee: found.name if (found := access.role(grant.grantee)) else "" for grant in objects.grants}
    grants = sorted(f"{names[grant.grantee]} {grant.privilege}" for grant in objects.grants)
    text = f"large objects of {owner.name if owner else ''}: {', '.join(grants)}"
    return Approvable(kind="large_object", name=str(objects.lowest_oid), digest=text_digest(text))


def large_object_flaws(access: EffectiveAccess, objects: LargeObjectGroup) -> Iterator[Flaw]:
    """The flaws of large objects of one owner: a principal can access those of all tenants."""
    principals = without_superusers(access.all_reachable_roles(), access)
    objects_text = f"it and {objects.count - 1} similar ones" if objects.count > 1 else "it"
    for privilege, verb in _VERBS.items():
        held = [b for b in principals if access.has_privilege(b.role.oid, objects.owner, objects.grants, privilege)]
        if held:
            roles = revoke_from(access, held, objects.grants, privilege)
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{role_paths(held)} may {verb} {objects_text}, and policies do not apply to large objects",
                repair=f"REVOKE {privilege} ON LARGE OBJECT {objects.lowest_oid} FROM {roles};",
            )
