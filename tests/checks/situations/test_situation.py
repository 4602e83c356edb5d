"""A row of a table of situations fails when its verdict is wrong, and says which row it is."""

from __future__ import annotations

import pytest

from basewatch.model import Reason, Status, Verdict, failed, passed, unverified
from tests.checks.situations.situation import Situation


def row(*verdicts: Verdict, right: Status, says: str = "") -> Situation:
    """A situation with these verdicts."""
    return Situation(
        number="door-1", what="an open door", right=(right,), why="it is open", judged=lambda: verdicts, says=says
    )


def test_the_worst_verdict_counts() -> None:
    """A PASS beside a FAIL does not make the situation right."""
    fail, good = failed("open", observed="wide open"), passed("closed")
    row(good, fail, right=Status.FAIL, says="wide").test()
    row(good, unverified(Reason.DENIED, "denied"), right=Status.UNVERIFIED).test()
    with pytest.raises(AssertionError, match=r"door-1: an open door: FAIL .* but it is open"):
        row(good, fail, right=Status.PASS).test()


def test_a_verdict_has_to_say_what_the_row_asks_for() -> None:
    """A right status with a wrong sentence is not right, and no verdict at all is not either."""
    with pytest.raises(AssertionError, match="'shut' is not in"):
        row(passed("closed"), right=Status.PASS, says="shut").test()
    with pytest.raises(AssertionError, match="no verdict"):
        row(right=Status.PASS).test()
