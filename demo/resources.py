"""SecureBase's account, created in the order in which its parts need each other."""

from __future__ import annotations

from demo import (
    resources_access,
    resources_api,
    resources_audit,
    resources_aurora,
    resources_backups,
    resources_functions,
    resources_monitoring,
    resources_tables,
)
from demo.resources_context import BuildContext


def create(site: BuildContext) -> resources_backups.DumpJob:
    """Build everything that config.yaml declares, as it is when every promise is kept; the job goes on from there."""
    roles = resources_access.create_roles(site)
    key = resources_access.create_key(site)
    secret = resources_access.create_secrets(site, key)
    resources_aurora.create(site, key=key, secret=secret, role=roles.proxy)
    resources_functions.create(site, role=roles.function)
    resources_api.create(site)
    resources_tables.create(site, key=key)
    resources_audit.create(site, key=key)
    resources_monitoring.create(site)
    return resources_backups.create(site, key=key)
