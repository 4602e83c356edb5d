"""A fake account whose functions can be listed, tagged or described, and a collector that discovers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from basewatch.aws import AwsClient, AwsSession
from basewatch.collector import (
    AnyCollector,
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    MetricSpec,
    MetricTarget,
    Resource,
)
from basewatch.components import AwsComponent, Component, Function
from basewatch.config.collection import CollectorSettings
from basewatch.family import MetricType
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.targets import Targets
from collectors.cloudwatch.throttling import RateLimits
from tests.wire import ACCOUNT, REGION, Wire, answered, offline, refusal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HERE = Location(account_id=ACCOUNT, region=REGION)
MODES = ("list", "tags", "describe")
OPERATIONS = {
    "list": "cloudwatch:ListMetrics",
    "tags": "resourcegroupstaggingapi:GetResources",
    "describe": "lambda:ListFunctions",
}
GRANTS = {"list": "cloudwatch:ListMetrics", "tags": "tag:GetResources", "describe": "lambda:ListFunctions"}
_TOKENS = {"list": "NextToken", "tags": "PaginationToken", "describe": "NextMarker"}


def spec(metric: str, statistic: str = "Sum") -> MetricSpec:
    """A counter of the functions."""
    return MetricSpec(
        family=f"aws_lambda_{metric.lower()}_total",
        type=MetricType.COUNTER,
        help=metric,
        namespace="AWS/Lambda",
        metric=metric,
        statistic=statistic,
    )


SPECS = (spec("Invocations"), spec("Errors"), spec("Throttles"))
ACTIVITY_SPECS = SPECS[:1]


def function(name: str, component: str = "") -> MeasuredResource:
    """The resource and specs of the function with this name."""
    return (
        Resource(component=component, dimensions=(("FunctionName", name),), labels=(("function_name", name),)),
        SPECS,
    )


def arn(name: str) -> str:
    """The ARN of the function with this name."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _of_arn(text: str) -> Mapping[str, str] | None:
    before, separator, name = text.partition(":function:")
    return {"FunctionName": name} if separator and before.startswith("arn:aws:lambda:") else None


def _measured(dimensions: Mapping[str, str]) -> MeasuredResource | None:
    name = dimensions["FunctionName"]
    return None if name.startswith("internal-") else function(name)


def _described(aws: AwsClient) -> Iterator[DescribedResource]:
    for page in aws.pages("lambda", "ListFunctions"):
        for entry in page["Functions"]:
            name = entry["FunctionName"]
            yield DescribedResource(
                dimensions={"FunctionName": name}, arn=arn(name), allowed_lateness=timedelta(minutes=7)
            )


FUNCTIONS = DiscoverySpec(
    namespace="AWS/Lambda",
    activity_metric="Invocations",
    dimensions=("FunctionName",),
    from_dimensions=_measured,
    resource_type="lambda:function",
    dimensions_of_arn=_of_arn,
    describe=_described,
    needs=("lambda:ListFunctions",),
)


def made_up(*discoveries: DiscoverySpec, name: str = "made_up") -> AnyCollector:
    """A collector that discovers functions by every method."""
    return Collector(
        name=name,
        component_type=Function,
        resources=lambda each: iter([function(each.name, each.ref)]),
        specs=SPECS,
        discovery_specs=discoveries or (FUNCTIONS,),
    )


