"""The four schemas of the corpus as the configuration declares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basewatch.component_settings import AuditTable
from basewatch.components import Database
from basewatch.secrets import Reference
from basewatch.tenancy import ApprovedObject, Canaries, DerivedKey, Login, Tenancy, TenantMembership
from tests.checks.tenancy.looking import SECUREBASE

_URL = Reference("env", "BASEWATCH_DATABASE_URL")
# Each principal logs in for real: the server knows where, and these names stand for it.
_LOGIN = Login(url=Reference("env", "CORPUS_LOGIN_URL"))
_WATCHING = {"basewatch": "looks on, and becomes the principals to probe as they do"}

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
        logins={"crm_app": _LOGIN, "Crm Reports": _LOGIN},
        privileged={"crm_owner": "owns the tables", **_WATCHING},
        principals=("crm_app", "Crm Reports"),
        min_tables=6,
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
        keys={"order_lines": DerivedKey(parent="orders", on={"order_id": "id"})},
        logins={"geo_app": _LOGIN},
        privileged={"geo_owner": "owns the tables", **_WATCHING},
        principals=("geo_app",),
        min_tables=4,
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
        members=TenantMembership(table="memberships", member="user_id", key=("workspace_id",)),
        logins={"wm_app": _LOGIN},
        privileged={"wm_owner": "owns the tables", **_WATCHING},
        principals=("wm_app",),
        min_tables=3,
        write_probes=True,
        canaries=Canaries(
            a=("aaaaaaaa-0000-4000-8000-000000000001",),
            b=("bbbbbbbb-0000-4000-8000-000000000001",),
            user_a=("aaaaaaaa-0000-4000-8000-0000000000ff",),
            user_b=("bbbbbbbb-0000-4000-8000-0000000000ff",),
        ),
    ),
    audit=AuditTable(table="audit"),
)


def amended(database: Database, manifest: Mapping[str, object], allowed: Iterable[ApprovedObject] = ()) -> Database:
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
    tenancy["approved_objects"] = [*database.tenancy.approved_objects, *allowed]
    return database.model_copy(update={"tenancy": Tenancy.model_validate(tenancy)})


# The objects that the demo's own manifest approves are not needed here.
_SECUREBASE = SECUREBASE.model_copy(
    update={
        "tenancy": SECUREBASE.tenancy.model_copy(
            update={"approved_objects": (), "logins": {"app": _LOGIN, "analytics": _LOGIN}}
        )
    }
)
SCHEMAS: Mapping[str, Database] = {"securebase": _SECUREBASE, "crm": CRM, "geo": GEO, "wm": WM}
