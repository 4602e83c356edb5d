"""Checks of tenant isolation and of the audit trail, on the database that holds them.

What the catalogue proves comes first, what was seen to happen after it, and the audit trail last.
"""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.tenancy.audit.append_only import audit_records_are_only_added
from checks.tenancy.code.functions import no_function_leads_past_policies
from checks.tenancy.code.trigger_effects import triggers_keep_rows_in_place
from checks.tenancy.context.settings import the_context_is_the_applications
from checks.tenancy.exits.exports import rows_leave_by_no_other_way
from checks.tenancy.identity.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.manifest import the_manifest_speaks_of_what_is_there
from checks.tenancy.oracles.inference import constraints_stay_within_the_tenant
from checks.tenancy.policies import policies_hold_rows_to_the_tenant
from checks.tenancy.privileges.grants import nothing_is_granted_around_policies
from checks.tenancy.probes.audit import audit_records_stay
from checks.tenancy.probes.canary_writes import tenants_write_their_own_rows
from checks.tenancy.probes.counterexample import no_counterexample_is_found
from checks.tenancy.probes.cross_tenant import tenants_are_kept_apart
from checks.tenancy.probes.model import nothing_contradicts_the_proof
from checks.tenancy.probes.no_context import no_context_shows_no_rows
from checks.tenancy.probes.planner import the_planner_ties_every_scan_to_the_context
from checks.tenancy.probes.pool import pooled_sessions_come_back_clean
from checks.tenancy.probes.sweep import every_tenant_sees_its_own_rows_alone
from checks.tenancy.relations.coverage import every_tenant_table_is_covered
from checks.tenancy.server import the_server_enforces_policies

CHECKS: tuple[AnyCheck, ...] = (
    every_tenant_table_is_covered,
    policies_hold_rows_to_the_tenant,
    no_principal_bypasses_row_security,
    nothing_is_granted_around_policies,
    the_context_is_the_applications,
    no_function_leads_past_policies,
    triggers_keep_rows_in_place,
    constraints_stay_within_the_tenant,
    rows_leave_by_no_other_way,
    the_server_enforces_policies,
    the_manifest_speaks_of_what_is_there,
    no_counterexample_is_found,
    the_planner_ties_every_scan_to_the_context,
    no_context_shows_no_rows,
    tenants_are_kept_apart,
    nothing_contradicts_the_proof,
    tenants_write_their_own_rows,
    pooled_sessions_come_back_clean,
    every_tenant_sees_its_own_rows_alone,
    audit_records_are_only_added,
    audit_records_stay,
)
