"""Checks of tenant isolation and of the audit trail, on the database that holds them."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.tenancy.append_only import audit_records_are_only_added
from checks.tenancy.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.coverage import every_tenant_table_is_covered
from checks.tenancy.policies import policies_hold_rows_to_the_tenant
from checks.tenancy.probes.cross_tenant import tenants_are_kept_apart
from checks.tenancy.probes.no_context import no_context_shows_no_rows

CHECKS: tuple[AnyCheck, ...] = (
    every_tenant_table_is_covered,
    policies_hold_rows_to_the_tenant,
    no_principal_bypasses_row_security,
    no_context_shows_no_rows,
    tenants_are_kept_apart,
    audit_records_are_only_added,
)
