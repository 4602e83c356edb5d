"""GetMetricStatistics: one metric at a time, for clients that do not use GetMetricData."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

import orjson

from benchmarks.cloudwatch.encodings import JSON
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.fleet import Fleet
from benchmarks.cloudwatch.list_operations import RequestContext
from benchmarks.cloudwatch.metric_data_request import FakeAwsError, parse_request, request_window
from benchmarks.cloudwatch.metric_data_responder import MetricDataResponder

_MOST_POINTS = 1440
_RANDOM = Random(0)  # noqa: S311  # failures are repeatable, not secret


def metric_statistics_response(
    request: Mapping[str, Any], caller: RequestContext, settings: FakeSettings, fleet: Fleet
) -> dict[str, Any]:
    """The datapoints of one metric with all requested statistics. Raises: FakeAwsError."""
    plain, extended = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    if bool(plain) == bool(extended):
        raise FakeAwsError("InvalidParameterCombination", "Give either Statistics or ExtendedStatistics.")
    names = [*plain, *extended]
    metric = {name: request.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stats = [{"Metric": metric, "Period": request.get("Period"), "Stat": name} for name in names]
    queries = [{"Id": f"q{number}", "MetricStat": stat} for number, stat in enumerate(stats)]
    parsed = parse_request({"MetricDataQueries": queries}, caller.account_id, caller.region, settings, fleet)
    first, end = request_window(
        _seconds(request["StartTime"]), _seconds(request["EndTime"]), parsed.longest_period, strict=False
    )
    if (end - first) // parsed.longest_period > _MOST_POINTS:
        raise FakeAwsError("InvalidParameterCombination", f"You have requested more than {_MOST_POINTS} datapoints.")
    page = orjson.loads(MetricDataResponder(settings, _RANDOM).respond(parsed, first, end, caller.now, JSON).content)
    points: dict[float, dict[str, Any]] = {}
    for name, result in zip(names, page["MetricDataResults"], strict=True):
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            point = points.setdefault(at, {"Timestamp": at, "Unit": "None"})
            (point if name in plain else point.setdefault("ExtendedStatistics", {}))[name] = value
    return {"Label": request.get("MetricName"), "Datapoints": list(points.values())}


def _seconds(value: Any) -> float:
    """The Unix time of a parameter: text in JSON, a datetime in CBOR, or a number."""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.timestamp() if isinstance(time, datetime) else float(time)
