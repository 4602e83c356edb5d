"""Decides on alerts when it is known who has taken them on in the channels, where that can be read."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from alerts import Decision, Picture, decide
from alerts.acknowledged import read_acknowledgements
from basewatch.errors import HistoryError
from basewatch.history import Acknowledgement, AlertState
from basewatch.history.store import History
from basewatch.notifier import Acknowledging, Action, Notifier
from workflows.plan import Plan

logger = logging.getLogger(__name__)


def decide_as_acknowledged(
    plan: Plan, known: AlertState, shown: Picture, history: History, notifiers: Iterable[Notifier]
) -> Decision:
    """The decision, with what people have acknowledged in the channels; each that is new is recorded.

    The channels are asked only about open alerts of which something is due, such as a reminder or an escalation. What
    cannot be read is not acknowledged.
    """
    decided = decide(known, shown, plan.config.alerts, plan.config.platform)
    due = {each.key for each in decided.notifications if each.action is not Action.RESOLVE} - known.acknowledged
    asking = [notifier for notifier in notifiers if isinstance(notifier, Acknowledging)]
    taken = _taken_elsewhere(known, due, history, asking, shown) if due and asking else ()
    if not taken:
        return decided
    for each in taken:
        try:
            history.acknowledge(each)
        except HistoryError:
            logger.exception("the acknowledgement by %s could not be recorded", each.person)
    acknowledged = known.acknowledged | {each.key for each in taken}
    return decide(replace(known, acknowledged=acknowledged), shown, plan.config.alerts, plan.config.platform)


def _taken_elsewhere(
    known: AlertState, due: Collection[str], history: History, asking: Sequence[Acknowledging], shown: Picture
) -> tuple[Acknowledgement, ...]:
    names = {notifier.name for notifier in asking}
    told = [(each.channel, each.key) for each in known.open_alerts if each.key in due and each.channel in names]
    if not told:
        return ()
    keys: dict[tuple[str, str], list[str]] = {}
    for (channel, key), reference in history.opening_references(told).items():
        keys.setdefault((channel, reference), []).append(key)
    asked = [(each, [reference for channel, reference in keys if channel == each.name]) for each in asking]
    taken, problems = read_acknowledgements([(each, references) for each, references in asked if references])
    for problem in problems:
        logger.warning(problem)
    return tuple(
        Acknowledgement(key=key, person=each.person, note=f"in {each.channel}", at=shown.at)
        for each in taken
        for key in keys[each.channel, each.reference]
    )
