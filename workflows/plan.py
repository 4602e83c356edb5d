"""The plan of a pass, known before it observes: the expected verdicts, and the metrics to collect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from basewatch.collector import AnyCollector, MetricSpec
from basewatch.components import Component, Slo, Watcher
from basewatch.config import Config
from basewatch.config.loading import load
from basewatch.errors import ConfigError, Problem
from basewatch.metrics import MetricsClient
from basewatch.model import ExpectedCheck, Window
from checks import service
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines, PlannedObservation
from checks.engine.run import enabled_checks, plan_checks, unjudged_promises
from checks.service.past import PastNeed, past_needs
from collectors.cloudwatch.discovery.plan import collector_discovery_methods
from workflows.plugins import known_channel_types, known_checks, known_collectors
from workflows.silence_use import declared_silences
from workflows.sources import expected_sources

_MINUTE = timedelta(minutes=1)
_SERVICE_CHECKS = frozenset(check.id for check in service.CHECKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A configuration that is ready to run: its expected checks, its collectors, its digest and its Git commit.

    `unchecked` is every promise of the whole configuration that no enabled check judges. `scope` says what a partial
    plan checks, and why; it is empty for the full plan. `whole` is every expected check of the full plan, if this is a
    partial one. `sources` says where each expected check of the full plan looks.
    """

    config: Config
    digest: str
    commit: str
    checks: tuple[PlannedCheck, ...]
    collectors: tuple[AnyCollector, ...]
    unchecked: tuple[tuple[str, str], ...]
    scope: str = ""
    whole: tuple[ExpectedCheck, ...] = ()
    sources: Mapping[ExpectedCheck, str] = field(default_factory=dict[ExpectedCheck, str])

    def subset(self, scope: str, selects: Callable[[PlannedCheck], bool]) -> Plan:
        """The partial plan of the selected checks, without metrics. `scope` says what it checks, and why."""
        part = tuple(filter(selects, self.checks))
        return replace(self, checks=part, collectors=(), scope=scope, whole=self.whole or self.expected)

    def part(self, scope: str, pairs: Collection[ExpectedCheck], *, with_metrics: bool) -> Plan:
        """The partial plan of these pairs, with the metrics of their components or without any."""
        checks = tuple(p for p, pair in zip(self.checks, self.expected, strict=True) if pair in pairs)
        return replace(self, checks=checks, collectors=self.collectors if with_metrics else (), scope=scope)

    @property
    def measured_components(self) -> tuple[Component, ...]:
        """The components whose metrics a run collects: all, or those that the checks of a partial plan are about."""
        needed = self.warm_ups
        return tuple(each for each in self.config.components if not self.scope or each.ref in needed)

    @property
    def expected(self) -> tuple[ExpectedCheck, ...]:
        """Every check and component for which a run must have a verdict, in plan order."""
        return tuple(ExpectedCheck(check=p.check.id, component=p.component.ref) for p in self.checks)

    def source_of(self, observation: PlannedObservation) -> str:
        """Where an observation looks; empty when it asks nobody."""
        return self.sources.get(ExpectedCheck(check=observation.check.id, component=observation.component.ref), "")

    @property
    def identified(self) -> tuple[ExpectedCheck, ...]:
        """The expected checks whose facts have the id of the resource: by it a later run knows it again."""
        checks = {planned.check.id: planned.check for planned in self.checks}
        identifying = {name for name, check in checks.items() if "resource_id" in check.facts_type.__annotations__}
        return tuple(pair for pair in self.expected if pair.check in identifying)

    @property
    def specs(self) -> tuple[MetricSpec, ...]:
        """Every metric that the collectors may request."""
        return tuple(spec for collector in self.collectors for spec in collector.specs)

    @property
    def deadlines(self) -> Deadlines:
        """The deadlines of the pass and of each observation."""
        run = self.config.run
        return Deadlines(per_observation=run.check_deadline, total=run.deadline, concurrency=run.concurrency)

    @property
    def warm_ups(self) -> Mapping[str, timedelta]:
        """How long before its window a run also reads the metrics of each component, in whole minutes.

        It is the longest time that a promise about the component needs, service level objectives included.
        """
        needed = dict[str, timedelta]()
        for component in (planned.component for planned in self.checks):
            ref, warm_up = component.of if isinstance(component, Slo) else component.ref, component.warm_up
            needed[ref] = max(needed.get(ref, timedelta()), -(-warm_up // _MINUTE) * _MINUTE)
        return needed

    @property
    def past_needs(self) -> tuple[PastNeed, ...]:
        """What the checks need from further back than any warm-up."""
        components = dict.fromkeys(
            planned.component.ref for planned in self.checks if planned.check.id in _SERVICE_CHECKS
        )
        declared = {component.ref: component for component in self.config.components}
        return tuple(need for ref in components for need in past_needs(declared[ref]))

    @property
    def warm_up(self) -> timedelta:
        """The longest of the `warm_ups`."""
        return max(self.warm_ups.values(), default=timedelta())

    def next_window(self, last_end: datetime | None, now: datetime) -> Window:
        """The window of a run at `now`: from the end of the last window, and at least `run.lookback` long.

        So no time between two runs is missed. The first window begins where a run before it would have ended, and so
        does one after an end that lies in the future, because the clock was set back.
        """
        run = self.config.run
        since = last_end if last_end and last_end <= now else now - run.every
        return Window(start=min(since, now - run.lookback), end=now)


def load_plan(path: Path, *, only: str = "*", component: str = "*", recorded: bool = False) -> Plan:
    """The plan of a pass over the configuration at `path`; `only` and `component` are globs.

    The plan of a pass that is `recorded` expects the checks of Basewatch itself as well.

    Raises: ConfigError, for every mistake in the configuration, for an installed check or collector that cannot be
    used, and when no check is left to run.
    """
    known, collectors = known_checks(), known_collectors()
    discoverable = {collector.name: collector_discovery_methods(collector) for collector in collectors}
    loaded = load(path, known_channel_types(), frozenset(check.id for check in known), discoverable)
    config = loaded.config
    silences = declared_silences(config.alerts)
    watcher = (Watcher(every=config.run.every, silences=silences),) if recorded else ()
    checks = plan_checks(known, (*config.components, *watcher), config.checks, only=only, component=component)
    if not checks:
        selection = f"--only '{only}' --component '{component}'"
        raise ConfigError(Problem(message=f"{selection} leaves no check to run", remedy="see `basewatch plan`"))
    return Plan(
        config=config,
        digest=loaded.digest,
        commit=git_commit(path.resolve().parent),
        checks=checks,
        # A selection of checks that read no metric asks nobody for metrics.
        collectors=collectors if (only, component) == ("*", "*") or _read_metrics(checks) else (),
        unchecked=unjudged_promises(enabled_checks(known, config.checks), config.components),
        sources=expected_sources(config, checks),
    )


def _read_metrics(checks: Iterable[PlannedCheck]) -> bool:
    return any(planned.check.client_type is MetricsClient for planned in checks)


def git_commit(directory: Path) -> str:
    """The Git commit of the checkout at `directory`, empty outside a checkout. Git itself is not run."""
    for folder in (directory, *directory.parents):
        head = folder / ".git" / "HEAD"
        if head.is_file():
            return _resolved(head.parent, head.read_text(encoding="utf-8").strip())
    return ""


def _resolved(git: Path, head: str) -> str:
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    loose, packed = git / name, git / "packed-refs"
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return _packed(lines, name)


def _packed(lines: Iterable[str], name: str) -> str:
    return next((line.partition(" ")[0] for line in lines if line.endswith(f" {name}")), "")
