"""What time alone brings between passes: reminders, escalations, digests, and what a silence held back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from alerts import Delivery, Picture, bundled, deliver
from basewatch.history.store import History
from basewatch.notifier import Notifier
from workflows.acknowledged import decide_as_acknowledged
from workflows.drills import remind_forgetful
from workflows.plan import Plan

logger = logging.getLogger(__name__)


def deliver_due(
    plan: Plan,
    shown: Picture | None,
    history: History,
    notifiers: Iterable[Notifier],
    clock: Callable[[], datetime],
    *,
    lock: AbstractContextManager[object],
) -> Delivery:
    """Sends what is pending, and what time alone brings after the pass that made the picture; None before the first.

    The channels that forget open alerts are told of them again.
    No pass is recorded while `lock` is held.
    """
    opened = tuple(notifiers)
    if shown is not None:
        with lock:
            _decide_later(plan, shown, history, opened, clock())
    delivery = deliver(history, opened, clock, channels=plan.config.alerts.channels)
    for problem in remind_forgetful(history, opened):
        logger.warning(problem)
    return delivery


def _decide_later(plan: Plan, shown: Picture, history: History, notifiers: Iterable[Notifier], at: datetime) -> None:
    """Queues what is due on the same picture at a later time."""
    later = replace(shown, at=at, judged=frozenset(), before={}, continuous=True)
    known = history.alert_state()
    decided = decide_as_acknowledged(plan, known, later, history, notifiers)
    if decided.notifications or decided.conditions != known.conditions:
        history.remember(bundled(decided.notifications, plan.config.alerts.channels), decided.conditions)
