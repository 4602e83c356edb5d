"""Whatever a channel's server answers, a message is delivered or still pending, and nothing of it is a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from alerts import Delivery, DeliveryRetryPolicy, Outlook, deliver
from alerts.channels.pagerduty import PagerDuty
from alerts.channels.slack import Slack
from basewatch.history.store import History
from basewatch.history.transactions import DatabaseTransactions
from basewatch.model import Status
from basewatch.notifier import Action, Notifier
from basewatch.secrets import Secret
from tests.alerts.rude_server import HANG, RESET, RudeServer, answer
from tests.fakes import NOON, a_finding, a_run, messages_due, picture_of

HOUR = timedelta(hours=1)
KEY = "0123456789abcdef0123456789abcdef"
AT_ONCE = DeliveryRetryPolicy(backoff=(timedelta(),), even_early=True)
CHANNELS: dict[str, Callable[[str], Notifier]] = {
    "production-alerts": lambda url: Slack(
        name="production-alerts", webhook=Secret("env:SLACK_WEBHOOK_URL", url), timeout_seconds=1
    ),
    "on-call": lambda url: PagerDuty(
        name="on-call", routing_key=Secret("env:PAGERDUTY_ROUTING_KEY", KEY), endpoint=url, timeout_seconds=1
    ),
}
PORTAL = "<!DOCTYPE html><html>Please log in, hunter2</html>"
# The message may be accepted by the next attempt, whatever this one did.
TEMPORARY = {
    "no answer": HANG,
    "a closed connection": b"",
    "a reset connection": RESET,
    "garbage": b"\xff\x00\xfe garbage \r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a status that is no number": b"HTTP/1.1 OK fine\r\n\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "a body that is cut off": answer(200, "o", length=2),
    "an accepted body that is cut off": answer(202, '{"status": "success", "dedup', length=200),
    "a cut chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\no",
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n",
    "a body that is not what its encoding says": answer(200, b"\x1f\x8bok", "Content-Encoding: gzip"),
    "bytes that are no text": answer(200, b"\xff\xfe\xfd"),
    "a captive portal": answer(200, PORTAL, "Content-Type: text/html"),
    "an accepted captive portal": answer(202, PORTAL, "Content-Type: text/html"),
    "an empty success": answer(200),
    "no content": answer(204),
    "an empty object": answer(200, "{}"),
    "an accepted empty object": answer(202, "{}"),
    "an accepted null": answer(202, "null"),
    "an accepted list": answer(202, "[]"),
    "another key": answer(202, '{"status": "success", "dedup_key": "another"}'),
    "almost ok": answer(200, "okay"),
    "a redirect": answer(302, "", "Location: /login"),
    "a redirect to nowhere": answer(302),
    "a redirect without end": answer(307, "", "Location: /services/hunter2"),
    "429": answer(429),
    "429 for no time": answer(429, "", "Retry-After: 0"),
    "429 for an age": answer(429, "", "Retry-After: 99999999999999"),
    "429 for ever": answer(429, "", f"Retry-After: {'9' * 400}"),
    "429 for less than no time": answer(429, "", "Retry-After: -5"),
    "429 for a fraction": answer(429, "", "Retry-After: 0.5"),
    "429 until a date": answer(429, "", "Retry-After: Mon, 02 Mar 2099 12:00:00 GMT"),
    "429 until a date that is none": answer(429, "", "Retry-After: Mon, 99 Foo 99999 99:99:99 GMT"),
    "429 for several times": answer(429, "", "Retry-After: 1, 2"),
    "429 for something": answer(429, "", "Retry-After: soon"),
    "408": answer(408),
    "500": answer(500, PORTAL),
    "502": answer(502, PORTAL),
    "503 for an age": answer(503, "", "Retry-After: 99999999999999"),
    "599": answer(599),
}
# The same message is not sent again, but the next run sends one.
PERMANENT = {
    "400": answer(400, "invalid_blocks"),
    "401": answer(401),
    "403": answer(403, "action_prohibited"),
    "404": answer(404, "no_service"),
    "410": answer(410, "channel_is_archived"),
    "413": answer(413),
    "moved for good": answer(301),
}
# slack_sdk leaves the connection to the collector when a body cannot be read.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
each_channel = pytest.mark.parametrize("channel", CHANNELS)


@dataclass
class Clock:
    """A clock that moves when somebody sleeps."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves at once."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def history() -> Iterator[History]:
    """An open, empty history."""
    with History(DatabaseTransactions.in_memory()) as opened:
        yield opened


def a_pass(history: History, notifier: Notifier, *, hour: int, status: Status = Status.FAIL) -> Delivery:
    """One pass that finds this status, and delivers to the channel alone."""
    at = NOON + timedelta(hours=hour)
    run = a_run(a_finding(status), id=f"{id(notifier)} {notifier.name} {hour}", at=at)
    due = messages_due(picture_of(run, at=at), history.open_alerts())
    history.record(run, [message for message in due if message.channel == notifier.name])
    clock = Clock(at)
    return deliver(history, (notifier,), clock, AT_ONCE, sleep=clock.sleep)


@each_channel
@pytest.mark.parametrize("fault", TEMPORARY)
def test_what_is_not_the_documented_success_is_sent_again_under_the_same_key(
    history: History, channel: str, fault: str
) -> None:
    """The attempt may have worked or not: the message stays pending until it certainly has, and is resolved later."""
    with RudeServer(TEMPORARY[fault]) as server:
        notifier = CHANNELS[channel](server.url)
        first = a_pass(history, notifier, hour=0)
        assert {each.outlook for each in first.undelivered} <= {Outlook.PENDING}
        assert not any(word in each.error for each in first.undelivered for word in ("hunter2", KEY, "Traceback"))
        assert first.complete or deliver(history, (notifier,), Clock(NOON + HOUR), AT_ONCE).complete
        assert len(server.bodies) == 2
        assert server.bodies[0] == server.bodies[1]
        resolved = a_pass(history, notifier, hour=3, status=Status.PASS)
    assert [each.action for each in resolved.delivered] == [Action.RESOLVE]
    assert (history.pending_messages(), history.open_alerts()) == ((), ())


@each_channel
@pytest.mark.parametrize("fault", PERMANENT)
def test_what_is_refused_is_reported_and_sent_by_the_next_run(history: History, channel: str, fault: str) -> None:
    """A message that cannot be accepted is not repeated as it is; the next run tells what is still true."""
    with RudeServer(PERMANENT[fault]) as server:
        notifier = CHANNELS[channel](server.url)
        first = a_pass(history, notifier, hour=0)
        assert [each.outlook for each in first.undelivered] == [Outlook.REFUSED]
        assert "hunter2" not in first.undelivered[0].error
        assert len(server.bodies) == 1
        assert a_pass(history, notifier, hour=1).complete
        assert len(server.bodies) == 2
        assert a_pass(history, notifier, hour=2, status=Status.PASS).complete
    assert (history.pending_messages(), history.open_alerts()) == ((), ())
