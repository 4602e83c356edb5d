"""A Slack bot edits the message of an alert in place, and keeps what happened in its thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from alerts.channels.slack_bot import SlackBot, SlackBotChannel
from basewatch.errors import ConfigError, DeliveryError
from basewatch.notifier import Action, Message, Notification, Opening
from basewatch.secrets import Reference, Secret
from demo import slack_validation
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

FAILS, PASSES = EXAMPLES["fails"], EXAMPLES["passes again"]
FIRE, TOKEN = replace(PASSES, action=Action.FIRE), "xoxb-hunter2"


class SlackApi(WebhookServer):
    """Slack's Web API: `messages` by timestamp, the last form of each; `errors` are answered first, by method."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        self.calls: list[str] = []
        self.reactions: list[dict[str, Any]] = []
        super().__init__(self._respond)

    def _respond(self, request: WebhookRequest) -> WebhookResponse:
        method, _, query = request.path.rpartition("/")[2].partition("?")
        self.calls.append(method)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json({"ok": False, "error": "invalid_auth"})
        if method in self.errors:
            return _json({"ok": False, "error": self.errors.pop(method)})
        if method == "reactions.get":
            return self._reactions(request, parse_qs(query))
        body = slack_validation.validated_message(request.content_type, request.body)
        if method == "chat.update":
            if body["ts"] not in self.messages:
                return _json({"ok": False, "error": "message_not_found"})
            self.messages[body["ts"]] |= body
            return _json({"ok": True, "channel": body["channel"], "ts": body["ts"]})
        timestamp = f"1700000000.{len(self.messages):06}"
        self.messages[timestamp] = body
        return _json({"ok": True, "channel": body["channel"], "ts": timestamp})

    def _reactions(self, request: WebhookRequest, query: dict[str, list[str]]) -> WebhookResponse:
        if request.method != "GET" or query.get("timestamp", [""])[0] not in self.messages:
            return _json({"ok": False, "error": "message_not_found"})
        message = {"type": "message", "text": "...", **({"reactions": self.reactions} if self.reactions else {})}
        return _json({"ok": True, "type": "message", "channel": query["channel"][0], "message": message})


def _json(body: object) -> WebhookResponse:
    return WebhookResponse(status=200, body=json.dumps(body), content_type="application/json")


@pytest.fixture
def api() -> Iterator[SlackApi]:
    """A listening Slack."""
    with SlackApi() as listening:
        yield listening


def bot(url: str) -> SlackBot:
    """A bot of this Slack."""
    return SlackBot(name="alerts", token=Secret("env:SLACK", TOKEN), channel="C0123", api=url, timeout_seconds=1)


def following(reference: str, *notifications: Notification) -> Message:
    """A message that continues the one with this reference."""
    return replace(message_of(*notifications), opening=Opening(reference=reference, notifications=notifications))


def test_a_resolve_edits_the_message_and_answers_in_its_thread(api: SlackApi) -> None:
    """The channel shows the alert as resolved where it fired; the thread has the resolve, which is not broadcast."""
    opened = bot(api.url).send(message_of(FIRE))
    again = bot(api.url).send(following(opened.reference, PASSES))

    first, second = api.messages.values()
    assert api.calls == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert "Resolved" in json.dumps(first["blocks"])
    assert (second["thread_ts"], second["reply_broadcast"]) == (next(iter(api.messages)), False)
    assert again.reference == opened.reference


def test_a_reminder_is_shown_in_the_channel_too(api: SlackApi) -> None:
    """Nobody would see it in the thread alone."""
    opened = bot(api.url).send(message_of(FIRE))
    bot(api.url).send(following(opened.reference, replace(FIRE, action=Action.REMIND)))
    assert [each.get("reply_broadcast") for each in api.messages.values()] == [None, True]


