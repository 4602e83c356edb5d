"""What the tenancy checks say of the corpus: each case is made, observed in one pass and repaired."""

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
from tests.checks.tenancy.corpus.cases import Approval, Mutation, Variant
from tests.checks.tenancy.corpus.declared import SCHEMAS, amended
from tests.checks.tenancy.corpus.server import CorpusServer
from tests.checks.tenancy.looking import DEADLINES, LIMITS, NOW
from tests.checks.tenancy.remembering import remembered_inventories

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
class Observed:
    """One pass over one database: its findings and its cost; `seconds` and `statements` are static, then dynamic."""

    findings: tuple[Finding, ...]
    statements: tuple[int, int]
    seconds: tuple[float, float]

    @property
    def seen(self) -> Seen:
        """What is not green."""
        return frozenset((f.check, f.subject, f.status) for f in self.findings if not_green(f))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is not green with a case and was green without it, in the pass that observed it."""

    new: tuple[Finding, ...]
    observed: Observed

    @property
    def static(self) -> tuple[Finding, ...]:
        """Those that the catalogues show."""
        return tuple(f for f in self.new if not is_dynamic(f.check))

    @property
    def dynamic(self) -> tuple[Finding, ...]:
        """Those of the probes."""
        return tuple(f for f in self.new if is_dynamic(f.check))

    @property
    def severity(self) -> Severity | None:
        """The severity of the most severe finding."""
        return max((f.severity for f in self.new), key=lambda one: one.rank, default=None)


def not_green(finding: Finding) -> bool:
    """Whether it may alert."""
    return finding.status in {Status.FAIL, Status.UNVERIFIED}


def is_dynamic(check: str) -> bool:
    """Whether a check is a probe, which tries what principals can do; the others read the catalogues."""
    return ".probe." in check


@dataclass(frozen=True, slots=True)
class _Clients:
    endpoints: Endpoints

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        del client_type, component
        return cast("AbstractContextManager[K]", connect(self.endpoints, run="corpus", timeouts=LIMITS))


@dataclass(slots=True, kw_only=True)
class Measuring:
    """A corpus server, and what is not green on each of its schemas when nothing is broken.

    Without `dynamic` no exploit and no probe is tried: the checks read the catalogues alone.
    """

    server: CorpusServer
    dynamic: bool = True
    checks: tuple[AnyCheck, ...] = field(default_factory=tenancy_checks)
    _sound: dict[str, Seen] = field(default_factory=dict[str, Seen])

    def sound(self, schema: str) -> Seen:
        """What is not green on a schema as it was made; observed once."""
        if schema not in self._sound:
            self._sound[schema] = self.observe(schema).seen
        return self._sound[schema]

    def observe(self, schema: str, component: Database | None = None) -> Observed:
        """Every check on a schema: the static ones first, then the dynamic ones, where those are wanted."""
        component = component or SCHEMAS[schema]
        clients = _Clients(self._endpoints(schema, component))
        findings: list[Finding] = []
        statements, seconds = [0, 0], [0.0, 0.0]
        with remembered_inventories():
            for side, dynamic in enumerate((False, True) if self.dynamic else (False,)):
                start = time.perf_counter()
                plan = plan_checks([one for one in self.checks if is_dynamic(one.id) is dynamic], [component], {})
                checked = run_checks(plan, clients, DEADLINES, NOW, lambda: NOW)
                seconds[side] = time.perf_counter() - start
                statements[side] = _statements(checked.evidence)
                findings.extend(checked.findings)
        return Observed(
            findings=tuple(findings), statements=(statements[0], statements[1]), seconds=(seconds[0], seconds[1])
        )

    def mutated(self, mutation: Mutation) -> tuple[Found, bool]:
        """What a mutation shows, and whether its exploit worked where it is tried; it is repaired when this returns."""
        sound = self.sound(mutation.schema)
        self.server.run(mutation.schema, mutation.breaks)
        try:
            tried = mutation.exploit if self.dynamic else None
            worked = tried is not None and self.server.works(mutation.schema, tried)
            observed = self.observe(mutation.schema)
        finally:
            self.server.run(mutation.schema, mutation.repair)
        return Found(new=_new(observed, sound), observed=observed), worked

    def varied(self, variant: Variant) -> Found:
        """What a correct variant shows; it is removed when this returns."""
        sound = self.sound(variant.schema)
        self.server.run(variant.schema, variant.builds)
        try:
            component = amended(SCHEMAS[variant.schema], variant.manifest)
            if variant.approved:
                component = amended(component, {}, self._allowed(variant.schema, component, variant.approved))
            observed = self.observe(variant.schema, component)
        finally:
            self.server.run(variant.schema, variant.repair)
        return Found(new=_new(observed, sound), observed=observed)

    def _allowed(self, schema: str, component: Database, approved: Sequence[Approval]) -> Iterator[ApprovedObject]:
        with connect(self._endpoints(schema, component), run="corpus", timeouts=LIMITS) as database:
            known = effective_access(inventory(database, component), component.tenancy)
        for one in approved:
            yield ApprovedObject(
                kind=one.kind,
                name=one.name,
                digest=digests_by_name(known, one.kind)[one.name],
                owner="corpus",
                reason="it was reviewed",
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


def _new(observed: Observed, sound: Seen) -> tuple[Finding, ...]:
    return tuple(f for f in observed.findings if not_green(f) and (f.check, f.subject, f.status) not in sound)


def _statements(evidence: Sequence[Evidence]) -> int:
    return sum(len(each.requests) for each in evidence)
