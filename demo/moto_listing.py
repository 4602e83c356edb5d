"""ListMetrics over the synthetic load, in place of moto's: whatever GetMetricData would answer for is listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from demo.load import Load

PAGE = 500
_RECENTLY = timedelta(hours=3)


def install(load: Load) -> None:
    """Make every CloudWatch of this process that moto serves answer ListMetrics from `load`."""

    def list_metrics(self: CloudWatchResponse) -> ActionResult:
        return ActionResult(listed(load, self._get_params()))

    CloudWatchResponse.list_metrics = list_metrics  # type: ignore[method-assign]  # what it is for


def listed(load: Load, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """ListMetrics' output for its input; without RecentlyActive, what may ever have a datapoint is listed.

    A filter on dimensions lets through what has others besides, as AWS does.
    """
    found = [
        (namespace, metric, dimensions)
        for namespace, metric, dimensions in sorted(load.metrics)
        if parameters.get("Namespace") in (None, namespace)
        and parameters.get("MetricName") in (None, metric)
        and all(_has(dimensions, wanted) for wanted in parameters.get("Dimensions") or ())
        and (not parameters.get("RecentlyActive") or _is_active(load, namespace, metric, dimensions))
    ]
    first = int(parameters.get("NextToken") or 0)
    page = [
        {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
        }
        for namespace, metric, dimensions in found[first : first + PAGE]
    ]
    following = {"NextToken": str(first + PAGE)} if first + PAGE < len(found) else {}
    return {"Metrics": page, **following}


def _has(dimensions: tuple[tuple[str, str], ...], wanted: Mapping[str, Any]) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value") in (None, value) for name, value in dimensions)


def _is_active(load: Load, namespace: str, metric: str, dimensions: tuple[tuple[str, str], ...]) -> bool:
    since = load.now() - _RECENTLY
    return load.value(namespace, metric, dimensions, "SampleCount", period=_RECENTLY, at=since) is not None
