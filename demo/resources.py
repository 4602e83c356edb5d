"""Creates every resource of SecureBase's account, in the order of their dependencies."""

from __future__ import annotations

from demo import (
    resources_access,
    resources_api,
    resources_audit,
    resources_aurora,
    resources_backups,
    resources_functions,
    resources_monitoring,
    resources_services,
    resources_tables,
)
from demo.account import BuildContext


def create(context: BuildContext) -> resources_backups.DumpJob:
    """Create everything that config.yaml declares, with every promise kept, and return the job that makes dumps."""
    roles = resources_access.create_roles(context)
    key = resources_access.create_key(context)
    secret = resources_access.create_secrets(context, key)
    resources_aurora.create(context, key=key, secret=secret, role=roles.proxy)
    resources_functions.create(context, role=roles.function)
    resources_api.create(context)
    resources_tables.create(context, key=key)
    resources_services.create(context, key=key, role=roles.function)
    resources_audit.create(context, key=key)
    resources_monitoring.create(context)
    return resources_backups.create(context, key=key)
