"""Proves the tenant isolation of a restored copy, with the checks that judge the live database."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.errors import ObservationError
from basewatch.model import Finding, Reason, Status
from basewatch.postgres import DatabaseClient, connect
from basewatch.postgres.transaction import Timeouts
from basewatch.restore_record import CopyFinding
from basewatch.secrets import Secret
from checks import tenancy
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks

# Those that a dump decides: not the roles, the settings and the version of the server, and not its pooler.
_OF_A_COPY = frozenset(
    {
        "tenancy.rls.coverage",
        "tenancy.rls.policies",
        "tenancy.rls.grants",
        "tenancy.rls.functions",
        "tenancy.rls.triggers",
        "tenancy.probe.counterexample",
        "tenancy.probe.planner",
        "tenancy.probe.no_context",
        "tenancy.probe.cross_tenant",
        "tenancy.probe.model",
        "tenancy.probe.canary_writes",
        "tenancy.probe.sweep",
        "audit.table.append_only",
        "audit.probe.append_only",
    }
)
_CHECKS = tuple(check for check in tenancy.CHECKS if check.id in _OF_A_COPY)
_MAX_FINDINGS = 50
_LONGEST = 200
_CONCURRENCY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyAccess:
    """The copy: the URL of its reader, its roles besides those of the platform, and how long a statement may take."""

    url: Secret
    own_roles: tuple[str, ...]
    run: str
    longest: timedelta

    @contextmanager
    def open(self) -> Generator[DatabaseClient]:
        """A session on the copy. Raises: ObservationError."""
        timeouts = replace(Timeouts(), statement=self.longest, idle=self.longest)
        with connect(self.url, run=self.run, timeouts=timeouts) as database:
            yield database


@dataclass(frozen=True, slots=True)
class _CopyClients:
    access: CopyAccess

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        if client_type is not DatabaseClient or not isinstance(component, Database):
            raise ObservationError(Reason.UNSUPPORTED, f"a copy has no {client_type.__name__}")
        return cast("AbstractContextManager[K]", self.access.open())


def prove_isolation(
    access: CopyAccess, database: Database, now: datetime, clock: Callable[[], datetime]
) -> tuple[tuple[CopyFinding, ...], int]:
    """What is not a PASS on the copy, the worst first, and how many findings are."""
    plan = plan_checks(_CHECKS, [_as_copy(database, access.own_roles)], {})
    deadlines = Deadlines(per_observation=access.longest, total=access.longest * 2, concurrency=_CONCURRENCY)
    findings = run_checks(plan, _CopyClients(access), deadlines, now, clock).findings
    kept = [each for each in findings if each.status not in (Status.PASS, Status.NOT_APPLICABLE)]
    kept.sort(key=lambda each: (each.status is not Status.FAIL, each.check, each.subject))
    return tuple(map(_shortened, kept[:_MAX_FINDINGS])), sum(each.status is Status.PASS for each in findings)


def _as_copy(database: Database, own_roles: tuple[str, ...]) -> Database:
    """The declared database, of which the copy has no login and no pooler, but two roles of its own."""
    privileged = {**database.tenancy.privileged, **dict.fromkeys(own_roles, "restores and reads the copy")}
    tenancy = database.tenancy.model_copy(update={"logins": {}, "privileged": privileged})
    return database.model_copy(update={"tenancy": tenancy, "reader": None})


def _shortened(finding: Finding) -> CopyFinding:
    return CopyFinding(
        check=finding.check, subject=finding.subject, status=finding.status, summary=finding.summary[:_LONGEST]
    )