@pytest.mark.parametrize("reference", ["C0123/1600000000.000000", "C0123", "", "nonsense"])
def test_a_message_that_is_gone_is_posted_anew(api: SlackApi, reference: str) -> None:
    """A deleted message, or a reference that is none, loses nothing."""
    receipt = bot(api.url).send(following(reference, PASSES))
    assert [each.get("thread_ts") for each in api.messages.values()] == [None]
    assert receipt.reference == f"C0123/{next(iter(api.messages))}"


@pytest.mark.parametrize(
    ("code", "words", "again"),
    [
        ("not_in_channel", "invite the bot", False),
        ("token_revoked", "install the app again", False),
        ("missing_scope", "chat:write", False),
        ("invalid_blocks", "answered invalid_blocks", False),
        ("internal_error", "answered internal_error", True),
        ("ratelimited", "answered ratelimited", True),
        ("a_new_code", "answered a_new_code", True),
    ],
)
def test_a_refusal_says_what_to_do(api: SlackApi, code: str, words: str, *, again: bool) -> None:
    """What no repetition mends says what does; all else stays pending."""
    api.errors["chat.postMessage"] = code
    with pytest.raises(DeliveryError, match=words) as caught:
        bot(api.url).send(message_of(FIRE))
    assert caught.value.retryable is again


@pytest.mark.parametrize("body", ["{}", "ok", '{"ok": "yes"}', "[]", '{"ok": tr', '{"ok": null}'])
def test_only_ok_true_is_success(body: str) -> None:
    """Whatever else a server answers with 200 leaves the message pending."""
    answer = WebhookResponse(status=200, body=body)
    with WebhookServer(lambda _request: answer) as server, pytest.raises(DeliveryError) as caught:
        bot(server.url).send(message_of(FIRE))
    assert caught.value.retryable


@pytest.mark.parametrize("token", ["xoxp-hunter2", "hunter2", "xoxb-a b"])
def test_a_token_of_another_sort_stops_the_start(token: str) -> None:
    """It is found before the first alert, and not repeated."""
    channel = SlackBotChannel(name="alerts", kind="slack_bot", token=Reference("env", "SLACK"), channel="C0123456")
    with pytest.raises(ConfigError, match=r"alerts\.channels\.alerts: .*env:SLACK") as caught:
        channel.notifier({"SLACK": token}, None)
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("reactions", "person"),
    [
        ([], ""),
        ([{"name": "tada", "users": ["U1"], "count": 1}], ""),
        ([{"name": "tada", "users": ["U1"], "count": 1}, {"name": "eyes", "users": ["U2", "U1"], "count": 2}], "U2"),
        ([{"name": "white_check_mark", "users": ["U3"], "count": 1}], "U3"),
        ([{"name": "eyes", "users": [], "count": 1}], "somebody"),
        (["nonsense", {"name": None}], ""),
    ],
)
def test_a_reaction_takes_on_an_alert(api: SlackApi, reactions: list[Any], person: str) -> None:
    """Eyes or a check mark on the message of an alert say that somebody has it."""
    reference = bot(api.url).send(message_of(FIRE)).reference
    api.reactions = reactions
    assert bot(api.url).taken_by(reference) == person


@pytest.mark.parametrize("error", ["missing_scope", "message_not_found"])
def test_reactions_that_nobody_may_read_are_none(api: SlackApi, error: str) -> None:
    """Without the scope, or with the message deleted, nobody has taken the alert on; that is no failure."""
    reference = bot(api.url).send(message_of(FIRE)).reference
    api.errors["reactions.get"] = error
    assert not bot(api.url).taken_by(reference)
    assert not bot(api.url).taken_by("nonsense")


def test_a_slack_that_fails_says_nothing_of_reactions(api: SlackApi) -> None:
    """Any other error is one: nothing is taken for an acknowledgement."""
    reference = bot(api.url).send(message_of(FIRE)).reference
    api.errors["reactions.get"] = "internal_error"
    with pytest.raises(DeliveryError, match="internal_error"):
        bot(api.url).taken_by(reference)
