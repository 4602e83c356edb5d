"""Which findings may be the causes of what a probe sees: those that say why, before those that only saw it."""

from __future__ import annotations

from typing import Final

STATIC: Final = ("tenancy.rls.*",)
"""What the catalogues prove to be open."""
TRIED: Final = (*STATIC, "tenancy.probe.counterexample", "tenancy.probe.model")
"""And a row that was found to pass a policy, or that passed against the proof."""
SEEN: Final = (*TRIED, "tenancy.probe.cross_tenant")
"""And rows of other tenants that were read."""
