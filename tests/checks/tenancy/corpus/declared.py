"""The four schemas of the corpus as the configuration declares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basewatch.components import Database
from basewatch.declared import AuditTable
from basewatch.secrets import Reference
from basewatch.tenancy import Allowed, Canaries, Derived, Members, Tenancy
from tests.checks.tenancy.looking import SECUREBASE

_URL = Reference("env", "BASEWATCH_DATABASE_URL")

CRM = Database(
    name="crm",
    cluster="corpus",
    url=_URL,
    tenancy=Tenancy(
        context=("saas.org",),
        context_type="text",
        schemas=("crm", "Sales Desk"),
        root="orgs",
        root_key=("slug",),
        key=("org_slug",),
        keys={"Sales Desk.Big Deals": ("Org Slug",)},
        principals=("crm_app", "Crm Reports"),
        tables=6,
        shared=("countries",),
        write_probes=True,
        canaries=Canaries(a=("canary-a",), b=("canary-b",)),
    ),
    audit=AuditTable(table="audit"),
)
GEO = Database(
    name="geo",
    cluster="corpus",
    url=_URL,
    tenancy=Tenancy(
        context=("geo.region", "geo.tenant"),
        context_type="text",
        schemas=("geo",),
        root="tenants",
        root_key=("region", "tenant_id"),
        key=("region", "tenant_id"),
        keys={"order_lines": Derived(parent="orders", on={"order_id": "id"})},
        principals=("geo_app",),
        tables=4,
        write_probes=True,
        canaries=Canaries(a=("eu", "901"), b=("us", "901")),
    ),
    audit=AuditTable(table="audit"),
)
WM = Database(
    name="wm",
    cluster="corpus",
    url=_URL,
    tenancy=Tenancy(
        context=("app.user_id",),
        schemas=("wm",),
        root="workspaces",
        key=("workspace_id",),
        members=Members(table="memberships", member="user_id", key=("workspace_id",)),
        principals=("wm_app",),
        tables=4,
        write_probes=True,
        canaries=Canaries(
            a=("aaaaaaaa-0000-4000-8000-000000000001",),
            b=("bbbbbbbb-0000-4000-8000-000000000001",),
            as_a=("aaaaaaaa-0000-4000-8000-0000000000ff",),
            as_b=("bbbbbbbb-0000-4000-8000-0000000000ff",),
        ),
    ),
    audit=AuditTable(table="audit"),
)
SCHEMAS: Mapping[str, Database] = {"securebase": SECUREBASE, "crm": CRM, "geo": GEO, "wm": WM}


def amended(database: Database, manifest: Mapping[str, object], allowed: Iterable[Allowed] = ()) -> Database:
    """The database with more in its manifest: lists grow, mappings gain keys, all else is replaced."""
    tenancy: dict[str, object] = database.tenancy.model_dump()
    for name, value in manifest.items():
        was = tenancy[name]
        if isinstance(was, list | tuple) and isinstance(value, list):
            tenancy[name] = [*was, *value]
        elif isinstance(was, dict) and isinstance(value, dict):
            tenancy[name] = {**was, **value}
        else:
            tenancy[name] = value
    tenancy["allowed"] = [*database.tenancy.allowed, *allowed]
    return database.model_copy(update={"tenancy": Tenancy.model_validate(tenancy)})
