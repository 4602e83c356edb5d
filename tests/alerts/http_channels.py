"""The channels that use HTTP, each opened at a local server, and what the server answers when it accepts a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from alerts.channels.alertmanager import Alertmanager
from alerts.channels.github import GitHub
from alerts.channels.slack_bot import SlackBot
from alerts.channels.teams import Teams
from alerts.channels.webhook import Webhook
from basewatch.notifier import Notifier
from basewatch.secrets import Secret
from demo.webhook_server import WebhookRequest, WebhookResponse

SECRET = "hunter2hunter2hunter2hunter2hunter2"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpChannel:
    """How to open a channel at a URL, and how its server accepts."""

    open: Callable[[str], Notifier]
    accept: Callable[[WebhookRequest], WebhookResponse]


def _answer(status: int, body: str = "") -> Callable[[WebhookRequest], WebhookResponse]:
    return lambda _request: WebhookResponse(status=status, body=body)


HTTP_CHANNELS = {
    "alertmanager": HttpChannel(
        open=lambda url: Alertmanager(
            name="alertmanager",
            urls=(url,),
            hold=timedelta(days=7),
            token=Secret("env:TOKEN", SECRET),
            timeout_seconds=0.5,
        ),
        accept=_answer(200, "[]"),
    ),
    "github": HttpChannel(
        open=lambda url: GitHub(
            name="github", repository="acme/ops", token=Secret("env:TOKEN", SECRET), api=url, timeout_seconds=0.5
        ),
        accept=lambda request: WebhookResponse(
            status=200 if request.method == "GET" else 201,
            body="[]" if request.method == "GET" else '{"number": 1, "labels": [{"name": "basewatch"}]}',
        ),
    ),
    "slack_bot": HttpChannel(
        open=lambda url: SlackBot(
            name="slack_bot", token=Secret("env:TOKEN", f"xoxb-{SECRET}"), channel="C123", api=url, timeout_seconds=0.5
        ),
        accept=_answer(200, '{"ok": true, "channel": "C123", "ts": "1.2"}'),
    ),
    "teams": HttpChannel(
        open=lambda url: Teams(name="teams", webhook=Secret("env:TEAMS", f"{url}/{SECRET}"), timeout_seconds=0.5),
        accept=_answer(202),
    ),
    "webhook": HttpChannel(
        open=lambda url: Webhook(
            name="webhook",
            url=url,
            secret=Secret("env:SIGN", SECRET),
            token=Secret("env:TOKEN", SECRET[::-1]),
            timeout_seconds=0.5,
        ),
        accept=_answer(204),
    ),
}
