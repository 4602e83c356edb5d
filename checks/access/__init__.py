"""Checks of who may call an API, and how often."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.access import authorizer, rate_limit

CHECKS: tuple[AnyCheck, ...] = (authorizer.every_route_is_authorized, rate_limit.requests_are_limited)
