"""ListMetrics over the synthetic load instead of moto's: it lists metrics with datapoints, in pages like AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from demo.load import Load

PAGE_SIZE = 500


class ListMetricsError(ServiceException):
    """The error of ListMetrics for an invalid request."""

    code = "InvalidParameterValue"


def install(load: Load) -> None:
    """Make moto's CloudWatch in this process answer ListMetrics from `load`."""

    def list_metrics(self: CloudWatchResponse) -> ActionResult:
        return ActionResult(list_metrics_response(load, self._get_params(), self.current_account))

    CloudWatchResponse.list_metrics = list_metrics  # type: ignore[method-assign]  # the purpose of this function


def list_metrics_response(load: Load, parameters: Mapping[str, Any], account_id: str) -> dict[str, Any]:
    """The output of ListMetrics for its input, both as in botocore's model; the account has no linked accounts.

    Raises: ListMetricsError.
    """
    if parameters.get("RecentlyActive") not in (None, "PT3H"):
        raise ListMetricsError("The value for parameter RecentlyActive must be PT3H.")
    wanted = {name: parameters[name] for name in ("Namespace", "MetricName") if parameters.get(name)}
    if parameters.get("Dimensions"):
        raise ListMetricsError("The sandbox does not support the parameter Dimensions.")
    metrics = [
        {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
        }
        for namespace, metric, dimensions in sorted(load.recent_metrics())
    ]
    metrics = [metric for metric in metrics if all(metric[name] == value for name, value in wanted.items())]
    token = str(parameters.get("NextToken") or 0)
    if not token.isdigit():
        raise ListMetricsError("Request parameter NextToken is invalid")
    first = int(token)
    page = metrics[first : first + PAGE_SIZE]
    more = {"NextToken": str(first + PAGE_SIZE)} if first + PAGE_SIZE < len(metrics) else {}
    owners = {"OwningAccounts": [account_id] * len(page)} if parameters.get("IncludeLinkedAccounts") else {}
    return {"Metrics": page, **owners, **more}
