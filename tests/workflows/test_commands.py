"""What could not be delivered is said once for each channel."""

from __future__ import annotations

from dataclasses import replace

from alerts import Delivery, Undelivered, decide
from basewatch.metrics import CollectedMetrics
from tests.fakes import ALERTS, NOON, PLATFORM, a_finding, a_run
from workflows.commands import undelivered_lines
from workflows.monitor import Delivered


def test_each_channel_that_was_not_told_is_one_line() -> None:
    """However many messages a channel did not take, the reader sees how many, why, and whether they are lost."""
    run = a_run(a_finding(check="a.b.c"), a_finding(check="d.e.f"))
    owed = decide((), run, ALERTS, PLATFORM, NOON)
    failed = tuple(
        Undelivered(notification=message, error="it hung up", pending=message.channel == "on-call") for message in owed
    )
    nothing = CollectedMetrics(window=run.window)
    passed = Delivered(run=run, collected=nothing, previous=(), delivery=Delivery(delivered=(), undelivered=failed))
    untold = "was not told of a.b.c aurora_cluster/securebase-production and 1 more: it hung up"
    assert sorted(undelivered_lines(passed)) == [
        f"on-call {untold}; the next run tries again",
        f"production-alerts {untold}; it is not tried again",
    ]
    assert undelivered_lines(replace(passed, delivery=Delivery(delivered=owed, undelivered=()))) == ()
