"""What the tenancy checks say of the corpus: each case broken, looked at once, repaired."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from basewatch.check import AnyCheck, Check
from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.model import Evidence, Finding, Severity, Status
from basewatch.postgres import Endpoints, connect
from basewatch.secrets import Secret
from basewatch.tenancy import ApprovedObject
from checks import tenancy
from checks.engine.run import plan_checks, run_checks
from checks.tenancy.manifest import digests_by_name
from isolation.access.effective_access import effective_access
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.corpus.cases import Mutation, Variant, Vouching
from tests.checks.tenancy.corpus.declared import SCHEMAS, amended
from tests.checks.tenancy.corpus.server import CorpusServer
from tests.checks.tenancy.looking import DEADLINES, LIMITS, NOW

Seen = frozenset[tuple[str, str, Status]]
"""What is not green: check, subject and status."""


def tenancy_checks() -> tuple[AnyCheck, ...]:
    """Every check in any module of checks.tenancy, in order of id."""
    found: dict[str, AnyCheck] = {}
    for module in pkgutil.walk_packages(tenancy.__path__, f"{tenancy.__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, Check):
                found[thing.id] = thing
    return tuple(found[name] for name in sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One pass over one database: its findings, and what it took; `seconds` and `statements` are static, dynamic."""

    findings: tuple[Finding, ...]
    statements: tuple[int, int]
    seconds: tuple[float, float]

    @property
    def seen(self) -> Seen:
        """What is not green."""
        return frozenset((f.check, f.subject, f.status) for f in self.findings if not_green(f))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is not green with a case and was without it, and what the look took."""

    new: tuple[Finding, ...]
    look: Look

    @property
    def static(self) -> tuple[Finding, ...]:
        """Those that the catalogues show."""
        return tuple(f for f in self.new if not is_dynamic(f.check))

    @property
    def dynamic(self) -> tuple[Finding, ...]:
        """Those that trying shows."""
        return tuple(f for f in self.new if is_dynamic(f.check))

    @property
    def severity(self) -> Severity | None:
        """The worst of what was found."""
        return max((f.severity for f in self.new), key=lambda one: one.rank, default=None)


def not_green(finding: Finding) -> bool:
    """Whether somebody is told of it."""
    return finding.status in {Status.FAIL, Status.UNVERIFIED}


def is_dynamic(check: str) -> bool:
    """Whether a check tries what principals can do, where others read the catalogues."""
    return ".probe." in check


@dataclass(frozen=True, slots=True)
class _Door:
    endpoints: Endpoints

    def open(self, kind: type[K], component: Component) -> AbstractContextManager[K]:
        del kind, component
        return cast("AbstractContextManager[K]", connect(self.endpoints, run="corpus", timeouts=LIMITS))


@dataclass(slots=True, kw_only=True)
class Measuring:
    """A corpus server, and what is not green on each of its schemas when nothing is broken."""

    server: CorpusServer
    checks: tuple[AnyCheck, ...] = field(default_factory=tenancy_checks)
    _sound: dict[str, Seen] = field(default_factory=dict[str, Seen])

    def sound(self, schema: str) -> Seen:
        """What is not green on a schema as it was made; looked at once."""
        if schema not in self._sound:
            self._sound[schema] = self.look(schema).seen
        return self._sound[schema]

    def look(self, schema: str, component: Database | None = None) -> Look:
        """Every check on a schema: those of the catalogues first, then those that try."""
        component = component or SCHEMAS[schema]
        door = _Door(self._endpoints(schema, component))
        findings: list[Finding] = []
        statements: list[int] = []
        seconds: list[float] = []
        for dynamic in (False, True):
            start = time.perf_counter()
            plan = plan_checks([one for one in self.checks if is_dynamic(one.id) is dynamic], [component], {})
            checked = run_checks(plan, door, DEADLINES, NOW, lambda: NOW)
            seconds.append(time.perf_counter() - start)
            statements.append(_statements(checked.evidence))
            findings.extend(checked.findings)
        return Look(
            findings=tuple(findings),
            statements=(statements[0], statements[1]),
            seconds=(seconds[0], seconds[1]),
        )

    def mutated(self, mutation: Mutation) -> tuple[Found, bool]:
        """What a mutation shows, and whether its exploit worked; it is repaired when this returns."""
        sound = self.sound(mutation.schema)
        self.server.run(mutation.schema, mutation.breaks)
        try:
            worked = mutation.exploit is not None and self.server.works(mutation.schema, mutation.exploit)
            look = self.look(mutation.schema)
        finally:
            self.server.run(mutation.schema, mutation.repair)
        return Found(new=_new(look, sound), look=look), worked

    def varied(self, variant: Variant) -> Found:
        """What a correct variant shows; it is removed when this returns."""
        sound = self.sound(variant.schema)
        self.server.run(variant.schema, variant.builds)
        try:
            component = amended(SCHEMAS[variant.schema], variant.manifest)
            if variant.vouched:
                component = amended(component, {}, self._allowed(variant.schema, component, variant.vouched))
            look = self.look(variant.schema, component)
        finally:
            self.server.run(variant.schema, variant.repair)
        return Found(new=_new(look, sound), look=look)

    def _allowed(self, schema: str, component: Database, vouched: Sequence[Vouching]) -> Iterator[ApprovedObject]:
        with connect(self._endpoints(schema, component), run="corpus", timeouts=LIMITS) as database:
            known = effective_access(inventory(database, component), component.tenancy)
        for one in vouched:
            yield ApprovedObject(
                kind=one.kind,
                name=one.name,
                digest=digests_by_name(known, one.kind)[one.name],
                owner="corpus",
                reason="it was read",
                until=date(2027, 6, 30),
                returns_tenant=one.context,
            )

    def _endpoints(self, schema: str, component: Database) -> Endpoints:
        def later(url: str) -> Secret:
            return Secret("env:CORPUS", url)

        logins = {role: self.server.login(schema, role) for role in component.tenancy.logins}
        return Endpoints(
            writer=lambda: later(self.server.url(schema)),
            logins={role: (lambda url=url: later(url)) for role, url in logins.items()},  # type: ignore[misc]  # a lambda with a default
        )


def _new(look: Look, sound: Seen) -> tuple[Finding, ...]:
    return tuple(f for f in look.findings if not_green(f) and (f.check, f.subject, f.status) not in sound)


def _statements(evidence: Sequence[Evidence]) -> int:
    return sum(len(each.requests) for each in evidence)