def metric(name: str, of: str = "Invocations", **others: str) -> dict[str, Any]:
    """A metric of a function, as ListMetrics lists it."""
    dimensions = {"FunctionName": name, **others}
    return {
        "Namespace": "AWS/Lambda",
        "MetricName": of,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def page(mode: str, *names: str, following: str = "", tags: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One page with the functions of these names, as the method's API returns it."""
    if mode == "list":
        fields: dict[str, Any] = {"Metrics": [metric(name) for name in names]}
    elif mode == "tags":
        pairs = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        fields = {"ResourceTagMappingList": [{"ResourceARN": arn(name), "Tags": pairs} for name in names]}
    else:
        fields = {"Functions": [{"FunctionName": name} for name in names]}
    return answered(**fields, **{_TOKENS[mode]: following} if following else {})


DENIED = refusal("AccessDenied", "no", status=403)
THROTTLED = refusal("ThrottlingException", "Rate exceeded")


@dataclass(slots=True)
class FakeAccount:
    """Resolves every location to one account, unless named; `monitors` maps an account to its monitoring account."""

    wire: Wire = field(default_factory=Wire)
    monitors: Mapping[str, str] = field(default_factory=dict[str, str])
    requested: list[Location] = field(default_factory=list[Location])
    session: AwsSession | None = None

    def location(self, component: Component) -> Location:
        """The default location, or the account that the component names."""
        named = component.account if isinstance(component, AwsComponent) else None
        return self.location_of(named, None)

    def location_of(self, account: str | None, region: str | None) -> Location:
        """The location with these names; the id is the name of an account."""
        return Location(account_id=account or ACCOUNT, region=region or REGION)

    def monitoring_account(self, account_id: str) -> str:
        """The account itself, or its monitoring account."""
        return self.monitors.get(account_id, account_id)

    def aws_client(self, account_id: str, region: str) -> AwsClient:
        """A client whose calls are answered by the wire."""
        self.requested.append(Location(account_id=account_id, region=region))
        self.session = self.session or offline(self.wire)
        return self.session.open_client()


@dataclass(slots=True)
class TargetsHarness:
    """Targets over a fake account, with their telemetry and a clock."""

    account: FakeAccount
    targets: Targets
    telemetry: ExporterMetrics
    rate_limits: RateLimits
    at: datetime = NOON

    def answer(self, mode: str, *answers: dict[str, Any]) -> None:
        """Answers the method's API with these, in turn, and repeats the last one."""
        self.account.wire.answer(OPERATIONS[mode], *answers)

    def discover(self, after: timedelta = QUARTER) -> tuple[str, ...]:
        """Runs one discovery; returns the names of the functions that are collected afterwards."""
        self.at += after
        self.targets.discover(self.at)
        return self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The functions that are collected."""
        return tuple(target.resource.dimensions[0][1] for target in self.targets.current())

    def specs_of(self, name: str) -> tuple[MetricSpec, ...]:
        """The specs requested of a function; empty when it is no target."""
        return next((one.specs for one in self.targets.current() if one.resource.dimensions[0][1] == name), ())

    def metric_value(self, metric: str, **labels: str) -> float | None:
        """The value of a self-monitoring metric."""
        return self.telemetry.registry.get_sample_value(f"basewatch_{metric}", labels)

    def requests(self, mode: str) -> list[Any]:
        """The parameters of every request to the method's API."""
        return [request for operation, request in self.account.wire.asked if operation == OPERATIONS[mode]]


def harness(
    settings: Mapping[str, Any],
    *components: Component,
    collectors: tuple[AnyCollector, ...] | None = None,
    account: FakeAccount | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> TargetsHarness:
    """Targets of these components and settings, in an account without answers; no test really waits."""
    account, telemetry = account or FakeAccount(), ExporterMetrics()
    rate_limits = RateLimits(40, 170_000, clock, lambda _seconds: None, lambda: 0.5)
    targets = Targets(
        collectors=collectors or (made_up(),),
        components=components,
        collection=CollectorSettings.model_validate(settings),
        accounts=account,
        rate_limits=rate_limits,
        telemetry=telemetry,
    )
    return TargetsHarness(account=account, targets=targets, telemetry=telemetry, rate_limits=rate_limits)


def by(mode: str, *, gate: bool = False, at_most: int = 1000, **settings: Any) -> dict[str, Any]:
    """The settings of a discovery by this method alone."""
    return {"discover": [{"collector": "made_up", "by": mode, "at_most": at_most}], "skip_idle": gate, **settings}


def series_of(targets: tuple[MetricTarget, ...]) -> list[tuple[object, ...]]:
    """The identity of every series of the targets."""
    return [
        (target.account_id, target.region, each.series_name, frozenset((*target.resource.labels, *each.labels)))
        for target in targets
        for each in target.specs
    ]
