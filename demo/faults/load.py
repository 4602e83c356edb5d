"""Faults of the load: the platform does worse than it promises, and CloudWatch shows it for the last half hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.faults.fault import Expected, Fault
from demo.load import PREFIX

if TYPE_CHECKING:
    from demo.box import Box


def _fault(name: str, title: str, expected: Expected) -> Fault:
    """A disturbance of the load as a fault that causes one finding."""

    def apply(box: Box) -> None:
        box.load.disturb(name)

    def repair(box: Box) -> None:
        box.load.calm(name)

    return Fault(name=name, title=title, apply=apply, repair=repair, expects=(expected,))


def _finding(check: str, kind: str, name: str) -> Expected:
    return Expected(check=check, component=f"{kind}/{name}")


LOAD_FAULTS = (
    _fault(
        "function-error-burst",
        "Every fifth login fails",
        _finding("service.function.errors", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "function-slow",
        "A login takes five times as long as usual",
        _finding("service.function.latency", "function", f"{PREFIX}-auth-v2"),
    ),
    _fault(
        "api-5xx-burst",
        "The API answers more than ten requests a second with a server error",
        _finding("service.api.server_errors", "api", PREFIX),
    ),
    _fault(
        "api-p95-slow",
        "The API takes more than a second for one request in twenty",
        _finding("service.api.latency", "api", PREFIX),
    ),
    _fault(
        "table-throttled",
        "The customers table throttles writes",
        _finding("service.table.throttles", "table", f"{PREFIX}-customers"),
    ),
    _fault(
        "connections-near-limit",
        "The proxy has lent out nearly all of its database connections",
        _finding("service.proxy.pool_use", "aurora_cluster", PREFIX),
    ),
)
