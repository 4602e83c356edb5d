"""The two strengths of an S3 Object Lock."""

from __future__ import annotations

from enum import StrEnum


class LockMode(StrEnum):
    """How strictly a version is kept: GOVERNANCE yields to s3:BypassGovernanceRetention, COMPLIANCE to nobody."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"

    def at_least_as_strict(self, required_mode: str) -> bool:
        """Whether this mode is at least as strict as the promised one."""
        modes = list(LockMode)
        return modes.index(self) >= modes.index(LockMode(required_mode))
