"""Decides who is told what after a run, and tells them: `decide` is pure, `deliver` sends what is owed."""

from alerts.channels import notifiers
from alerts.decide import decide
from alerts.dispatch import DEFAULT_DELIVERY_RETRY_POLICY, DeliveryRetryPolicy
from alerts.outbox import Delivery, Undelivered, deliver

__all__ = [
    "DEFAULT_DELIVERY_RETRY_POLICY",
    "Delivery",
    "DeliveryRetryPolicy",
    "Undelivered",
    "decide",
    "deliver",
    "notifiers",
]
