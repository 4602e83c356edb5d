"""A pass never sends more requests in a second than AWS documents, and waits no longer than it may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.aws.turns import RATES, Turns
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.time_limit import TimeLimit, limited
from tests.wire import ACCOUNT, REGION

# Requests in a second that AWS documents for an account and region; of API Gateway, after a burst of 40.
DOCUMENTED = {
    "cloudtrail:LookupEvents": 2,
    "cloudtrail:GetTrailStatus": 10,
    "lambda:GetFunctionConfiguration": 15,
    "lambda:GetPolicy": 15,
    "cloudwatch:DescribeAlarms": 9,
    "logs:DescribeLogGroups": 10,
    "logs:FilterLogEvents": 5,
    "securityhub:GetFindings": 3,
    "securityhub:DescribeHub": 10,
}


class Time:
    """A clock that only sleeping moves, of the thread that sleeps longest."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._lock = Lock()

    def clock(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves the time."""
        with self._lock:
            self.now += seconds


def sent(turns: Turns, time: Time, operation: str) -> float:
    """When a request was sent."""
    turns.wait(ACCOUNT, REGION, *operation.split(":"))
    return time.now


@pytest.mark.parametrize("operation", DOCUMENTED)
def test_a_burst_is_spread_over_time(operation: str) -> None:
    """No second has more requests than AWS documents, though all are asked for at once."""
    time = Time()
    turns = Turns(time.clock, time.sleep)
    moments = [sent(turns, time, operation) for _ in range(60)]
    most = max(sum(begin <= each < begin + 1 for each in moments) for begin in moments)
    assert most <= DOCUMENTED[operation]


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_after_any_pauses_the_rate_holds(pauses: list[float]) -> None:
    """Between any two requests lie as many intervals as requests, but for those that may come at once."""
    time, (shared, rate) = Time(), next(iter(RATES.items()))
    turns, moments = Turns(time.clock, time.sleep), list[float]()
    for pause in pauses:
        time.now += pause
        moments.append(sent(turns, time, shared[0]))
    for first, begin in enumerate(moments):
        for last, end in enumerate(moments[first:]):
            assert last + 1 <= (end - begin) * rate.per_second + rate.at_once + 1e-6


def test_operations_share_a_rate_and_places_do_not() -> None:
    """The operations of a service wait for each other; another region, and a service without a rate, do not wait."""
    time = Time()
    turns = Turns(time.clock, time.sleep)
    for operation in ["apigateway:GetStage", "apigatewayv2:GetApi"] * 40:
        sent(turns, time, operation)
    assert time.now > 1000
    before = time.now
    turns.wait(ACCOUNT, "eu-west-1", "apigateway", "GetStage")
    for _ in range(1000):
        sent(turns, time, "s3:HeadObject")
    assert time.now == before


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """It is UNVERIFIED, and the turn is left to the next one."""
    time = Time()
    turns = Turns(time.clock, time.sleep)
    sent(turns, time, "cloudtrail:LookupEvents")
    for _ in range(3):
        with (
            limited(TimeLimit.after(0)),
            pytest.raises(ObservationError, match="its turn would come too late") as caught,
        ):
            turns.wait(ACCOUNT, REGION, "cloudtrail", "LookupEvents")
        assert caught.value.reason is Reason.THROTTLED
    assert sent(turns, time, "cloudtrail:LookupEvents") == pytest.approx(1000 + 1 / 1.8)


def test_threads_get_turns_of_their_own() -> None:
    """Forty threads at once take forty turns."""
    slept = list[float]()
    turns = Turns(lambda: 0.0, slept.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: turns.wait(ACCOUNT, REGION, "cloudtrail", "LookupEvents"), range(40)))
    assert sorted(slept) == pytest.approx([number / 1.8 for number in range(1, 40)])
