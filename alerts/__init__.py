"""Decides who is told what after a run, and tells them: `decide` is pure, `deliver` sends what is owed."""

from alerts.channels import notifiers
from alerts.decide import decide
from alerts.outbox import Delivery, Undelivered, deliver
from alerts.sending import DEFAULT_PATIENCE, Patience

__all__ = ["DEFAULT_PATIENCE", "Delivery", "Patience", "Undelivered", "decide", "deliver", "notifiers"]
