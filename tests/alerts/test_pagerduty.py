"""PagerDuty gets one incident per finding, opened and closed under one key, and its refusals are understood."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from alerts.channels.pagerduty import PagerDuty, event
from basewatch.alert import AlertKind
from basewatch.errors import DeliveryError
from basewatch.model import Severity
from basewatch.notifier import Action, Notification
from basewatch.secrets import Secret
from demo.pagerduty_validation import MAX_EVENT_BYTES, validated_event
from demo.receivers import ROUTING_KEY, PagerDutyReceiver
from tests.alerts.samples import EXAMPLES
from tests.alerts.test_slack import free_port
from tests.fakes import message_of

FAILS, PASSES = EXAMPLES["fails"], EXAMPLES["passes again"]
texts = st.text(max_size=5000) | st.sampled_from(["\x00\U0001f6a8" * 20000, "x" * 5000])


@pytest.fixture
def receiver() -> Iterator[PagerDutyReceiver]:
    """A listening integration."""
    with PagerDutyReceiver() as listening:
        yield listening


def pagerduty(endpoint: str, key: str = ROUTING_KEY) -> PagerDuty:
    """A channel to this integration, with a short timeout."""
    secret = Secret("env:PAGERDUTY_ROUTING_KEY", key)
    return PagerDuty(name="on-call", routing_key=secret, endpoint=endpoint, timeout_seconds=1)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_event_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each kind of event says what, where, how bad, and what to do."""
    assert event(EXAMPLES[example]) == snapshot


def test_fire_and_resolve_are_one_incident(receiver: PagerDutyReceiver) -> None:
    """The incident that a fire opens is closed by its resolve."""
    channel = pagerduty(receiver.url)
    fire = replace(PASSES, action=Action.FIRE)

    assert channel.send(message_of(fire)).reference == fire.dedup_key
    assert list(receiver.incidents) == [fire.dedup_key]
    channel.send(message_of(PASSES))
    assert receiver.incidents == {}


@pytest.mark.parametrize(("severity", "word"), [*zip(Severity, ("info", "warning", "error", "critical"), strict=True)])
def test_severities_are_translated(severity: Severity, word: str) -> None:
    """Each severity has PagerDuty's word for it."""
    assert event(replace(FAILS, alert=replace(FAILS.alert, severity=severity)))["payload"]["severity"] == word


alerts = st.builds(replace, st.just(FAILS.alert), summary=texts, observed=texts, expected=texts, remedy=texts)
wordy = st.builds(replace, st.just(FAILS), alert=alerts)


@given(notification=wordy)
def test_no_text_is_too_long(notification: Notification) -> None:
    """Whatever the finding says, PagerDuty would take the event."""
    body = json.dumps({**event(notification), "routing_key": ROUTING_KEY}).encode()

    assert len(body) < MAX_EVENT_BYTES
    assert validated_event("application/json", body, ROUTING_KEY)["dedup_key"] == FAILS.dedup_key


@pytest.mark.parametrize(
    ("status", "retry_after", "verdict"),
    [(429, 30, "later"), (429, None, "later"), (500, None, "later"), (404, None, "never"), (401, None, "never")],
)
def test_a_refusal_says_whether_to_retry(
    receiver: PagerDutyReceiver, monkeypatch: pytest.MonkeyPatch, status: int, retry_after: int | None, verdict: str
) -> None:
    """A transient failure may be retried, and the call itself neither retries nor waits."""
    receiver.fail_next(status, retry_after=retry_after, times=1)
    monkeypatch.setattr(time, "sleep", _no_wait)

    with pytest.raises(DeliveryError, match=f"answered {status}") as caught:
        pagerduty(receiver.url).send(message_of(FAILS))

    assert (caught.value.retryable, caught.value.retry_after_seconds) == (verdict == "later", retry_after)
    assert receiver.events == []


def test_a_wrong_key_is_refused_permanently(receiver: PagerDutyReceiver) -> None:
    """PagerDuty's own words are repeated; a retry would not help."""
    with pytest.raises(DeliveryError, match="answered 400: 'routing_key' is invalid") as caught:
        pagerduty(receiver.url, key="another").send(message_of(FAILS))

    assert not caught.value.retryable


def test_a_hanging_integration_is_abandoned_in_time(receiver: PagerDutyReceiver) -> None:
    """An integration that never answers is abandoned after one timeout, and may be retried."""
    receiver.hang()

    with pytest.raises(DeliveryError, match="did not answer in time") as caught:
        pagerduty(receiver.url).send(message_of(FAILS))

    assert caught.value.retryable


def test_a_dead_integration_may_be_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is transient, and the call itself does not retry."""
    monkeypatch.setattr(time, "sleep", _no_wait)

    with pytest.raises(DeliveryError, match="could not be reached") as caught:
        pagerduty(f"http://127.0.0.1:{free_port()}").send(message_of(FAILS))

    assert caught.value.retryable


def _no_wait(seconds: float) -> None:
    raise AssertionError(f"it waits {seconds} s in the call itself")


@pytest.mark.parametrize("status", [0, 400, 401, 500])
def test_the_key_appears_nowhere(
    receiver: PagerDutyReceiver, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No error, log at any level, output or representation shows the routing key, not even its end."""
    caplog.set_level(logging.DEBUG)
    channel, said = pagerduty(receiver.url), ""
    if status:
        receiver.fail_next(status)
        with pytest.raises(DeliveryError) as caught:
            channel.send(message_of(FAILS))
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        said = f"{caught.value} {caught.value!r}"
    else:
        channel.send(message_of(FAILS))

    assert ROUTING_KEY[-4:] not in said + repr(channel) + caplog.text + "".join(capfd.readouterr())


def test_a_blind_place_is_as_urgent_as_what_it_may_hide() -> None:
    """PagerDuty wakes people by its severity: a missing promise warns, a blind place is critical."""
    unseen = EXAMPLES["cannot be verified"]
    blind = replace(unseen, alert=replace(unseen.alert, kind=AlertKind.BLIND, severity=Severity.CRITICAL))
    assert event(unseen)["payload"]["severity"] == "warning"
    assert event(blind)["payload"]["severity"] == "critical"
