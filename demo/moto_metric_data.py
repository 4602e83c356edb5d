"""GetMetricData over the synthetic load instead of moto's: as strict as AWS, in every protocol."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from demo.load import Load

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800

_STATISTIC = re.compile(r"SampleCount|Sum|Average|Minimum|Maximum|p(\d{1,2}(\.\d{1,2})?|100)")
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Point = tuple[datetime, float]


class GetMetricDataError(ServiceException):
    """The error of GetMetricData for an invalid request, with the code of AWS and similar text."""

    code = "ValidationError"


class InvalidNextToken(GetMetricDataError):
    """The error for a NextToken of another request."""

    code = "InvalidNextToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDataQuery:
    """One requested metric."""

    id: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: timedelta
    return_data: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDataRequest:
    """A valid GetMetricData request."""

    queries: tuple[MetricDataQuery, ...]
    start: datetime
    end: datetime
    newest_first: bool
    max_datapoints: int
    offset: int
    digest: str


def install(load: Load) -> None:
    """Make moto's CloudWatch in this process answer GetMetricData from `load`."""

    def get_metric_data(self: CloudWatchResponse) -> ActionResult:
        return ActionResult(metric_data_response(load, self._get_params()))

    CloudWatchResponse.get_metric_data = get_metric_data  # type: ignore[method-assign]  # the purpose of this function


def metric_data_response(load: Load, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The output of GetMetricData for its input, both as in botocore's model.

    Raises: GetMetricDataError, InvalidNextToken.
    """
    request = parse_metric_data_request(parameters)
    returned = [query for query in request.queries if query.return_data]
    series = [tuple(_points(load, query, request)) for query in returned]
    return _page(request, returned, series)


def parse_metric_data_request(parameters: Mapping[str, Any]) -> MetricDataRequest:
    """The request of these parameters. Raises: GetMetricDataError, InvalidNextToken, where AWS rejects it too."""
    requested: Sequence[Mapping[str, Any]] = parameters.get("MetricDataQueries") or ()
    if not 1 <= len(requested) <= MAX_QUERIES:
        raise GetMetricDataError(
            f"The collection MetricDataQueries must not be empty or have a size greater than {MAX_QUERIES}."
        )
    start, end = _moment(parameters, "StartTime"), _moment(parameters, "EndTime")
    if start >= end:
        raise GetMetricDataError("The parameter StartTime must be less than the parameter EndTime.")
    queries = tuple(_query(position, query) for position, query in enumerate(requested, 1))
    if len({query.id for query in queries}) < len(queries):
        raise GetMetricDataError("The values for parameter Id in MetricDataQueries are not unique.")
    max_datapoints = int(parameters.get("MaxDatapoints") or MAX_DATAPOINTS)
    if not 1 <= max_datapoints <= MAX_DATAPOINTS:
        raise GetMetricDataError(f"The parameter MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    scan = str(parameters.get("ScanBy") or "TimestampDescending")
    if scan not in ("TimestampDescending", "TimestampAscending"):
        raise GetMetricDataError("The parameter ScanBy must be TimestampDescending or TimestampAscending.")
    digest = hashlib.sha256(repr((queries, start, end, scan, max_datapoints)).encode()).hexdigest()[:32]
    return MetricDataRequest(
        queries=queries,
        start=start.replace(second=0, microsecond=0),
        end=end,
        newest_first=scan == "TimestampDescending",
        max_datapoints=max_datapoints,
        offset=_offset(parameters.get("NextToken"), digest),
        digest=digest,
    )


def _moment(parameters: Mapping[str, Any], name: str) -> datetime:
    value = parameters.get(name)
    if value is None:
        raise GetMetricDataError(f"The parameter {name} is required.")
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _query(position: int, requested: Mapping[str, Any]) -> MetricDataQuery:
    path = f"MetricDataQueries.member.{position}"
    stat: Mapping[str, Any] | None = requested.get("MetricStat")
    if requested.get("Expression") or not stat:
        raise GetMetricDataError(f"The parameter {path}.MetricStat is required: the sandbox supports no expressions.")
    identifier, statistic, period = (
        str(requested.get("Id") or ""),
        str(stat.get("Stat") or ""),
        int(stat.get("Period") or 0),
    )
    if not _ID.fullmatch(identifier):
        raise GetMetricDataError(
            f"The value {identifier} for parameter {path}.Id is not matching the expected pattern {_ID.pattern}."
        )
    if not _STATISTIC.fullmatch(statistic):
        raise GetMetricDataError(f"The value {statistic} for parameter {path}.MetricStat.Stat is not supported.")
    if period <= 0 or period % 60:
        raise GetMetricDataError(f"The parameter {path}.MetricStat.Period must be a multiple of 60.")
    metric: Mapping[str, Any] = stat.get("Metric") or {}
    if not metric.get("Namespace") or not metric.get("MetricName"):
        raise GetMetricDataError(f"The parameters {path}.MetricStat.Metric.Namespace and MetricName are required.")
    return MetricDataQuery(
        id=identifier,
        namespace=str(metric["Namespace"]),
        metric=str(metric["MetricName"]),
        dimensions=tuple((str(pair["Name"]), str(pair["Value"])) for pair in metric.get("Dimensions") or ()),
        statistic=statistic,
        period=timedelta(seconds=period),
        return_data=requested.get("ReturnData") is not False,
    )


def _offset(token: object, digest: str) -> int:
    if not token:
        return 0
    offset, separator, request_digest = str(token).partition(".")
    if not (separator and offset.isdigit() and request_digest == digest):
        raise InvalidNextToken("The next token specified is invalid.")
    return int(offset)


def _points(load: Load, query: MetricDataQuery, request: MetricDataRequest) -> Iterator[Point]:
    """The datapoints of the completed periods of the window, oldest first, with the start of the period as time."""
    at = _EPOCH - (_EPOCH - request.start) // query.period * query.period
    end = min(request.end, load.now() - query.period + timedelta(microseconds=1))
    while at < end:
        value = load.value(query.namespace, query.metric, query.dimensions, query.statistic, period=query.period, at=at)
        if value is not None:
            yield at, value
        at += query.period


def _page(
    request: MetricDataRequest, queries: Sequence[MetricDataQuery], series: Sequence[tuple[Point, ...]]
) -> dict[str, Any]:
    """The page at the offset of the request: at most `max_datapoints` datapoints, and a token if there are more."""
    skip, limit, results, total = request.offset, request.max_datapoints, list[dict[str, Any]](), sum(map(len, series))
    for query, points in zip(queries, series, strict=True):
        ordered = points[::-1] if request.newest_first else points
        on_page = ordered[min(skip, len(ordered)) :][:limit]
        complete = skip + len(on_page) >= len(ordered)
        skip, limit = max(0, skip - len(ordered)), limit - len(on_page)
        results.append(
            {
                "Id": query.id,
                "Label": query.metric,
                "Timestamps": [at for at, _ in on_page],
                "Values": [value for _, value in on_page],
                "StatusCode": "Complete" if complete else "PartialData",
            }
        )
    following = request.offset + request.max_datapoints
    token = {"NextToken": f"{following}.{request.digest}"} if following < total else {}
    return {"MetricDataResults": results, "Messages": [], **token}
