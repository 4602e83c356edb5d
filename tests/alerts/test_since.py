"""An alert began when its facts say; what is due when rests on what passes saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from basewatch.model import Finding
from tests.alerts.passes import Passes
from tests.alerts.test_policy import FAIL, HOUR, PASS, SLACK, actions, policy
from tests.alerts.test_silences import BY, CHECK
from tests.fakes import NOON, a_finding

SEEN_AT = NOON + 6 * HOUR
EARLY = SEEN_AT - 2 * HOUR


def failing(since: datetime | None = EARLY) -> Finding:
    """A failure since then."""
    return replace(a_finding(FAIL), since=since)


@pytest.mark.parametrize(
    ("since", "told"), [(EARLY, EARLY), (None, SEEN_AT), (SEEN_AT + HOUR, SEEN_AT)], ids=["earlier", "none", "later"]
)
def test_an_alert_began_when_the_facts_say(since: datetime | None, told: datetime) -> None:
    """Or when a pass first saw it, if that was earlier or the facts do not tell."""
    (fired, *_) = Passes(policy=policy()).see(failing(since))
    assert (fired.alert.since, fired.fired_at, fired.at) == (told, SEEN_AT, SEEN_AT)
    assert fired.reason == Passes(policy=policy()).see(failing(None))[0].reason


def test_the_beginning_lasts_as_long_as_the_alert() -> None:
    """A later time in the facts moves nothing; an earlier one does. The end says the earliest."""
    passes = Passes(policy=policy())
    for since in (EARLY, SEEN_AT + 5 * HOUR, EARLY - HOUR):
        passes.see(failing(since))
    (reminder,) = passes.wait(24 * HOUR)
    assert reminder.reason == "it still fails after 1 d 15 h"
    (resolved,) = passes.see(a_finding(PASS))
    assert resolved.alert.since == EARLY - HOUR


def test_a_digest_waits_for_its_time_although_the_facts_are_older() -> None:
    """What began before the last time of the digest and was seen after it is in the next."""
    passes = Passes(policy=policy({"digest": "24h"}))
    assert passes.see(failing(SEEN_AT - 20 * HOUR)) == ()
    assert actions(passes.wait(6 * HOUR)) == ["fire"]


def test_a_silence_that_ended_before_anybody_looked_held_nothing_back() -> None:
    """The reason of a message speaks of what was held back, and nothing was."""
    ended = {**BY, "match": CHECK, "from": "2026-01-01", "until": "2026-03-02T17:00:00Z"}
    (fired,) = Passes(policy=policy(silences=[ended])).see(failing())
    assert (fired.channel, fired.alert.since) == (SLACK, EARLY)
    assert "silence" not in fired.reason
