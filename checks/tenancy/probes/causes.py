"""Which findings may be the causes of what a probe sees: those that say why, before those that only saw it."""

from __future__ import annotations

from typing import Final

CATALOG_CAUSES: Final = ("tenancy.rls.*",)
"""What the catalogues prove to be open."""
PREDICATE_CAUSES: Final = (*CATALOG_CAUSES, "tenancy.probe.counterexample", "tenancy.probe.model")
"""And a row that was found to pass a policy, or that passed against the proof."""
READ_CAUSES: Final = (*PREDICATE_CAUSES, "tenancy.probe.cross_tenant")
"""And rows of other tenants that were read."""
