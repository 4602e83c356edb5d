"""Proves that the load keeps every promise of config.yaml, and that each fault of it breaks exactly one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from basewatch.config import Config
from basewatch.metrics import Collected, Metrics, Reading
from basewatch.model import Point, Series, Status, Window
from checks.service import CHECKS
from collectors import COLLECTORS
from demo.faults.fault import Expected, Fault
from demo.faults.load import LOAD_FAULTS
from demo.load import DISTURBANCES, Load

if TYPE_CHECKING:
    from demo.box import Box

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CONFIG = Config.model_validate(yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")))


def collected(load: Load, end: datetime, length: timedelta = timedelta(hours=1)) -> Collected:
    """What the collectors would read of this load, if nothing came between."""
    starts = [end - length + timedelta(minutes=minute) for minute in range(length // timedelta(minutes=1))]

    def points(
        namespace: str, metric: str, of: tuple[tuple[str, str], ...], statistic: str, factor: float
    ) -> Iterator[Point]:
        for start in starts:
            value = load.value(namespace, metric, of, statistic, period=timedelta(minutes=1), at=start)
            if value is not None:
                yield Point(period_end=start + timedelta(minutes=1), value=value * factor)

    readings = tuple(
        Reading(
            component=component.ref,
            series=Series(
                name=spec.name,
                labels=(*resource.labels, *spec.labels),
                period=spec.period,
                points=tuple(points(spec.namespace, spec.metric, resource.dimensions, spec.statistic, spec.factor)),
            ),
        )
        for collector in COLLECTORS
        for component in CONFIG.components
        if isinstance(component, collector.component)
        for resource, specs in collector.resources(component)
        for spec in specs
    )
    return Collected(window=Window(start=end - length, end=end), readings=readings)


def found(got: Collected) -> set[Expected]:
    """Everything that is not PASS, as the runner would record it."""
    return {
        Expected(check=check.id, component=component.ref, subject=verdict.subject, status=verdict.status)
        for check in CHECKS
        for component in CONFIG.components
        if isinstance(component, check.component) and check.concerns(component)
        for verdict in check.judge(check.observe(Metrics(got), component), component, got.window.end)
        if verdict.status is not Status.PASS
    }


@settings(max_examples=10)
@given(st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds
def test_an_undisturbed_load_keeps_every_promise(end: datetime) -> None:
    """Whenever the demo runs, every service check passes until something is broken."""
    assert found(collected(Load(), end.replace(second=0, microsecond=0))) == set()


@pytest.mark.parametrize("fault", LOAD_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("hour", [2, 14])
def test_a_fault_causes_exactly_what_it_expects(fault: Fault, hour: int) -> None:
    """At the quietest and at the busiest time each fault is found, alone, and repaired as if it had never happened."""
    now = NOON.replace(hour=hour)
    load = Load(now=lambda: now)
    box = cast("Box", SimpleNamespace(load=load))
    fault.apply(box)
    # The collectors leave CloudWatch three minutes to settle.
    assert found(collected(load, now - timedelta(minutes=3))) == set(fault.expects)
    fault.repair(box)
    assert collected(load, now) == collected(Load(), now)


def test_every_disturbance_is_a_fault() -> None:
    """There is no way to disturb the load that the demo does not offer."""
    assert [fault.name for fault in LOAD_FAULTS] == list(DISTURBANCES)


def test_everything_that_is_asked_for_has_an_answer() -> None:
    """Every metric that the collectors ask of config.yaml has datapoints, but for throttling that does not happen."""
    silent = {reading.series.name for reading in collected(Load(), NOON).readings if not reading.series.points}
    assert silent == {"aws_dynamodb_read_throttle_events_total", "aws_dynamodb_write_throttle_events_total"}
