"""The check that tenants' rows leave the database by no way that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from basewatch.tenancy import ObjectKind
from checks.tenancy.egress.extensions import extension_flaws
from checks.tenancy.egress.large_objects import large_object_approvable, large_object_flaws
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
from isolation.access.table_class import TableClass
from isolation.inventory import Inventory
from isolation.inventory.egress import Extension, ForeignServer, Publication, ReplicationSlot, Subscription
from isolation.inventory.naming import quoted
from isolation.inventory.roles import PUBLIC
from isolation.inventory.snapshot import inventory

_OF_TENANTS = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})
_Way = Publication | Subscription | ReplicationSlot | ForeignServer | Extension
_EXPECTED = "no way out of the database that nobody vouches for"


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
    """No publication, slot, foreign server, extension or large object takes tenants' rows where no policy holds them.

    Why: Replication reads past policies, a foreign server logs in as somebody else, and some extensions open files and
    connections: what leaves by them is under no policy any more.
    Reads: pg_publication, pg_subscription, pg_replication_slots, pg_foreign_server, pg_user_mappings, pg_extension,
    pg_largeobject_metadata.
    Unverified when: The catalogue cannot be read.
    Fix: DROP PUBLICATION, DROP SERVER or DROP EXTENSION what is not needed, and vouch in tenancy.allowed for what is.
    Source: https://www.postgresql.org/docs/15/logical-replication-security.html
    """
    known = effective_access(facts, database.tenancy)
    ways: list[tuple[Approvable, Iterator[Flaw]]] = [
        *((_entry("publication", each), publication_flaws(known, each)) for each in facts.publications),
        *((_entry("subscription", each), subscription_flaws(each)) for each in facts.subscriptions),
        *((_entry("replication_slot", each), slot_flaws(each)) for each in facts.replication_slots),
        *((_entry("foreign_server", each), server_flaws(known, each)) for each in facts.foreign_servers),
        *((_entry("extension", each), extension_flaws(known, each)) for each in facts.extensions),
        *((large_object_approvable(known, each), large_object_flaws(known, each)) for each in facts.large_objects),
    ]
    found = (_judge(known, entry, flaws, now) for entry, flaws in ways)
    summary = "Nothing takes tenants' rows out of the database"
    yield from findings_or_pass((each for each in found if each), summary, observed=f"{len(ways)} possible ways out")


def _entry(kind: ObjectKind, way: _Way) -> Approvable:
    return Approvable(kind=kind, name=way.name, digest=way.digest)


def _judge(access: EffectiveAccess, entry: Approvable, flaws: Iterator[Flaw], now: datetime) -> Verdict | None:
    found = unapproved_flaws(flaws, entry, access, now)
    if not found:
        return None
    subject = f"{entry.kind.replace('_', ' ')} {entry.name}"
    return flaw_verdict(
        subject, f"Tenants' rows may leave by the {subject}", found, expected=_EXPECTED, approvable=entry
    )


def publication_flaws(access: EffectiveAccess, publication: Publication) -> Iterator[Flaw]:
    """What is wrong with a publication: it shows tenants' rows, which replication reads past every policy."""
    tenants = [relation for relation in access.inventory.relations if access.table_class(relation) in _OF_TENANTS]
    named = [relation for relation in tenants if relation.oid in publication.relations]
    whole = [relation for relation in named if relation.oid not in publication.filtered]
    within = [relation for relation in tenants if relation.schema in publication.schemas]
    drop = f"DROP PUBLICATION {quoted(publication.name)}; or publish the tables that hold no tenant's rows."
    if publication.all_tables and tenants:
        yield Flaw(severity=Severity.MEDIUM, what="it publishes all tables, those to come as well", repair=drop)
    elif within:
        what = f"it publishes all tables of {', '.join(publication.schemas)}, those to come as well"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    elif whole:
        names = ", ".join(sorted(access.declared_name(relation) for relation in whole))
        yield Flaw(severity=Severity.MEDIUM, what=f"it publishes every tenant's rows of {names}", repair=drop)
    elif named:
        names = ", ".join(sorted(access.declared_name(relation) for relation in named))
        yield Flaw(severity=Severity.LOW, what=f"it publishes some rows of {names}", repair=drop)


def subscription_flaws(subscription: Subscription) -> Iterator[Flaw]:
    """What is wrong with a subscription: it writes as its owner whatever another database sends."""
    if subscription.enabled:
        drop = f"ALTER SUBSCRIPTION {quoted(subscription.name)} DISABLE;"
        yield Flaw(severity=Severity.MEDIUM, what="it writes what another database sends", repair=drop)


def slot_flaws(slot: ReplicationSlot) -> Iterator[Flaw]:
    """What is wrong with a logical slot: whoever reads it sees the changes of every tenant."""
    what = f"{slot.plugin} decodes every tenant's changes for whoever reads the slot"
    literal = slot.name.replace("'", "''")
    yield Flaw(severity=Severity.MEDIUM, what=what, repair=f"SELECT pg_drop_replication_slot('{literal}');")


def server_flaws(access: EffectiveAccess, server: ForeignServer) -> Iterator[Flaw]:
    """What is wrong with a foreign server: a principal may use it, or is somebody else there."""
    name = quoted(server.name)
    principals = without_superusers(access.all_reachable_roles(), access)
    users = [b for b in principals if access.has_privilege(b.role.oid, server.owner, server.grants, "USAGE")]
    if users:
        revoke = f"REVOKE USAGE ON FOREIGN SERVER {name} FROM {revoke_from(access, users, server.grants, 'USAGE')};"
        what = f"{grant_paths(access, users, server.grants)} may make foreign tables on it with {server.wrapper}"
        yield Flaw(severity=Severity.HIGH, what=what, repair=revoke)
    mapped = [b for b in principals if b.role.oid in server.mapped_roles or PUBLIC in server.mapped_roles]
    if mapped:
        role = "PUBLIC" if PUBLIC in server.mapped_roles else quoted(mapped[0].role.name)
        yield Flaw(
            severity=Severity.HIGH,
            what=f"{role_paths(mapped)} log in to it as somebody whom a user mapping names",
            repair=f"DROP USER MAPPING FOR {role} SERVER {name};",
        )
