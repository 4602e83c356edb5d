"""The fake's list operations: metrics, resources and APIs, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.fleet import Fleet, FleetResource
from benchmarks.cloudwatch.metric_data_request import FakeAwsError

METRICS_PER_PAGE = 500
RESOURCES_PER_PAGE = 100
FUNCTIONS_PER_PAGE = 50
_TAGS = ({"Key": "env", "Value": "benchmark"},)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """The account and region of a request, and its time by the fake's clock."""

    account_id: str
    region: str
    now: float


class ListOperations:
    """The list operations over a fleet."""

    def __init__(self, settings: FakeSettings) -> None:
        self.settings = settings
        self._fleet = Fleet(settings)
        self._resources = lru_cache(maxsize=8)(lambda minute: tuple(self._fleet.resources(minute * 60)))

    def metrics(self, request: Mapping[str, Any], caller: RequestContext) -> dict[str, Any]:
        """ListMetrics, 500 a page. Raises: FakeAwsError."""
        recent = request.get("RecentlyActive")
        if recent not in {None, "PT3H"}:
            raise FakeAwsError("ValidationError", "RecentlyActive is PT3H or nothing.")
        accounts = [caller.account_id]
        if request.get("IncludeLinkedAccounts"):
            accounts += [account for account in self.settings.linked_accounts.split(",") if account]
        if request.get("OwningAccount"):
            accounts = [account for account in accounts if account == request["OwningAccount"]]
        filters = tuple((str(one["Name"]), one.get("Value")) for one in request.get("Dimensions") or ())
        found = self._found(
            request.get("Namespace"), request.get("MetricName"), filters, int(caller.now // 60), recent is not None
        )
        begin = _offset(request.get("NextToken"))
        total = len(found) * len(accounts)
        shown = range(begin, min(total, begin + METRICS_PER_PAGE))
        answer: dict[str, Any] = {"Metrics": [found[number % len(found)] for number in shown]}
        if request.get("IncludeLinkedAccounts"):
            answer["OwningAccounts"] = [accounts[number // len(found)] for number in shown]
        return answer | ({"NextToken": str(shown.stop)} if shown.stop < total else {})

    def get_resources(self, request: Mapping[str, Any], caller: RequestContext) -> dict[str, Any]:
        """GetResources of the tagging API, 100 a page; half of the resources were never tagged and are not listed."""
        kinds = set(request.get("ResourceTypeFilters") or ())
        filters: Sequence[Mapping[str, Any]] = request.get("TagFilters") or ()
        label = {tag["Key"]: tag["Value"] for tag in _TAGS}
        if all(one["Key"] in label and label[one["Key"]] in (one.get("Values") or label.values()) for one in filters):
            found = [
                resource.service.arn.format(region=caller.region, account=caller.account_id, name=resource.name)
                for number, resource in enumerate(self._alive(caller.now))
                if number % 2 == 0 and (not kinds or kinds & {resource.service.resource_type, _service_of(resource)})
            ]
        else:
            found = []
        begin = _offset(request.get("PaginationToken"))
        end = begin + RESOURCES_PER_PAGE
        shown = [{"ResourceARN": arn, "Tags": list(_TAGS)} for arn in found[begin:end]]
        return {"ResourceTagMappingList": shown, "PaginationToken": str(end) if end < len(found) else ""}

    def rest_apis(self, caller: RequestContext) -> dict[str, Any]:
        """API Gateway's GetRestApis, in one page."""
        names = [resource.name for resource in self._alive(caller.now) if resource.service.setting == "apis"]
        return {"item": [{"id": name, "name": name, "createdDate": 0} for name in names]}

    def functions(self, begin: str | None, caller: RequestContext) -> dict[str, Any]:
        """Lambda's ListFunctions, 50 a page."""
        names = [resource.name for resource in self._alive(caller.now) if resource.service.setting == "functions"]
        end = _offset(begin) + FUNCTIONS_PER_PAGE
        shown = [{"FunctionName": name, "Timeout": 30} for name in names[_offset(begin) : end]]
        return {"Functions": shown} | ({"NextMarker": str(end)} if end < len(names) else {})

    def instances(self, caller: RequestContext) -> list[str]:
        """The names that RDS's DescribeDBInstances lists."""
        return [resource.name for resource in self._alive(caller.now) if resource.service.setting == "instances"]

    def _alive(self, now: float) -> Iterator[FleetResource]:
        resources: Sequence[FleetResource] = self._resources(int(now // 60))
        return (resource for resource in resources if resource.created_at <= now < resource.deleted_at)

    @lru_cache(maxsize=64)  # noqa: B019  # a Listings lives as long as its knobs stay
    def _found(
        self,
        namespace: str | None,
        metric: str | None,
        filters: tuple[tuple[str, str | None], ...],
        minute: int,
        active: bool,  # noqa: FBT001  # part of the cache's key
    ) -> list[dict[str, Any]]:
        found = list[dict[str, Any]]()
        account_level = set[str]()
        for resource in self._resources(minute):
            service = resource.service
            if (namespace is not None and service.namespace != namespace) or (active and resource.idle):
                continue
            for dimension_set in service.dimension_sets:
                if not dimension_set.name_dimension and service.namespace in account_level:
                    continue
                dimensions = dimension_set.dimensions(resource.name)
                if all(_matches(dimensions, name, value) for name, value in filters):
                    pairs = [{"Name": name, "Value": value} for name, value in dimensions]
                    names = [name for name in dimension_set.metrics if metric is None or name == metric]
                    found += [
                        {"Namespace": service.namespace, "MetricName": name, "Dimensions": pairs} for name in names
                    ]
            account_level.add(service.namespace)
        return found


def _service_of(resource: FleetResource) -> str:
    return resource.service.resource_type.partition(":")[0]


def _matches(dimensions: Sequence[tuple[str, str]], name: str, value: str | None) -> bool:
    return any(name == label and value in {None, actual} for label, actual in dimensions)


def _offset(token: Any) -> int:
    if token and not str(token).isdigit():
        raise FakeAwsError("InvalidParameterValue", "The token is not one that was given.")
    return int(token or 0)
