"""Seven days of passes cover seven days of data: one pass judges each minute, even if other passes fail."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basewatch.collector import MeasuredResource
from basewatch.components import Function
from basewatch.config import Config
from basewatch.facts import from_json
from basewatch.history.store import History
from basewatch.model import Run, Status
from checks.engine.run import plan_checks
from checks.service import CHECKS
from checks.service.lambda_functions import FunctionLatency
from collectors import COLLECTORS
from collectors.cloudwatch.source import MetricSource
from tests.collectors.cloudwatch.fake import (
    FakeClock,
    FakeCloudWatch,
    FakeSigner,
    Reply,
    RequestBody,
    ok,
    refusal,
    result,
    source,
)
from workflows.clients import AwsSessions
from workflows.monitor import observe_since_last, record_run
from workflows.plan import Plan
from workflows.windows import MAX_REEVALUATION

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEKS = int(os.environ.get("BASEWATCH_WEEKS", "3"))
START = datetime(2026, 5, 4, tzinfo=UTC)
SETTLED = 3 * MINUTE
CONFIG = Config.model_validate(
    {
        "version": 1,
        "platform": {"name": "p", "environment": "e"},
        "aws": {"accounts": {"a": {"id": "123456789012", "regions": ["us-east-1"]}}},
        "components": {
            "functions": [
                {"name": "auth", "errors_below": "5% for 5m", "p95_below": "100ms for 5m"},
                {"name": "other", "p95_below": "1d for 1m"},
            ],
            "slos": [{"name": "up", "of": "function/auth", "sli": "availability", "objective": "99%"}],
        },
    }
)
# The metrics of a function that the checks read; more of them would test nothing else.
LAMBDA = next(collector for collector in COLLECTORS if collector.name == "lambda")
READ = tuple(
    spec
    for spec in LAMBDA.specs
    if (spec.metric, spec.statistic) in {("Invocations", "Sum"), ("Errors", "Sum"), ("Duration", "p95")}
)


def resources(function: Function) -> Iterator[MeasuredResource]:
    """What a function is measured by, and no more of it than is read."""
    resource, _ = next(iter(LAMBDA.resources(function)))
    yield resource, READ


PLAN = Plan(
    config=CONFIG,
    digest="d",
    commit="",
    checks=plan_checks(CHECKS, CONFIG.components, {}),
    collectors=(replace(LAMBDA, resources=resources, specs=READ),),
    unchecked=(),
)


@dataclass(slots=True)
class Platform:
    """A CloudWatch whose function is invoked ten times a minute, and slow in the minutes of `slow`."""

    fake: FakeCloudWatch
    slow: set[datetime] = field(default_factory=set[datetime])
    refusing: bool = False
    forbidden: set[str] = field(default_factory=set[str])

    def answer(self, asked: RequestBody) -> Reply:
        """Every datapoint that is asked for, or a refusal."""
        if self.refusing:
            return refusal("AccessDeniedException")(asked)
        return ok({"MetricDataResults": [self._result(query, asked) for query in asked["MetricDataQueries"]]})

    def _result(self, query: RequestBody, asked: RequestBody) -> dict[str, Any]:
        metric, statistic = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
        if metric["Dimensions"][0]["Value"] in self.forbidden:
            return result(query, asked, "Forbidden", count=0)
        found = result(query, asked)
        slow = {at.timestamp() for at in self.slow}
        usual = {"Invocations": 10.0, "Duration": 20.0}.get(metric["MetricName"], 0.0)
        is_latency = metric["MetricName"] == "Duration" and statistic == "p95"
        return {**found, "Values": [200.0 if is_latency and at in slow else usual for at in found["Timestamps"]]}


class OneSource(AwsSessions):
    """Sessions that ask one CloudWatch, whose calls are tried once."""

    def __init__(self, url: str) -> None:
        super().__init__(CONFIG, {})
        clock = FakeClock()
        self._one = source(FakeSigner(url), clock, retry_policy=clock.retry_policy(max_attempts=1))

    def metric_source(self, account_id: str, region: str) -> MetricSource:
        """That one."""
        del account_id, region
        return self._one


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform of one test's own."""
    fake = FakeCloudWatch()
    server = fake.serve()
    platform = Platform(fake)
    fake.answer_next(*[platform.answer] * 200)
    yield platform
    server.shutdown()
    server.server_close()


@pytest.fixture
def sessions(platform: Platform) -> OneSource:
    """Sessions that query the platform."""
    return OneSource(platform.fake.url)


def a_pass(sessions: AwsSessions, history: History, at: datetime) -> Run:
    """One recorded pass."""
    return record_run(PLAN, observe_since_last(PLAN, sessions, history, lambda: at), history).run


def times(chance: random.Random) -> list[datetime]:
    """When 28 passes of a week run: every six hours, up to half an hour late, some of them missed."""
    punctual = [START + 6 * HOUR * number + MINUTE * chance.uniform(0, 30) for number in range(1, 29)]
    return [punctual[0], *(at for at in punctual[1:-1] if chance.random() < 0.9), punctual[-1]]


def judged(run: Run, component: str = "function/auth") -> list[datetime]:
    """The minutes of a component that a run judged, as its evidence has them."""
    return [
        track.time_at(at)
        for evidence in run.evidence
        if evidence.component == component and evidence.observation.endswith("function_latency")
        for track in (from_json(FunctionLatency, evidence.facts).p95_seconds,)
        for at in range(track.warm_up_periods, len(track.values))
    ]


