"""Repeats a pass while things settle, such as after a deployment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from basewatch.errors import BasewatchError
from basewatch.quantities import parse_duration
from basewatch.time_limit import TimeLimit

PAUSE_SECONDS = 15.0
"""Between two passes: CloudFormation, Lambda and API Gateway change state within seconds, and quotas are small."""
T = TypeVar("T")


class Pause(Protocol):
    """Waits for so many seconds."""

    def __call__(self, seconds: float, /) -> object:
        """Returns when the time is over."""
        ...


def parse_wait(text: str) -> timedelta:
    """The time of --wait, such as 10m; 0 is no wait. Raises: BasewatchError."""
    try:
        return parse_duration("0s" if text == "0" else text)
    except ValueError as error:
        raise BasewatchError(f"--wait: {error}") from error


def settled(
    observe: Callable[[], T],
    is_settled: Callable[[T], bool],
    limit: TimeLimit,
    unsettled: Callable[[T], None],
    pause: Pause,
) -> T:
    """The first observation that has settled, or the last before the limit; the first is made in any case.

    `unsettled` is told of each observation that is followed by another.
    """
    while True:
        found = observe()
        left = limit.remaining_seconds
        if is_settled(found) or left <= 0:
            return found
        unsettled(found)
        pause(min(PAUSE_SECONDS, left))
