"""GetMetricData on the wire: its JSON request and answer, without any asking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from basewatch.errors import CouldNotLook
from basewatch.model import Reason, Window
from collectors.cloudwatch.planner import Batch, Query

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one page says of one query: datapoints as (start of the period in seconds since the epoch, value)."""

    id: str
    points: tuple[tuple[float, float], ...]
    status: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer; `token` asks for the next page, `message` is about the request as a whole."""

    results: tuple[Result, ...]
    token: str
    message: str


def queries_json(batch: Batch) -> Mapping[str, orjson.Fragment]:
    """Each query of the batch by its id, as JSON that is made once however often it is asked."""
    return {
        f"q{position}": orjson.Fragment(orjson.dumps(_query(f"q{position}", query)))
        for position, query in enumerate(batch.queries)
    }


def body(queries: Iterable[orjson.Fragment], window: Window, token: str = "") -> bytes:
    """The request for these queries over the window, or for its next page."""
    request: dict[str, Any] = {
        "StartTime": window.start.timestamp(),
        "EndTime": window.end.timestamp(),
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": list(queries),
    }
    return orjson.dumps(request | ({"NextToken": token} if token else {}))


def page(content: bytes) -> Page:
    """The answer that the content is. Raises: CouldNotLook(UNSUPPORTED), when it is not one."""
    try:
        answer = orjson.loads(content)
        return Page(
            results=tuple(_result(result) for result in answer["MetricDataResults"]),
            token=answer.get("NextToken") or "",
            message=_text(answer.get("Messages")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CouldNotLook(
            Reason.UNSUPPORTED, f"CloudWatch's answer to GetMetricData could not be read ({type(error).__name__})"
        ) from error


def moment(seconds: float) -> datetime:
    """The aware UTC moment that many seconds after the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def _query(identifier: str, query: Query) -> dict[str, Any]:
    spec = query.spec
    metric = {
        "Namespace": spec.namespace,
        "MetricName": spec.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in query.resource.dimensions],
    }
    period = round(spec.period.total_seconds())
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": spec.statistic}}


def _result(result: Mapping[str, Any]) -> Result:
    points = tuple((float(at), float(value)) for at, value in zip(result["Timestamps"], result["Values"], strict=True))
    if not all(math.isfinite(at) and math.isfinite(value) for at, value in points):
        raise ValueError("a datapoint is not a number")
    return Result(
        id=str(result["Id"]),
        points=points,
        status=str(result["StatusCode"]),
        message=_text(result.get("Messages")),
    )


def _text(messages: Sequence[Mapping[str, Any]] | None) -> str:
    return "; ".join(f"{message.get('Code', '')}: {message.get('Value', '')}" for message in messages or ())
