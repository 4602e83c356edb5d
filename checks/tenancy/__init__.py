"""Checks of tenant isolation and of the audit trail in PostgreSQL.

Order: checks that read the catalogues, probes that observe behaviour, checks of the audit table.
"""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.tenancy.api.cross_tenant import tenants_read_only_their_own_through_the_api
from checks.tenancy.append_only import audit_table_is_append_only
from checks.tenancy.context.settings import only_the_application_sets_the_context
from checks.tenancy.egress.exports import no_unapproved_egress
from checks.tenancy.identity.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.manifest import manifest_matches_the_catalog
from checks.tenancy.policies import policies_restrict_rows_to_the_tenant
from checks.tenancy.privileges.grants import no_grant_bypasses_policies
from checks.tenancy.probes.audit_writes import audit_records_survive_attempts
from checks.tenancy.probes.canary_writes import tenants_write_only_their_own_rows
from checks.tenancy.probes.counterexample import no_counterexample_is_found
from checks.tenancy.probes.cross_tenant import tenants_read_only_their_own_rows
from checks.tenancy.probes.no_context import no_rows_without_a_context
from checks.tenancy.probes.planner import every_scan_is_bound_to_the_context
from checks.tenancy.probes.pool import pooled_sessions_start_clean
from checks.tenancy.probes.proof_consistency import nothing_contradicts_the_proof
from checks.tenancy.probes.sweep import every_tenant_reads_only_its_own_rows
from checks.tenancy.relations.coverage import every_tenant_table_is_covered
from checks.tenancy.rls_engine import the_server_enforces_policies
from checks.tenancy.side_channels.inference import constraints_do_not_cross_tenants
from checks.tenancy.stored_code.functions import no_function_bypasses_policies
from checks.tenancy.stored_code.triggers import triggers_keep_rows_under_policies

CHECKS: tuple[AnyCheck, ...] = (
    every_tenant_table_is_covered,
    policies_restrict_rows_to_the_tenant,
    no_principal_bypasses_row_security,
    no_grant_bypasses_policies,
    only_the_application_sets_the_context,
    no_function_bypasses_policies,
    triggers_keep_rows_under_policies,
    constraints_do_not_cross_tenants,
    no_unapproved_egress,
    the_server_enforces_policies,
    manifest_matches_the_catalog,
    no_counterexample_is_found,
    every_scan_is_bound_to_the_context,
    no_rows_without_a_context,
    tenants_read_only_their_own_rows,
    nothing_contradicts_the_proof,
    tenants_write_only_their_own_rows,
    pooled_sessions_start_clean,
    every_tenant_reads_only_its_own_rows,
    tenants_read_only_their_own_through_the_api,
    audit_table_is_append_only,
    audit_records_survive_attempts,
)
