"""Alerting: `decide` says which notifications a run requires, and is pure; `deliver` sends the pending ones."""

from alerts.bundling import bundled
from alerts.channels import notifiers
from alerts.decide import Decision, decide
from alerts.outbox import deliver
from alerts.picture import Picture
from alerts.retry_policy import DEFAULT_DELIVERY_RETRY_POLICY, DeliveryRetryPolicy, last_chance_policy
from alerts.undelivered import Delivery, Outlook, Undelivered

__all__ = [
    "DEFAULT_DELIVERY_RETRY_POLICY",
    "Decision",
    "Delivery",
    "DeliveryRetryPolicy",
    "Outlook",
    "Picture",
    "Undelivered",
    "bundled",
    "decide",
    "deliver",
    "last_chance_policy",
    "notifiers",
]
