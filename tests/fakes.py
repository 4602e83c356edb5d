"""Small stand-ins and example values that several rooms' tests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerts import Picture, bundled, decide
from alerts.channels.pagerduty import PagerDutyChannel
from alerts.channels.slack import SlackChannel
from basewatch.config import Alerts, Platform, Route
from basewatch.errors import DeliveryError
from basewatch.history import AlertState, OpenAlert
from basewatch.model import Evidence, ExpectedCheck, Finding, Proof, Reason, Run, Severity, Status, Transition, Window
from basewatch.notifier import Message, Notification, Receipt
from basewatch.secrets import Reference
from basewatch.series import Point, Series

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLATFORM = Platform(name="securebase", environment="production")
ALERTS = Alerts(
    channels=(
        SlackChannel(name="production-alerts", kind="slack", webhook=Reference("env", "SLACK_WEBHOOK_URL")),
        PagerDutyChannel(name="on-call", kind="pagerduty", routing_key=Reference("env", "PAGERDUTY_ROUTING_KEY")),
    ),
    routes=(
        Route(channel="production-alerts"),
        Route(channel="on-call", severity=Severity.CRITICAL, unverified=False),
    ),
)


def a_finding(
    status: Status = Status.FAIL,
    *,
    check: str = "backup.aurora.rpo",
    component: str = "aurora_cluster/securebase-production",
    subject: str = "",
    severity: Severity = Severity.CRITICAL,
) -> Finding:
    """A finding as the runner would record it."""
    failing = status is Status.FAIL
    return Finding(
        check=check,
        component=component,
        subject=subject,
        status=status,
        severity=severity,
        proof=Proof.CONFIGURATION,
        summary="The newest restorable time is 2 h old." if failing else f"It is {status.value}.",
        reason=Reason.DENIED if status is Status.UNVERIFIED else None,
        observed="2 h" if failing else "",
        expected="1 h at most" if failing else "",
        remedy="Look at the cluster's backup events." if failing else "",
        controls=("SOC2:A1.2",),
        evidence="e" * 64,
    )


def a_run(
    *findings: Finding,
    id: str = "run-1",  # noqa: A002  # the word a run is known by
    at: datetime = NOON,
    expected: Sequence[ExpectedCheck] | None = None,
    transitions: Sequence[Transition] = (),
) -> Run:
    """A run with these findings; it expects just their pairs unless `expected` is given."""
    pairs = dict.fromkeys(ExpectedCheck(check=each.check, component=each.component) for each in findings)
    return Run(
        id=id,
        started=at - timedelta(seconds=20),
        finished=at,
        window=Window(start=at - timedelta(hours=6), end=at),
        version="0.1.0",
        config_digest="c" * 64,
        commit="0123abc",
        expected=tuple(pairs) if expected is None else tuple(expected),
        components={"aurora_cluster/securebase-production": {"backup": {"rpo": "1h"}, "multi_az": True}},
        findings=findings,
        evidence=(some_evidence(at),),
        series=(some_series(at),),
        transitions=tuple(transitions),
        notes=("started late",),
    )


def some_evidence(at: datetime = NOON) -> Evidence:
    """Evidence with every kind of JSON value in its facts."""
    return Evidence(
        digest="e" * 64,
        observation="checks.backup.aurora.restore_window",
        component="aurora_cluster/securebase-production",
        facts={"newest": "2026-03-02T10:00:00Z", "days": 35, "share": 0.5, "tags": [None, True, {"a": 1.0}]},
        source="aws:123456789012/us-east-1",
        principal="arn:aws:sts::123456789012:assumed-role/basewatch-reader/basewatch",
        requests=("rds:DescribeDBClusters 7a0c",),
        observed_at=at - timedelta(seconds=10, microseconds=1),
    )


def some_series(at: datetime = NOON) -> Series:
    """A short series; one value is a whole number, as a source may give it."""
    points = tuple(Point(period_end=at - timedelta(minutes=5 - n), value=n / 3) for n in range(5))
    return Series(
        name="aws_lambda_duration_seconds",
        labels=(("function", "auth-v2"), ("quantile", "0.95")),
        period=timedelta(minutes=1),
        points=(*points, Point(period_end=at, value=7)),
    )


@dataclass(slots=True)
class FakeNotifier:
    """A channel that keeps what it took; `troubles` are met in turn before anything is taken."""

    name: str
    troubles: list[Exception] = field(default_factory=list[Exception])
    sent: list[Notification] = field(default_factory=list[Notification])
    before: Callable[[Notification], None] = lambda _: None
    messages: list[Message] = field(default_factory=list[Message])
    gives_reference: bool = True

    def send(self, message: Message) -> Receipt:
        """Takes the message, unless the next trouble comes first."""
        for notification in message.notifications:
            self.before(notification)
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent += message.notifications
        self.messages.append(message)
        return Receipt(channel=self.name, reference=f"{self.name}-{len(self.sent)}" if self.gives_reference else "")


def refused(
    detail: str = "it answered 500", *, retryable: bool = True, after: float | None = None, arrived: bool = True
) -> DeliveryError:
    """The error of a channel that did not take a notification."""
    return DeliveryError(detail, retryable=retryable, retry_after_seconds=after, arrived=arrived)


def picture_of(run: Run, *, at: datetime | None = None, other: Sequence[Finding] = ()) -> Picture:
    """What is known after a run; `other` are the findings of what it did not judge."""
    elsewhere = (ExpectedCheck(check=each.check, component=each.component) for each in other)
    return Picture(
        run=run.id,
        at=at or run.finished,
        findings=(*run.findings, *other),
        expected=frozenset((*run.expected, *elsewhere)),
        judged=frozenset(run.expected),
        before={transition.finding.key: transition.previous for transition in run.transitions},
        evidence={evidence.digest: evidence for evidence in run.evidence},
    )


def due_of(
    picture: Picture, open_alerts: Sequence[OpenAlert] = (), policy: Alerts = ALERTS
) -> tuple[Notification, ...]:
    """The notifications that a picture requires while these alerts are open, when nothing else is known."""
    return decide(AlertState(open_alerts=tuple(open_alerts)), picture, policy, PLATFORM).notifications


def messages_due(
    picture: Picture, open_alerts: Sequence[OpenAlert] = (), policy: Alerts = ALERTS
) -> tuple[Message, ...]:
    """The messages of these notifications."""
    return bundled(due_of(picture, open_alerts, policy), policy.channels)


def message_of(*notifications: Notification) -> Message:
    """One message of these notifications, which opens their alerts."""
    first = notifications[0]
    return Message(id=first.id, channel=first.channel, notifications=notifications)
