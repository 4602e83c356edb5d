"""GetMetricStatistics: one metric at a time, as clients of before GetMetricData ask."""

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
_CHANCE = Random(0)  # noqa: S311  # troubles are repeatable, not secret


def metric_statistics_response(
    request: Mapping[str, Any], asker: RequestContext, knobs: FakeSettings, fleet: Fleet
) -> dict[str, Any]:
    """The datapoints of one metric, each with all statistics asked for. Raises: Refused."""
    plain, extended = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    if bool(plain) == bool(extended):
        raise FakeAwsError("InvalidParameterCombination", "Give either Statistics or ExtendedStatistics.")
    names = [*plain, *extended]
    metric = {name: request.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    stats = [{"Metric": metric, "Period": request.get("Period"), "Stat": name} for name in names]
    queries = [{"Id": f"q{number}", "MetricStat": stat} for number, stat in enumerate(stats)]
    asked = parse_request({"MetricDataQueries": queries}, asker.account_id, asker.region, knobs, fleet)
    first, end = request_window(
        _seconds(request["StartTime"]), _seconds(request["EndTime"]), asked.longest_period, strict=False
    )
    if (end - first) // asked.longest_period > _MOST_POINTS:
        raise FakeAwsError("InvalidParameterCombination", f"You have requested more than {_MOST_POINTS} datapoints.")
    page = orjson.loads(MetricDataResponder(knobs, _CHANCE).respond(asked, first, end, asker.now, JSON).content)
    points: dict[float, dict[str, Any]] = {}
    for name, result in zip(names, page["MetricDataResults"], strict=True):
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            point = points.setdefault(at, {"Timestamp": at, "Unit": "None"})
            (point if name in plain else point.setdefault("ExtendedStatistics", {}))[name] = value
    return {"Label": request.get("MetricName"), "Datapoints": list(points.values())}


def _seconds(told: Any) -> float:
    return datetime.fromisoformat(told).timestamp() if isinstance(told, str) else float(told)
