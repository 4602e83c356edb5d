"""The Slack channel of a bot: posts messages, edits them when their alerts change, and keeps the history in a thread.

https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/reference/methods/chat.update
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlencode

from pydantic import Field

from alerts.channel_settings import ServerUrl, secret_word
from alerts.channels.slack import slack_message
from alerts.http_request import TIMEOUT_SECONDS, HttpPeer, HttpResponse
from alerts.http_retry import retry_after_seconds
from alerts.plain import cut, one_line
from basewatch.errors import DeliveryError
from basewatch.notifier import ALERTMANAGER_TITLE, Action, Channel, Message, Opening, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

_API: Final = "https://slack.com/api"
# What no repetition mends, with what does. Slack has many codes; the others are tried again.
_PERMANENT: Final[Mapping[str, str]] = {
    "account_inactive": "the bot or its workspace was deactivated",
    "channel_not_found": "invite the bot to the channel, or correct the channel's id",
    "invalid_auth": "install the app again and store its new bot token",
    "invalid_blocks": "",
    "is_archived": "the channel is archived: name another",
    "missing_scope": "grant the scope chat:write to the app, and install it again",
    "msg_too_long": "",
    "no_permission": "grant the scope chat:write to the app, and install it again",
    "not_allowed_token_type": "use the bot token, which begins with xoxb-",
    "not_authed": "store the bot token where the configuration refers to",
    "not_in_channel": "invite the bot to the channel",
    "restricted_action": "a workspace setting forbids the bot to post there",
    "token_expired": "install the app again and store its new bot token",
    "token_revoked": "install the app again and store its new bot token",
}
# Slack says of these that a part of the call may have succeeded.
_DOUBTFUL: Final = frozenset(("fatal_error", "internal_error", "request_timeout"))
# The message to edit is gone or may not be edited: a new one is posted.
_NOT_EDITABLE: Final = frozenset(
    ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "channel_not_found")
)

# The emoji by which a person takes on an alert, and the errors with which there are none to read.
_TAKEN_ON: Final = frozenset(("eyes", "white_check_mark"))
_NO_REACTIONS: Final = frozenset(("message_not_found", "missing_scope", "no_permission"))


class SlackBotChannel(Channel):
    """A Slack app with the scope chat:write, invited to the channel; `channel` is its id."""

    # https://docs.slack.dev/apis/web-api/rate-limits: one message a second in a channel. A follow-up takes two calls.
    min_interval: ClassVar[timedelta] = timedelta(seconds=1)

    kind: Literal["slack_bot"]
    token: SecretReference
    channel: str = Field(
        pattern="^[CGD][A-Z0-9]{2,30}$",
        description="the id at the end of the channel's details",
        examples=["C0123456789"],
    )
    api: ServerUrl = _API

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> SlackBot:
        """The bot, ready to send; its token begins with xoxb-."""
        remedy = "it is the Bot User OAuth Token of the app, which begins with xoxb-"
        token = secret_word(self.name, self.token, environ, store, form="xoxb-[!-~]+", remedy=remedy)
        return SlackBot(name=self.name, token=token, channel=self.channel, api=self.api)

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Posts to the same channel with the same token."""
        slack = {
            "api_url": f"{self.api}/chat.postMessage",
            "channel": self.channel,
            "send_resolved": True,
            "title": ALERTMANAGER_TITLE,
            "http_config": {"authorization": {"credentials_file": secret_file(self.token)}},
        }
        return {"slack_configs": [slack]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBot:
    """An open Slack bot; its token is in no error."""

    name: str
    token: Secret = field(repr=False)
    channel: str
    api: str = _API
    timeout_seconds: float = TIMEOUT_SECONDS

    def send(self, message: Message) -> Receipt:
        """Posts a message, or edits the one that it continues and answers in its thread. Raises: DeliveryError.

        Success is 200 with `"ok": true`. The reference is the channel and the timestamp, which identify a message.
        """
        if message.opening and (place := _place(message.opening.reference)):
            return self._continue(message, message.opening, *place)
        return self._post(message, {})

    def taken_by(self, reference: str) -> str:
        """The id of a person who reacted to the message with eyes or a check mark; empty if nobody did.

        Also empty without the scope reactions:read. Raises: DeliveryError.
        """
        place = _place(reference)
        if place is None:
            return ""
        # https://docs.slack.dev/reference/methods/reactions.get: `full`, as Slack shortens long lists of reactions.
        query = urlencode({"channel": place[0], "timestamp": place[1], "full": "true"})
        answer = self._call(f"reactions.get?{query}", None)
        if answer.get("error") in _NO_REACTIONS:
            return ""
        self._require_ok(answer)
        message: Any = answer.get("message")
        reactions: Any = message.get("reactions") if isinstance(message, dict) else None
        return next(filter(None, map(_taker, reactions if isinstance(reactions, list) else ())), "")

    def _continue(self, message: Message, opening: Opening, channel: str, timestamp: str) -> Receipt:
        state = slack_message(replace(message, notifications=opening.notifications or message.notifications))
        # Edited first: to repeat that after a failure of the second call changes nothing.
        edited = self._call(
            "chat.update", {"channel": channel, "ts": timestamp, "text": state.text, "blocks": state.blocks}
        )
        if edited.get("error") in _NOT_EDITABLE:
            return self._post(message, {})
        self._require_ok(edited)
        news = any(each.action is not Action.RESOLVE for each in message.notifications)
        self._post(message, {"thread_ts": timestamp, "reply_broadcast": news})
        return Receipt(channel=self.name, reference=opening.reference)

    def _post(self, message: Message, thread: Mapping[str, object]) -> Receipt:
        post = slack_message(message)
        answer = self._call(
            "chat.postMessage",
            {
                "channel": self.channel,
                "text": post.text,
                "blocks": post.blocks,
                "unfurl_links": False,
                "unfurl_media": False,
                **thread,
            },
        )
        self._require_ok(answer)
        return Receipt(channel=self.name, reference=f"{answer.get('channel', self.channel)}/{answer.get('ts', '')}")

    def _call(self, method: str, body: Mapping[str, object] | None) -> dict[str, Any]:
        """The answer to one call, which may be an error of Slack; without a body, it is a GET.

        Raises: DeliveryError, when it is no answer.
        """
        headers = {"Authorization": f"Bearer {self.token.reveal()}"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        peer = HttpPeer(who=f"Slack ({self.name})", timeout_seconds=self.timeout_seconds, headers=headers)
        response = peer.send(f"{self.api}/{method}", body, method="GET" if body is None else "POST")
        answer = response.json()
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._rate_limited(response)
        if response.status != HTTPStatus.OK or not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            raise peer.refusal(response)
        return answer

    def _require_ok(self, answer: Mapping[str, Any]) -> None:
        if answer["ok"]:
            return
        code = cut(one_line(str(answer.get("error", "no reason"))), 60)
        remedy = _PERMANENT.get(code, "")
        words = ": ".join(filter(None, (f"Slack ({self.name}) answered {code}", remedy)))
        raise DeliveryError(words, retryable=code not in _PERMANENT, arrived=code in _DOUBTFUL)

    def _rate_limited(self, response: HttpResponse) -> DeliveryError:
        seconds = retry_after_seconds(response.headers)
        return DeliveryError(
            f"Slack ({self.name}) answered 429: too many messages",
            retryable=True,
            retry_after_seconds=seconds,
            arrived=False,
        )


def _place(reference: str) -> tuple[str, str] | None:
    """The channel and the timestamp of a reference; None if it is not one."""
    channel, slash, timestamp = reference.partition("/")
    return (channel, timestamp) if channel and slash and timestamp else None


def _taker(reaction: Any) -> str:
    """Who says by this reaction that they have taken on the alert; empty for every other reaction."""
    match reaction:
        case {"name": str(name), "users": [str(user), *_]} if name in _TAKEN_ON:
            return cut(one_line(user), 60)
        case {"name": str(name)} if name in _TAKEN_ON:
            return "somebody"
        case _:
            return ""
