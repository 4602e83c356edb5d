"""Puts the notifications of one pass into messages: one for each channel that takes several at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from basewatch.notifier import Channel, Message, Notification


def bundled(notifications: Iterable[Notification], channels: Iterable[Channel]) -> tuple[Message, ...]:
    """The messages of these notifications, in their order. The ids depend on nothing but what is in a message."""
    grouping = {channel.name for channel in channels if channel.groups}
    by_channel: dict[str, list[Notification]] = {}
    for each in notifications:
        by_channel.setdefault(each.channel if each.channel in grouping else each.id, []).append(each)
    return tuple(message_of(together) for together in by_channel.values())


def message_of(notifications: Sequence[Notification]) -> Message:
    """The message of these notifications, which have one channel."""
    ids = "\x1f".join(each.id for each in notifications)
    return Message(
        id="m1-" + hashlib.sha256(ids.encode()).hexdigest()[:32],
        channel=notifications[0].channel,
        notifications=tuple(notifications),
    )