def each_week() -> pytest.MarkDecorator:
    """Runs a test for several weeks, each with other delays and other passes missed; each night for BASEWATCH_WEEKS."""
    marks = (pytest.mark.slow, pytest.mark.exhaustive)
    others = (pytest.param(seed, marks=marks) for seed in range(1, WEEKS))
    return pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.slow), *others])


def status_of(run: Run, check: str) -> Status:
    """The verdict of a check on the function."""
    (finding,) = (f for f in run.findings if (f.check, f.component) == (check, "function/auth"))
    return finding.status


@each_week()
def test_a_week_of_passes_judges_every_minute_of_a_week_once(
    sessions: OneSource, platform: Platform, history: History, seed: int
) -> None:
    """Whenever passes run, and whichever are missed or refused, no minute is lost and none is judged twice."""
    chance = random.Random(seed)
    seen, recorded, last = Counter[datetime](), Counter[datetime](), START
    for at in times(chance):
        # The last one answers, so that whatever was refused before is made up for.
        platform.refusing = at < START + 7 * DAY and chance.random() < 0.15
        run = a_pass(sessions, history, at)
        seen.update(judged(run))
        recorded.update(
            point.period_end - series.period
            for series in run.series
            if series.name == "aws_lambda_invocations_total" and ("function_name", "auth") in series.labels
            for point in series.points
        )
        last = at
    first = min(seen)
    assert set(seen.values()) == {1}
    assert first <= START + HOUR
    minutes = (last - SETTLED - first) // MINUTE
    assert len(seen) == minutes
    assert max(seen) == first + MINUTE * (minutes - 1)
    assert recorded == seen


@each_week()
def test_a_breach_in_any_minute_of_a_week_is_reported_by_one_pass(
    sessions: OneSource, platform: Platform, history: History, seed: int
) -> None:
    """Five slow minutes that span two windows are reported once, as five minutes."""
    chance = random.Random(seed)
    passes = times(chance)
    ends = [(at - SETTLED).replace(second=0, microsecond=0) for at in passes]
    breaches = [end - MINUTE * chance.randint(0, 4) for end in ends[:-1]]
    platform.slow = {begin + MINUTE * minute for begin in breaches for minute in range(5)}
    reported = list[str]()
    for at in passes:
        run = a_pass(sessions, history, at)
        reported += [
            f.observed for f in run.findings if f.check == "service.function.latency" and f.status is Status.FAIL
        ]
    assert reported == [f"peak 200ms, above the limit for 5m from {begin:%Y-%m-%d %H:%M} UTC" for begin in breaches]


def test_a_refused_pass_is_made_up_for_by_the_next_one(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """A pass that is refused is UNVERIFIED, and the next pass that gets an answer reports its breach."""
    platform.slow = {START + 8 * HOUR + MINUTE * minute for minute in range(5)}
    runs = [a_pass(sessions, history, START + 6 * HOUR)]
    for hours in (12, 18):
        platform.refusing = True
        runs.append(a_pass(sessions, history, START + hours * HOUR))
    platform.refusing = False
    runs += [a_pass(sessions, history, START + hours * HOUR) for hours in (24, 30)]
    assert [status_of(run, "service.function.latency") for run in runs] == [
        Status.PASS,
        Status.UNVERIFIED,
        Status.UNVERIFIED,
        Status.FAIL,
        Status.PASS,
    ]


def test_a_pass_by_a_clock_that_was_ahead_loses_no_minute(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """After one whose window ended in the future, every pass judges the time since a pass was due before it."""
    times_of_passes = [START + 6 * HOUR, START + 12 * HOUR + DAY, START + 18 * HOUR, START + 24 * HOUR]
    runs = [a_pass(sessions, history, at) for at in times_of_passes]
    minutes = {minute for run in (runs[0], *runs[2:]) for minute in judged(run)}
    whole = 6 * HOUR // MINUTE
    assert len(minutes) == 3 * whole
    assert max(minutes) == START + 24 * HOUR - SETTLED - MINUTE


def test_a_lasting_refusal_is_reread_for_a_limited_time(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """A platform that refuses for days is read back a day before the newest refusal, and no further."""
    a_pass(sessions, history, START)
    platform.refusing = True
    runs = [a_pass(sessions, history, START + days * DAY) for days in range(1, 5)]
    assert [run.window.start for run in runs[1:]] == [run.window.end - MAX_REEVALUATION for run in runs[:-1]]


def test_a_judged_function_is_not_judged_again(sessions: OneSource, platform: Platform, history: History) -> None:
    """While one function is read back, the other goes on from where it was judged last."""
    platform.forbidden = {"other"}
    runs = [a_pass(sessions, history, START + hours * HOUR) for hours in (0, 6)]
    platform.forbidden = set()
    runs.append(a_pass(sessions, history, START + 12 * HOUR))
    auth, other = ([judged(run, f"function/{name}") for run in runs] for name in ("auth", "other"))
    assert [len(minutes) for minutes in auth] == [360, 360, 360]
    assert len({minute for minutes in auth for minute in minutes}) == 3 * 360
    assert [len(minutes) for minutes in other] == [0, 0, 3 * 360]
