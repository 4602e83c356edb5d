"""Probes: tenant isolation as observed on the server, in transactions that are rolled back.

The globs below name the checks that can explain a finding of a probe.
"""

from __future__ import annotations

from typing import Final

CATALOG_CAUSES: Final = ("tenancy.rls.*",)
"""Flaws in the catalogues."""
PREDICATE_CAUSES: Final = (*CATALOG_CAUSES, "tenancy.probe.counterexample", "tenancy.probe.model")
"""Also a row found to pass a policy, or read in contradiction to the proof."""
READ_CAUSES: Final = (*PREDICATE_CAUSES, "tenancy.probe.cross_tenant")
"""Also rows of other tenants that were read."""
