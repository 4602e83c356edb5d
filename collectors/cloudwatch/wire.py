"""The JSON of GetMetricData requests and responses; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from basewatch.collector import MetricSpec, MetricTarget
from basewatch.errors import ObservationError
from basewatch.model import Reason, Window

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData",
}

MetricDataResult = Mapping[str, Any]
"""The result of one query on one page, as CloudWatch wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One response; `token` requests the next page, `message` is about the whole request."""

    results: Sequence[MetricDataResult]
    token: str
    message: str


def queries_json(queries: Iterable[tuple[int, MetricTarget, MetricSpec]], requesting_account: str) -> bytes:
    """Numbered queries as the items of a JSON list, without brackets.

    A query of another account than the requesting one names its account; the requesting one is its monitoring account.
    """
    return b",".join(orjson.dumps(_query(number, target, spec, requesting_account)) for number, target, spec in queries)


def request_body(queries: bytes, window: Window, token: str = "") -> bytes:
    """The request for these queries over the window, or for the next page."""
    start, end = round(window.start.timestamp()), round(window.end.timestamp())
    return b'{"StartTime":%d,"EndTime":%d,"ScanBy":"TimestampAscending",%b"MetricDataQueries":[%b]}' % (
        start,
        end,
        b'"NextToken":%b,' % orjson.dumps(token) if token else b"",
        queries,
    )


def parse_page(content: bytes) -> Page:
    """The parsed response. Raises: ObservationError(UNREACHABLE), when it is none of CloudWatch's."""
    try:
        answer = _loads(content)
        return Page(
            results=[*answer["MetricDataResults"]],
            token=answer.get("NextToken") or "",
            message=messages_text(answer.get("Messages")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable_response(error) from error


def _loads(content: bytes) -> Any:
    """The JSON value. The standard library reads a bare NaN, which orjson refuses: it spoils one series, not all."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)


def unreadable_response(error: Exception) -> ObservationError:
    """The error for a response that CloudWatch did not write, or that did not arrive whole."""
    return ObservationError(
        Reason.UNREACHABLE,
        f"the response to GetMetricData is none of CloudWatch's ({type(error).__name__})",
        remedy="check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs",
    )


def utc_datetime(seconds: float) -> datetime:
    """The aware UTC datetime of a Unix time in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def messages_text(messages: Iterable[Mapping[str, Any]] | None) -> str:
    """CloudWatch's messages in one line."""
    return "; ".join(f"{message.get('Code', '')}: {message.get('Value', '')}" for message in messages or ())


def _query(number: int, target: MetricTarget, spec: MetricSpec, requesting_account: str) -> dict[str, Any]:
    metric = {
        "Namespace": spec.namespace,
        "MetricName": spec.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in target.resource.dimensions],
    }
    period = round(spec.period.total_seconds())
    query = {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": spec.statistic}}
    return query if target.account_id == requesting_account else {**query, "AccountId": target.account_id}
