"""The roles that anything in a database distinguishes: every other role has no more than what it inherits."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.tenancy import Tenancy
from isolation.inventory import Inventory
from isolation.inventory.code import Function
from isolation.inventory.egress import ForeignServer
from isolation.inventory.roles import Role, Schema

_Granted = Schema | Function | ForeignServer

# Prefixes of the predefined roles of PostgreSQL and of RDS.
_SERVICE = ("pg_", "rds")


def mentioned_roles(inventory: Inventory, tenancy: Tenancy) -> frozenset[int]:
    """The OIDs of roles with an attribute, a grant, an object, a policy, a setting or an ADMIN OPTION of their own.

    A server can have a role for each tenant or user: those that are not here add nothing to what they inherit.
    """
    return frozenset((*_by_role(inventory, tenancy), *_by_object(inventory), *_by_relation(inventory)))


def _by_role(inventory: Inventory, tenancy: Tenancy) -> Iterator[int]:
    declared = {*tenancy.principals, *tenancy.privileged}
    yield from (role.oid for role in inventory.roles if role.name in declared or _stands_out(role))
    yield from (each.member for each in inventory.memberships if each.admin_option)
    yield from (each.role for each in inventory.role_settings)
    yield from (each.grantee for each in inventory.parameter_grants)
    yield from (each.grantee for each in inventory.system_grants)
    for default in inventory.default_privileges:
        yield from (default.owner, default.grantee)


def _stands_out(role: Role) -> bool:
    attributes = role.superuser or role.bypass_rls or role.create_role or role.replication
    return attributes or role.name.startswith(_SERVICE)


def _by_object(inventory: Inventory) -> Iterator[int]:
    yield inventory.server.database_owner
    yield from (grant.grantee for grant in inventory.server.database_grants)
    granted: tuple[_Granted, ...] = (*inventory.schemas, *inventory.functions, *inventory.foreign_servers)
    for each in (*granted, *inventory.large_objects):
        yield each.owner
        yield from (grant.grantee for grant in each.grants)
    yield from (oid for server in inventory.foreign_servers for oid in server.mapped_roles)
    yield from (each.owner for each in inventory.publications)
    yield from (each.owner for each in inventory.subscriptions)
    yield from (each.owner for each in inventory.event_triggers)
    yield from (each.owner for each in inventory.extensions)
    yield from (each.owner for each in inventory.owned_objects)


def _by_relation(inventory: Inventory) -> Iterator[int]:
    for relation in inventory.relations:
        yield relation.owner
        yield from (grant.grantee for grant in relation.grants)
        yield from (grant.grantee for column in relation.columns for grant in column.grants)
    yield from (oid for policy in inventory.policies for oid in policy.roles)
    yield from (oid for read in inventory.catalogue_reads for oid in read.readers)
