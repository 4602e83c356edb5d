"""Checks that a deployment left everything as it was declared."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.deploy import criteria, function_configuration, invocation, routes, table_structure

CHECKS: tuple[AnyCheck, ...] = (
    criteria.every_criterion_is_met,
    function_configuration.function_is_configured,
    invocation.callers_may_invoke,
    routes.routes_are_deployed,
    table_structure.table_has_its_structure,
)
