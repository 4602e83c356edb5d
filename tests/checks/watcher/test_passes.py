"""A pass that is missing is found by the next one, and is worse the more are missing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from basewatch.components import Watcher
from basewatch.model import Severity, Status, Verdict
from checks.watcher.passes import PreviousPass, no_pass_is_missing
from tests.fakes import NOON

EVERY = timedelta(hours=6)
WATCHER = Watcher(every=EVERY)


def judged(ended: datetime | None) -> Verdict:
    """The verdict of a pass at noon after a pass that ended at `ended`."""
    (verdict,) = no_pass_is_missing.judge(PreviousPass(ended=ended), WATCHER, NOON)
    return verdict


@pytest.mark.parametrize("hours", [-3, 0, 1, 6, 8.9, 9])
def test_a_pass_may_come_late(hours: float) -> None:
    """Up to half an interval late is how schedulers are; a clock that was set back is no gap."""
    assert judged(NOON - timedelta(hours=hours)).status is Status.PASS


@pytest.mark.parametrize(
    ("hours", "severity", "said"),
    [
        (9.1, None, "1 pass was missed: nobody looked at the platform for 9h6m"),
        (12, None, "1 pass was missed: nobody looked at the platform for 12h"),
        (18, Severity.HIGH, "2 passes were missed: nobody looked at the platform for 18h"),
        (24 * 60, Severity.HIGH, "239 passes were missed: nobody looked at the platform for 60d"),
    ],
)
def test_a_gap_fails(hours: float, severity: Severity | None, said: str) -> None:
    """One missed pass is of medium severity, more are of high severity; the summary says how long nobody looked."""
    verdict = judged(NOON - timedelta(hours=hours))
    assert (verdict.status, verdict.severity, verdict.summary) == (Status.FAIL, severity, said)


def test_a_first_pass_has_no_gap() -> None:
    """Without an earlier pass there is nothing to judge, and it does not look green."""
    assert judged(None).status is Status.NOT_APPLICABLE
