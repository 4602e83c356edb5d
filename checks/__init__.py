"""Every check Basewatch ships, listed by hand; a test finds any that is missing."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks import (
    access,
    availability,
    backup,
    cost,
    deploy,
    drift,
    encryption,
    endpoint,
    inventory,
    logging,
    meta,
    retention,
    service,
    tenancy,
    watcher,
)

CHECKS: tuple[AnyCheck, ...] = (
    *meta.CHECKS,
    *watcher.CHECKS,
    *inventory.CHECKS,
    *tenancy.CHECKS,
    *retention.CHECKS,
    *backup.CHECKS,
    *availability.CHECKS,
    *cost.CHECKS,
    *encryption.CHECKS,
    *access.CHECKS,
    *endpoint.CHECKS,
    *service.CHECKS,
    *logging.CHECKS,
    *deploy.CHECKS,
    *drift.CHECKS,
)
