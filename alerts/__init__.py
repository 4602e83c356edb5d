"""Alerting: `decide` says which notifications a run requires, and is pure; `deliver` sends the pending ones."""

from alerts.channels import notifiers
from alerts.decide import Decision, decide
from alerts.dispatch import DEFAULT_DELIVERY_RETRY_POLICY, DeliveryRetryPolicy
from alerts.outbox import Delivery, Undelivered, deliver
from alerts.picture import Picture

__all__ = [
    "DEFAULT_DELIVERY_RETRY_POLICY",
    "Decision",
    "Delivery",
    "DeliveryRetryPolicy",
    "Picture",
    "Undelivered",
    "decide",
    "deliver",
    "notifiers",
]
