"""Runs of the tenancy checks on a real database, through the runner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar, cast

import pytest

from basewatch.clients import K
from basewatch.component_settings import AuditTable
from basewatch.components import Component, Database
from basewatch.model import Finding, Status
from basewatch.postgres import Timeouts, connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import Canaries, Tenancy
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks
from checks.tenancy import CHECKS
from demo.faults.fault import ExpectedFinding
from demo.tenants import CANARY_A, CANARY_B

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Each digest covers the trigger and refuse_change(), which both run.
GUARDS = {
    "audit_events_no_change": "sha256:6660564019760781cca708e222706b767ebdbbcdd01449914e5cf64ba5391f42",
    "audit_events_no_truncate": "sha256:8fba2d73effbaafedab32ab22261b65279874ff0eb102d871f5abe28ffc4b1db",
}
SECUREBASE = Database(
    name="securebase",
    cluster="securebase-production",
    url=Reference("env", "BASEWATCH_DATABASE_URL"),
    tenancy=Tenancy(
        context=("app.current_customer_id",),
        root="customers",
        key=("customer_id",),
        principals=("app", "analytics"),
        privileged={
            "admin": "owns the tables and runs the migrations",
            "basewatch": "observes, and uses SET ROLE app and analytics for probes",
            "historian": "owns the history, in another database",
        },
        min_tables=7,
        shared=(
            "tier_features",
            "feature_flags",
            "regions",
            "price_plans",
            "compliance_frameworks",
            "schema_migrations",
        ),
        write_probes=True,
        sweep=True,
        canaries=Canaries(a=(CANARY_A,), b=(CANARY_B,)),
    ),
    audit=AuditTable(table="audit_events", triggers=GUARDS),
)
# The lock timeout applies once per connection; short, to keep the tests fast.
LIMITS = Timeouts(lock=timedelta(milliseconds=100))
DEADLINES = Deadlines(per_observation=timedelta(seconds=20), total=timedelta(seconds=60), concurrency=1)
_RUNS = count(1)

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class UrlEndpoint:
    """Opens the real client for one URL, as one run."""

    url: str
    run: str = field(default_factory=lambda: f"test {next(_RUNS)}")

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A connection for one observation."""
        del client_type, component
        secret = Secret("env:BASEWATCH_DATABASE_URL", self.url)
        return cast("AbstractContextManager[K]", connect(secret, run=self.run, timeouts=LIMITS))


def one_in_three(cases: Sequence[C], name: Callable[[C], str] = str) -> list[object]:
    """The cases for pytest: each costs a server a third of a second, so that all but every third are slow."""
    slow = [pytest.mark.slow]
    return [pytest.param(case, id=name(case), marks=slow if n % 3 else []) for n, case in enumerate(cases)]


def look(url: str, component: Database = SECUREBASE, *, only: str = "*") -> tuple[Finding, ...]:
    """The findings of the tenancy checks, or of those that match `only`."""
    plan = plan_checks(CHECKS, [component], {}, only=only)
    return run_checks(plan, UrlEndpoint(url), DEADLINES, NOW, lambda: NOW).findings


def broken(findings: tuple[Finding, ...]) -> set[ExpectedFinding]:
    """The findings that are not green, in the form that a fault expects."""
    return {
        ExpectedFinding(check=f.check, component=f.component, subject=f.subject, status=f.status)
        for f in findings
        if f.status in {Status.FAIL, Status.UNVERIFIED}
    }


def only_of(findings: tuple[Finding, ...], subject: str) -> Finding:
    """The one finding on a subject."""
    (finding,) = (finding for finding in findings if finding.subject == subject)
    return finding
