"""More than a day of a healthy SecureBase, as Prometheus scrapes it: the real refresher over the demo's load."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from basewatch.components import Component
from basewatch.config import Config
from basewatch.family import series_text
from basewatch.telemetry import ExporterMetrics
from checks import CHECKS
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location, declared_targets
from collectors.cloudwatch.planner import Query
from demo.load import Load
from tests.collectors.cloudwatch.fake_events import ACCOUNT, REGION, FakeEventSource, RefresherHarness

DAY = timedelta(hours=26)
"""A day, and the first hours of the next: every rule with a window of a day has been evaluated over a full window."""
_START = datetime(1970, 1, 1, 0, 0, tzinfo=UTC)
"""When promtool's clock starts."""
_MINUTE = timedelta(minutes=1)
_ONE_SLOW_MINUTE_IN = 240
_LATENESS = timedelta(minutes=4)
_PASS_TAKES = timedelta(minutes=2)


@dataclass(slots=True)
class ScrapedDay:
    """The value of every series at each scrape; `_` where the page did not have it."""

    minutes: int = 0
    columns: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def scrape(self, page: Mapping[str, float]) -> None:
        """Adds one scrape."""
        for series, value in page.items():
            self.columns.setdefault(series, ["_"] * self.minutes).append(repr(value))
        self.minutes += 1
        for column in self.columns.values():
            if len(column) < self.minutes:
                column.append("_")


def healthy_day(config: Config, metrics: Collection[str]) -> Mapping[str, Sequence[str]]:
    """The columns of every exported series of these metrics over a healthy day, with one value a minute.

    CloudWatch's datapoints are up to four minutes late, and now and then a minute is slow, as everywhere.
    """
    harness = _harness(config)
    day = ScrapedDay()
    verdicts = dict(_verdicts(config))
    while harness.at < _START + DAY:
        page = harness.tick(_MINUTE if day.minutes else timedelta())
        of_itself = {**_telemetry(harness.telemetry), **dict(_not_of_cloudwatch(config, harness.at)), **verdicts}
        scraped = {**{series.strip(): value for series, value in page.items()}, **of_itself}
        day.scrape({series: value for series, value in scraped.items() if series.partition("{")[0] in metrics})
    return day.columns


def _harness(config: Config) -> RefresherHarness:
    value = _HealthyValues()
    components: Iterator[Component] = iter(config.components)
    targets, _ = declared_targets(COLLECTORS, components, lambda _: Location(account_id=ACCOUNT, region=REGION))
    return RefresherHarness(FakeEventSource(value), targets, collection=config.collectors, at=_START)


class _HealthyValues:
    """The demo's load, with late datapoints and slow minutes; a period is computed once, and read many times."""

    def __init__(self) -> None:
        self._load, self._random = Load(lambda: _START), Random(0)
        self._known: dict[tuple[object, int], tuple[float, float | None]] = {}

    def __call__(self, query: Query, start: int, now: float) -> float | None:
        """The value of the period that starts at `start`, as known at `now`."""
        key = id(query), start
        if key not in self._known:
            late = self._random.random() * _LATENESS.total_seconds()
            self._known[key] = start + query.spec.period.total_seconds() + late, self._value(query, start)
        since, value = self._known[key]
        return value if since <= now else None

    def _value(self, query: Query, start: int) -> float | None:
        spec, at = query.spec, datetime.fromtimestamp(start, UTC)
        dimensions = query.target.resource.dimensions
        value = self._load.value(spec.namespace, spec.metric, dimensions, spec.statistic, period=spec.period, at=at)
        slow = spec.statistic.startswith("p") and start // 60 % _ONE_SLOW_MINUTE_IN == 0
        return value * 20 if value is not None and slow else value


def _telemetry(telemetry: ExporterMetrics) -> dict[str, float]:
    return {
        series_text(sample.name, tuple(sample.labels.items())).decode().strip(): sample.value
        for metric in telemetry.registry.collect()
        for sample in metric.samples
    }


def _not_of_cloudwatch(config: Config, at: datetime) -> Iterator[tuple[str, float]]:
    """What passes, the catalogue watch and the database collector export, at their own intervals."""
    yield 'up{job="basewatch",instance="here"}', 1
    ran = at - (at - _START) % config.run.every
    yield "basewatch_run_last_success_timestamp_seconds", (ran + _PASS_TAKES).timestamp()
    yield 'basewatch_collector_up{collector="database"}', 1
    every = config.collectors.standard
    yield (
        'basewatch_collector_last_attempt_timestamp_seconds{collector="database"}',
        (at - (at - _START) % every).timestamp(),
    )
    yield 'basewatch_collector_interval_seconds{collector="database"}', every.total_seconds()
    yield 'basewatch_tenancy_watch_up{database="securebase"}', 1
    yield 'basewatch_database_failed_logins_total{database="securebase"}', (at - _START) // timedelta(minutes=7)


def _verdicts(config: Config) -> Iterator[tuple[str, float]]:
    for check in CHECKS:
        for component in config.components:
            if isinstance(component, check.component) and check.applies_to(component):
                labels = {"check": check.id, "component": component.ref, "severity": "high", "status": "PASS"}
                text = ",".join(f'{name}="{value}"' for name, value in labels.items())
                yield f"basewatch_finding_status{{{text}}}", 1
