"""Keeps an alert open whose resolve a channel refused, although the channel perhaps knows of the alert."""

from __future__ import annotations

from sqlalchemy import Connection, update

from basewatch.history.delivery_state import DeliveryState
from basewatch.history.episodes import AlertInChannel, episodes
from basewatch.history.tables import notifications as table
from basewatch.notifier import Action
from basewatch.outbox import LONGEST_WAIT


def reopen(connection: Connection, alert: AlertInChannel, resolve: int) -> None:
    """Keeps an alert open that the channel perhaps knows of and whose resolve it refused, so that a pass ends it again.

    Its last fire is pending again; a pass that finds the problem gone replaces it before it is sent.
    """
    episode = episodes(connection, [alert], before=resolve)[alert]
    fires = [each for each in episode.rows if each["action"] == Action.FIRE and each["doubtful"] > 0]
    if fires and not episode.is_known and fires[-1]["state"] == DeliveryState.SUPERSEDED:
        later = fires[-1]["next_attempt_at"] + LONGEST_WAIT
        again = {"state": DeliveryState.PENDING, "next_attempt_at": later, "claimed_until": None}
        connection.execute(update(table).where(table.c.sequence == fires[-1]["sequence"]).values(again))
