"""What the rules are made from: the configuration, what is measured of each component, and what checks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from basewatch.check import AnyCheck
from basewatch.collector import AnyCollector, Tier
from basewatch.components import Component, InAccount
from basewatch.config import Config
from basewatch.quantities import parse_duration
from generate.prometheus.promql import Labels, literal, selector, span
from generate.prometheus.rule_model import Alert, Urgency, urgency

SHORTEST = parse_duration("5m")
"""Datapoints come two to four minutes late and one a minute: of a shorter window too few would be there."""
# What a component's series differ by without being another resource.
_PARTS = frozenset({"operation", "target_role", "quantile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What all alerts of one name have in common; docs/alerting-rules.md explains each.

    `severity` is that of alerts whose promise no check judges. `fires` is the condition and `remedy` what to do.
    """

    name: str
    severity: Urgency
    fires: str
    remedy: str
    dashboard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The series of one resource: the labels that pick them, who collects them, and how often.

    Its expressions have no labels left: the rule that holds one says what it is of.
    """

    collector: str
    labels: Labels
    refresh: timedelta

    @property
    def identity(self) -> Labels:
        """What an alert on these series is known by: who collects them, and what they are of."""
        return {"collector": self.collector, **self.labels}

    @property
    def window(self) -> timedelta:
        """Three refreshes, so that a late one leaves no hole in a rate."""
        return max(SHORTEST, 3 * self.refresh)

    def highest(self, metric: str, **more: str) -> str:
        """The newest value of a gauge."""
        return f"max({selector(metric, {**self.labels, **more})})"

    def lowest(self, metric: str) -> str:
        """The newest value of a gauge whose depths count."""
        return f"min({selector(metric, self.labels)})"

    def rate(self, metric: str, window: timedelta | None = None, offset: str = "") -> str:
        """Events of a counter per second."""
        return f"sum(rate({self._over(metric, window)}{offset}))"

    def increase(self, metric: str, window: timedelta | None = None) -> str:
        """Events of a counter within the window."""
        return f"sum(increase({self._over(metric, window)}))"

    def before(self, metric: str, window: timedelta) -> str:
        """A counter as it was before the window: nothing, where it was not watched for as long."""
        return f"sum({selector(metric, self.labels)} offset {span(window)})"

    def _over(self, metric: str, window: timedelta | None) -> str:
        return f"{selector(metric, self.labels)}[{span(window or self.window)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A configuration, and the checks and collectors there are."""

    config: Config
    checks: tuple[AnyCheck, ...]
    collectors: tuple[AnyCollector, ...]

    def sources(self, component: Component, metric: str) -> Iterator[Source]:
        """Where `metric` of a declared component is found: one source for each of its resources, none if not asked."""
        place = self.place(component)
        found = dict[tuple[tuple[str, str], ...], Source]()
        for collector in self.collectors:
            for resource, specs in collector.resources(component) if isinstance(component, collector.component) else ():
                refresh = min((self.every(spec.tier) for spec in specs if spec.name == metric), default=None)
                labels = tuple((name, value) for name, value in resource.labels if name not in _PARTS and value)
                if refresh is not None:
                    source = Source(collector=collector.name, labels={**place, **dict(labels)}, refresh=refresh)
                    found.setdefault(labels, source)
        yield from found.values()

    def every(self, tier: Tier) -> timedelta:
        """How often a tier is refreshed."""
        collection = self.config.collectors
        match tier:
            case Tier.FAST:
                return collection.fast
            case Tier.STANDARD:
                return collection.every
            case Tier.SLOW:
                return collection.slow

    def place(self, component: Component) -> Mapping[str, str]:
        """The labels of the account and region that a component lives in; none outside AWS."""
        aws = self.config.aws
        if aws is None or not isinstance(component, InAccount):
            return {}
        account = aws.accounts[component.account or next(iter(aws.accounts))]
        return {"aws_account_id": account.id, "aws_region": component.region or account.regions[0]}

    def check_of(self, component: Component, promise: str) -> AnyCheck | None:
        """The check that judges a promise of a component, None when none does."""
        return next((c for c in self.checks if isinstance(component, c.component) and promise in c.promises), None)

    def alert(
        self,
        template: Template,
        expr: str,
        *,
        summary: str,
        sustained: timedelta = timedelta(),
        component: Component | None = None,
        promise: str = "",
        severity: Urgency | None = None,
        labels: Labels = MappingProxyType({}),
    ) -> Alert:
        """An alert of this name; as urgent as the check that judges the same promise, where one does.

        `summary` may hold templates of Prometheus; what the configuration names is no template anywhere in the rest.
        """
        check = self.check_of(component, promise) if component and promise else None
        fixed = {
            "severity": (severity or self._severity(check) or template.severity).value,
            "component": component.ref if component else "",
            **({"check": check.id} if check else {}),
            **labels,
        }
        ours = self.config.prometheus
        return Alert(
            alert=template.name,
            expr=expr,
            sustained=sustained,
            labels={name: literal(value) for name, value in fixed.items() if value},
            annotations={
                "summary": summary,
                "description": f"{template.fires}. {template.remedy}",
                "runbook_url": literal(ours.runbook_url.replace("{alert}", template.name.lower())),
                "dashboard_url": literal(ours.dashboard_url.replace("{uid}", template.dashboard)),
            },
        )

    def _severity(self, check: AnyCheck | None) -> Urgency | None:
        if check is None:
            return None
        settings = self.config.checks.get(check.id)
        return urgency((settings and settings.severity) or check.severity)
