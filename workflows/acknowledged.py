"""Decides on alerts when it is known who has taken them on in the channels, where that can be read."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from alerts import Decision, Picture, decide
from alerts.acknowledged import read_acknowledgements
from basewatch.errors import HistoryError
from basewatch.history import Acknowledgement, AlertState
from basewatch.history.store import History
from basewatch.notifier import Acknowledging, Action, Notifier
from workflows.plan import Plan

AlertInChannel: TypeAlias = tuple[str, str]
"""A channel, and the key of an alert."""
READ_AGAIN_AFTER = timedelta(minutes=30)
"""How long what was read in a channel counts before the channel is asked again."""

logger = logging.getLogger(__name__)


def decide_as_acknowledged(
    plan: Plan, known: AlertState, shown: Picture, history: History, notifiers: Iterable[Notifier]
) -> Decision:
    """The decision, with what people have acknowledged in the channels, which is recorded.

    The channels are asked only about open alerts of which something is due, such as a reminder or an escalation. What
    cannot be read is not acknowledged, unless it was before.
    """
    alerts, platform = plan.config.alerts, plan.config.platform
    asking = [notifier for notifier in notifiers if isinstance(notifier, Acknowledging)]
    if not asking:
        return decide(known, shown, alerts, platform)
    old = _to_read_again(known, shown, history, asking)
    unsure = replace(known, acknowledged=known.acknowledged - old.keys())
    decided = decide(unsure, shown, alerts, platform)
    due = {each.key for each in decided.notifications if each.action is not Action.RESOLVE} - unsure.acknowledged
    due &= {each.key for each in known.open_alerts}
    if due:
        # A fire to a channel that was not notified, for instance, is due whoever has the alert.
        quiet = decide(replace(unsure, acknowledged=unsure.acknowledged | due), shown, alerts, platform)
        anyway = {(each.channel, each.key) for each in quiet.notifications}
        due = {each.key for each in decided.notifications if (each.channel, each.key) not in anyway}
    people = _people(known, due, history, asking) if due else {}
    taken = {
        key: Acknowledgement(key=key, person=person, note=_note(channel), at=shown.at)
        for (channel, key), person in people.items()
        if person
    }
    withdrawn = {key for channel, key in people if key in old and old[key].note == _note(channel)} - taken.keys()
    # A channel that did not answer is not asked again at once either.
    asked_again = {key: replace(old[key], at=shown.at) for key in old.keys() & due - withdrawn}
    _record((asked_again | taken).values(), withdrawn, history)
    acknowledged = (known.acknowledged - withdrawn) | taken.keys()
    if acknowledged == unsure.acknowledged:
        return decided
    return decide(replace(known, acknowledged=acknowledged), shown, alerts, platform)


def _to_read_again(
    known: AlertState, shown: Picture, history: History, asking: Sequence[Acknowledging]
) -> Mapping[str, Acknowledgement]:
    """What was acknowledged in a channel and asked about some time ago, by key."""
    if not known.acknowledged:
        return {}
    notes, read_before = {_note(each.name) for each in asking}, shown.at - READ_AGAIN_AFTER
    rows = (each for each in history.acknowledgements() if each.note in notes and each.at <= read_before)
    return {each.key: each for each in rows if each.key in known.acknowledged}


def _people(
    known: AlertState, due: Collection[str], history: History, asking: Sequence[Acknowledging]
) -> Mapping[AlertInChannel, str]:
    """Who has each alert in each channel that says so, empty if nobody has it there."""
    names = {notifier.name for notifier in asking}
    told = [(each.channel, each.key) for each in known.open_alerts if each.key in due and each.channel in names]
    if not told:
        return {}
    keys: dict[tuple[str, str], list[str]] = {}
    for (channel, key), reference in history.opening_references(told).items():
        keys.setdefault((channel, reference), []).append(key)
    asked = [(each, [reference for channel, reference in keys if channel == each.name]) for each in asking]
    answers, problems = read_acknowledgements([(each, references) for each, references in asked if references])
    for problem in problems:
        logger.warning(problem)
    return {
        (answer.channel, key): answer.person for answer in answers for key in keys[answer.channel, answer.reference]
    }


def _record(taken: Iterable[Acknowledgement], withdrawn: Iterable[str], history: History) -> None:
    try:
        for each in taken:
            history.acknowledge(each)
        for key in withdrawn:
            history.withdraw_acknowledgement(key)
    except HistoryError:
        logger.exception("what was read of acknowledgements could not be recorded")


def _note(channel: str) -> str:
    return f"in {channel}"
