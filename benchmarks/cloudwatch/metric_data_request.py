"""Parses GetMetricData requests and applies every rule of CloudWatch to them, once for the same queries."""

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
"""Encoded values; None is a missing value."""


class FakeAwsError(Exception):
    """An AWS error response: code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeQuery:
    """One query: its metric, and the offset of its resource among the states.

    `period`, `created_minute` and `deleted_minute` are in minutes; `kind` is None for a metric without samples.
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
        """The metric that is billed, with up to five statistics at a time."""
        return self.account_id, self.namespace, self.metric, self.dimensions, self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRequest:
    """The queries of a request, and values that are the same for every repetition.

    `has_lifetimes` says that some of the resources were created or will be deleted. `columns`, `heads` and `tables` are
    cached by MetricDataResponder.
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


def parse_request(request: Any, account_id: str, region: str, settings: FakeSettings, fleet: Fleet) -> ParsedRequest:
    """The request without its window. Raises: FakeAwsError, as CloudWatch would."""
    if not isinstance(request, dict) or not isinstance(request.get("MetricDataQueries"), list):
        raise FakeAwsError("ValidationError", "The parameter MetricDataQueries is required.")
    query_list: Sequence[Any] = request["MetricDataQueries"]
    if not 1 <= len(query_list) <= MAX_QUERIES:
        raise FakeAwsError("ValidationError", f"The collection MetricDataQueries must have 1 to {MAX_QUERIES} items.")
    reader = _Reader(account_id, region, settings, fleet)
    queries = tuple(reader.query(query) for query in query_list)
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
        max_datapoints=min(settings.max_datapoints, int(request.get("MaxDatapoints") or settings.max_datapoints)),
        token=str(request.get("NextToken") or ""),
        metrics=frozenset(metrics),
        billed=sum(ceil(statistics / MAX_STATISTICS) for statistics in metrics.values()),
        longest_period=max(query.period for query in queries),
        has_lifetimes=any(query.created_minute > -inf or query.deleted_minute < inf for query in queries),
    )


def request_window(start: float | None, end: float | None, longest: int, *, strict: bool) -> tuple[int, int]:
    """The window in minutes since the epoch. Raises: FakeAwsError, when invalid or, if strict, not on whole periods."""
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
    """Parses queries for one account and region."""

    def __init__(self, account_id: str, region: str, settings: FakeSettings, fleet: Fleet) -> None:
        self._account_id = account_id
        self._region = region
        self._settings = settings
        self._fleet = fleet

    def query(self, query_list: Mapping[str, Any]) -> FakeQuery:
        """One query. Raises: FakeAwsError."""
        identifier = query_list.get("Id")
        if not isinstance(identifier, str) or not _ID.fullmatch(identifier) or len(identifier) > _LONGEST_ID:
            raise FakeAwsError(
                "ValidationError", f"The value {identifier!r} for parameter Id is not matching [a-z]\\w*."
            )
        stat = query_list.get("MetricStat")
        if not isinstance(stat, dict) or "Expression" in query_list:
            raise FakeAwsError("ValidationError", f"{identifier}: only MetricStat is answered here.")
        if stat.get("Unit") is not None:
            raise FakeAwsError("ValidationError", f"{identifier}: a Unit would hide values; leave it out.")
        metric: Mapping[str, Any] = stat.get("Metric") or {}
        namespace, name = str(metric.get("Namespace") or ""), str(metric.get("MetricName") or "")
        if not namespace or not name:
            raise FakeAwsError("ValidationError", f"{identifier}: Namespace and MetricName are required.")
        return self._located(identifier, str(query_list.get("AccountId") or self._account_id), namespace, name, stat)

    def _located(
        self, identifier: str, account_id: str, namespace: str, name: str, stat: Mapping[str, Any]
    ) -> FakeQuery:
        dimensions = _dimensions(identifier, stat["Metric"].get("Dimensions") or ())
        found = self._fleet.find(namespace, dimensions)
        resource, dimension_set = found or (None, None)
        idle = resource is not None and resource.idle
        offset = metric_values.seed(account_id, self._region, namespace, dimensions)
        return FakeQuery(
            id=identifier,
            account_id=account_id,
            namespace=namespace,
            metric=name,
            dimensions=dimensions,
            statistic=_statistic(identifier, stat.get("Stat")),
            period=_period(identifier, stat.get("Period")),
            kind=None if dimension_set is None or idle else dimension_set.metrics.get(name),
            state_offset=offset,
            created_minute=-inf if resource is None else resource.created_at / 60,
            deleted_minute=inf if resource is None else resource.deleted_at / 60,
            allowed=offset // metric_values.STATES % 1000 >= self._settings.forbidden_ratio * 1000
            and (account_id == self._account_id or account_id in self._settings.linked_accounts.split(",")),
        )


def _dimensions(identifier: str, pairs: Sequence[Mapping[str, Any]]) -> Dimensions:
    dimensions = tuple(sorted((str(one["Name"]), str(one["Value"])) for one in pairs))
    if len({name for name, _ in dimensions}) < len(pairs) or len(pairs) > _MOST_DIMENSIONS:
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
