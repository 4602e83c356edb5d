"""Every check Basewatch ships, listed by hand; a test finds any that is missing."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks import backup, inventory, logging, retention, service, tenancy

CHECKS: tuple[AnyCheck, ...] = (
    *inventory.CHECKS,
    *tenancy.CHECKS,
    *retention.CHECKS,
    *backup.CHECKS,
    *service.CHECKS,
    *logging.CHECKS,
)
