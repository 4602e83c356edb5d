"""The roles of a draft: those that act for tenants, those outside the isolation, and owners that force nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from isolation.draft._catalog import Catalog, CatalogRole, CatalogTable

Names = tuple[str, ...]


def acting_roles(catalog: Catalog, tenants: set[str], key: Names) -> Names:
    """The roles with access to tenant tables, or to views with the key, and what their logins become besides.

    Without any, the owners of tenant tables that log in and that row security is forced on.
    """
    own = {role.name for role in catalog.roles if role.is_current_user}
    outside = own | {name for name, _ in outside_roles(catalog, ())}
    with_access = {
        role
        for table in catalog.tables
        if table.full_name in tenants or (table.kind == "v" and set(key) <= set(table.columns))
        for role in (*table.read_by, *table.written_by)
    } - outside
    beside = {
        other
        for role in catalog.roles
        if role.name not in with_access and with_access & set(role.becomes)
        for other in role.becomes
    } - outside
    forced = {table.owner for table in catalog.tables if table.full_name in tenants and table.rls_forced} - own
    owners = {role.name for role in catalog.roles if role.login and role.bypass_reasons == ("owns relations",)}
    return tuple(sorted(with_access | beside or forced & owners))


def outside_roles(catalog: Catalog, principals: Names) -> Iterator[tuple[str, str]]:
    """The roles to which the isolation does not apply, each with the reason."""
    for role in catalog.roles:
        becomes = [name for name in role.becomes if name in principals]
        if role.name not in principals and (role.bypass_reasons or role.is_current_user or becomes):
            yield role.name, _why(role, becomes)


def unforced_owners(tenants: Iterable[CatalogTable], principals: Names) -> Iterator[str]:
    """The owners that force row security on none of the tables that principals reach."""
    owned: dict[str, list[bool]] = {}
    for table in tenants:
        if table.rls_enabled and overlap((*table.read_by, *table.written_by), principals):
            owned.setdefault(table.owner, []).append(table.rls_forced)
    yield from (owner for owner, forced in owned.items() if not any(forced) and owner not in principals)


def _why(role: CatalogRole, becomes: list[str]) -> str:
    if role.is_current_user:
        return "Basewatch's own role, which read the catalogue for this draft"
    return ", ".join((*role.bypass_reasons, *([f"logs in and becomes {', '.join(becomes)}"] if becomes else [])))


def overlap(roles: Names, principals: Names) -> bool:
    """Whether one of the roles is a principal."""
    return not set(roles).isdisjoint(principals)
