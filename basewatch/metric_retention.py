"""How long CloudWatch keeps datapoints, by their period.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
"""

from __future__ import annotations

from datetime import timedelta

_KEPT = (
    (timedelta(hours=1), timedelta(days=455)),
    (timedelta(minutes=5), timedelta(days=63)),
    (timedelta(minutes=1), timedelta(days=15)),
)


def kept_for(period: timedelta) -> timedelta:
    """How long datapoints of a period are kept. CloudWatch aggregates them, so a multiple is kept as long or longer."""
    return next((kept for finest, kept in _KEPT if period % finest == timedelta()), timedelta(hours=3))
