"""GetMetricData as it is asked: every rule that CloudWatch holds a request to, checked once for the same queries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import Any

from benchmarks.cloudwatch import metric_values
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.fleet import Dimensions, Fleet
from benchmarks.cloudwatch.metric_values import SampleKind

MAX_QUERIES = 500
MAX_STATISTICS = 5
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_LONGEST_ID = 255
_MOST_DIMENSIONS = 30


Column = Sequence[bytes | None]
"""Encoded values, one after the other; None is a value that there is not."""


class FakeAwsError(Exception):
    """A request that AWS would refuse: its code, its text, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeQuery:
    """One query: whose metric it asks of, and where that is found among the states.

    `period`, `created_minute` and `deleted_minute` are in minutes; `kind` is None for a metric that has no samples.
    """

    id: str
    account_id: str
    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    period: int
    kind: SampleKind | None
    state_offset: int
    created_minute: float = -inf
    deleted_minute: float = inf
    allowed: bool = True

    @property
    def billed_as(self) -> tuple[object, ...]:
        """What is billed as one metric, up to five statistics at a time."""
        return self.account_id, self.namespace, self.metric, self.dimensions, self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRequest:
    """The queries of a request, and what is the same however often they are asked.

    `has_lifetimes` says that some of their resources were born or will die; `columns`, `heads` and `tables` are what
    `answering` keeps of them between requests.
    """

    queries: tuple[FakeQuery, ...]
    descending: bool
    max_datapoints: int
    token: str
    metrics: frozenset[tuple[object, ...]]
    billed: int
    longest_period: int
    has_lifetimes: bool
    columns: dict[int, Column] = field(default_factory=dict[int, Column])
    heads: list[bytes] = field(default_factory=list[bytes])
    tables: list[tuple[Column, int]] = field(default_factory=list[tuple[Column, int]])


def parse_request(request: Any, account_id: str, region: str, knobs: FakeSettings, fleet: Fleet) -> ParsedRequest:
    """The request, apart from its window. Raises: Refused, as CloudWatch would."""
    if not isinstance(request, dict) or not isinstance(request.get("MetricDataQueries"), list):
        raise FakeAwsError("ValidationError", "The parameter MetricDataQueries is required.")
    asked: Sequence[Any] = request["MetricDataQueries"]
    if not 1 <= len(asked) <= MAX_QUERIES:
        raise FakeAwsError("ValidationError", f"The collection MetricDataQueries must have 1 to {MAX_QUERIES} items.")
    reader = _Reader(account_id, region, knobs, fleet)
    queries = tuple(reader.query(query) for query in asked)
    repeated = [identifier for identifier, times in Counter(query.id for query in queries).items() if times > 1]
    if repeated:
        raise FakeAwsError(
            "ValidationError", f"The values for parameter id in MetricDataQueries are not unique: {repeated}"
        )
    order = request.get("ScanBy", "TimestampDescending")
    if order not in {"TimestampAscending", "TimestampDescending"}:
        raise FakeAwsError("ValidationError", f"ScanBy {order} is not known.")
    metrics = Counter(query.billed_as for query in queries)
    return ParsedRequest(
        queries=queries,
        descending=order == "TimestampDescending",
        max_datapoints=min(knobs.max_datapoints, int(request.get("MaxDatapoints") or knobs.max_datapoints)),
        token=str(request.get("NextToken") or ""),
        metrics=frozenset(metrics),
        billed=sum(ceil(statistics / MAX_STATISTICS) for statistics in metrics.values()),
        longest_period=max(query.period for query in queries),
        has_lifetimes=any(query.created_minute > -inf or query.deleted_minute < inf for query in queries),
    )


def request_window(start: float | None, end: float | None, longest: int, *, strict: bool) -> tuple[int, int]:
    """The window in minutes since the epoch. Raises: Refused, when it is none, or not on whole periods when strict."""
    if start is None or end is None:
        raise FakeAwsError("ValidationError", "The parameters StartTime and EndTime are required.")
    if start >= end:
        raise FakeAwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    if strict and (start % (longest * 60) or end % 60):
        raise FakeAwsError(
            "ValidationError", f"The window {start}..{end} is not on whole periods of {longest} minutes."
        )
    return int(start // 60), ceil(end / 60)


class _Reader:
    """Reads queries as one account in one region."""

    def __init__(self, account_id: str, region: str, knobs: FakeSettings, fleet: Fleet) -> None:
        self._account_id = account_id
        self._region = region
        self._knobs = knobs
        self._fleet = fleet

    def query(self, asked: Mapping[str, Any]) -> FakeQuery:
        """One query. Raises: Refused."""
        identifier = asked.get("Id")
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier) or len(identifier) > _LONGEST_ID:
            raise FakeAwsError(
                "ValidationError", f"The value {identifier!r} for parameter Id is not matching [a-z]\\w*."
            )
        stat = asked.get("MetricStat")
        if not isinstance(stat, dict) or "Expression" in asked:
            raise FakeAwsError("ValidationError", f"{identifier}: only MetricStat is answered here.")
        if stat.get("Unit") is not None:
            raise FakeAwsError("ValidationError", f"{identifier}: a Unit would hide values; leave it out.")
        metric: Mapping[str, Any] = stat.get("Metric") or {}
        namespace, name = str(metric.get("Namespace") or ""), str(metric.get("MetricName") or "")
        if not namespace or not name:
            raise FakeAwsError("ValidationError", f"{identifier}: Namespace and MetricName are required.")
        return self._placed(identifier, str(asked.get("AccountId") or self._account_id), namespace, name, stat)

    def _placed(self, identifier: str, owner: str, namespace: str, name: str, stat: Mapping[str, Any]) -> FakeQuery:
        dimensions = _dimensions(identifier, stat["Metric"].get("Dimensions") or ())
        found = self._fleet.find(namespace, dimensions)
        resource, shape = found or (None, None)
        idle = resource is not None and resource.idle
        phase = metric_values.seed(owner, self._region, namespace, dimensions)
        return FakeQuery(
            id=identifier,
            account_id=owner,
            namespace=namespace,
            metric=name,
            dimensions=dimensions,
            statistic=_statistic(identifier, stat.get("Stat")),
            period=_period(identifier, stat.get("Period")),
            kind=None if shape is None or idle else shape.metrics.get(name),
            state_offset=phase,
            created_minute=-inf if resource is None else resource.created_at / 60,
            deleted_minute=inf if resource is None else resource.deleted_at / 60,
            allowed=phase // metric_values.STATES % 1000 >= self._knobs.forbidden_ratio * 1000
            and (owner == self._account_id or owner in self._knobs.linked_accounts.split(",")),
        )


def _dimensions(identifier: str, told: Sequence[Mapping[str, Any]]) -> Dimensions:
    dimensions = tuple(sorted((str(one["Name"]), str(one["Value"])) for one in told))
    if len({name for name, _ in dimensions}) < len(told) or len(told) > _MOST_DIMENSIONS:
        raise FakeAwsError("ValidationError", f"{identifier}: too many dimensions, or one of them twice.")
    return dimensions


def _statistic(identifier: str, statistic: Any) -> str:
    if not isinstance(statistic, str) or not metric_values.is_statistic(statistic):
        raise FakeAwsError(
            "ValidationError", f"{identifier}: the value {statistic!r} for parameter Stat is not a statistic."
        )
    return statistic


def _period(identifier: str, period: Any) -> int:
    if not isinstance(period, int) or period < 60 or period % 60:  # noqa: PLR2004  # CloudWatch's minute
        raise FakeAwsError("ValidationError", f"{identifier}: Period {period!r} must be a multiple of 60.")
    return period // 60
