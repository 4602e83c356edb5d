"""Which alerts a route leads to its channel, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from basewatch.alert import Alert, AlertKind
from basewatch.config.alerting import Alerts, Route
from basewatch.config.silences import any_glob, has_labels
from basewatch.config.streak import Streak
from basewatch.notifier import Channel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Labels = Mapping[str, Mapping[str, str]]
"""The labels of each component, by its ref."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRoutes:
    """The routes to one channel, and the settings of `alerts` that apply where a route has none."""

    channel: Channel
    routes: tuple[Route, ...]
    defaults: Alerts

    @classmethod
    def of(cls, policy: Alerts) -> tuple[ChannelRoutes, ...]:
        """The routes of each channel."""
        return tuple(
            cls(
                channel=channel,
                routes=tuple(route for route in policy.routes if route.channel == channel.name),
                defaults=policy,
            )
            for channel in policy.channels
        )

    def leading(self, alert: Alert, labels: Labels) -> tuple[Route, ...]:
        """The routes that the alert matches, whatever its age."""
        return tuple(route for route in self.routes if self._reports(route, alert) and matches(route, alert, labels))

    def start(self, route: Route, alert: Alert) -> Streak:
        """How long the problem has to last before the route notifies of it."""
        match alert.kind:
            case AlertKind.FINDING:
                return route.fire_after or self.defaults.fire_after
            case AlertKind.UNSEEN:
                return route.unverified_after or self.defaults.unverified_after
            case AlertKind.BLIND:
                return route.blind_after or self.defaults.blind_after
            case _:
                assert_never(alert.kind)

    def end(self, routes: Sequence[Route]) -> Streak:
        """How long the problem has to be gone before it has ended, for routes of the same alert: the longest."""
        ends = [route.resolve_after or self.defaults.resolve_after for route in routes]
        return Streak(
            passes=max((end.passes for end in ends), default=self.defaults.resolve_after.passes),
            duration=max((end.duration for end in ends), default=self.defaults.resolve_after.duration),
        )

    def reminder(self, routes: Sequence[Route]) -> timedelta:
        """The shortest interval of these routes at which an open alert is repeated; none is zero."""
        inherited = (self.defaults.remind_every if r.remind_every is None else r.remind_every for r in routes)
        return min((interval for interval in inherited if interval), default=timedelta())

    def _reports(self, route: Route, alert: Alert) -> bool:
        match alert.kind:
            case AlertKind.FINDING:
                return True
            case AlertKind.UNSEEN:
                return route.unverified
            case AlertKind.BLIND:
                return route.blind if route.blind is not None else self.channel.pages or route.unverified
            case _:
                assert_never(alert.kind)


def matches(route: Route, alert: Alert, labels: Labels) -> bool:
    """Whether the filters of the route match the alert: its severity, and any finding in it."""
    if alert.severity.rank < route.severity.rank:
        return False
    findings = ((alert.check, alert.component), *((member.check, member.component) for member in alert.members))
    return not (route.checks or route.components or route.labels) or any(
        any_glob(route.checks, check)
        and any_glob(route.components, component)
        and has_labels(route.labels, labels.get(component, {}))
        for check, component in findings
    )


def digest_due(routes: Iterable[Route], since: datetime, at: datetime) -> bool:
    """Whether one of the routes reports now what began at `since`: at once, or with the first digest after it.

    Digests are due at whole multiples of their interval, in UTC, so that they hold what came in between.
    """
    return any(
        route.digest is None or (at - _EPOCH) // route.digest > (since - _EPOCH) // route.digest for route in routes
    )
