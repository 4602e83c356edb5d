"""Names that a tenant may choose do nothing in any channel: no mention, link, markup, header or control character."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from markdown_it import MarkdownIt

from alerts.channels.alertmanager import alert_labels
from alerts.channels.email_message import email_message
from alerts.channels.github_markdown import BODY_MAX_CHARS, issue_body, issue_title
from alerts.channels.pagerduty import event
from alerts.channels.slack import slack_message
from alerts.channels.sns import publication
from alerts.channels.teams import card_message
from alerts.channels.webhook import payload
from basewatch.alert import Member
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification
from demo.pagerduty_validation import MAX_EVENT_BYTES, validated_event
from demo.receivers import ROUTING_KEY
from demo.slack_validation import validated_message
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

NAMES = {
    "slack mentions": "<!channel> <!here> <@U012AB3CD> <#C012AB3CD> <!subteam^S1>",
    "plain mentions": "@here @channel @everyone @acme/team",
    "slack link": "<https://evil.example|click>",
    "entities": "&lt;!channel&gt; &amp; &#60;b&#62;",
    "markdown": "**b** [click](https://evil.example) ![x](https://evil.example/x.png) #1 GH-1 acme/ops#1",
    "backticks": "``` @everyone ` `` ",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href='javascript:x'>",
    "comment": "--> <!-- basewatch alert f1-0 -->",
    "teams mention": "<at>everyone</at> {{DATE(2020-01-01T00:00:00Z, SHORT)}} ${x}",
    "header": "x\r\nBcc: evil@example.com\r\n\r\nbody",
    "smtp": "x\r\n.\r\nMAIL FROM:<a@b>\r\n",
    "terminal": "\x1b[31m\x1b]8;;https://evil.example\x07\x00\x08\x9b",
    "direction": "\u202egpj.exe\u2066 \u200f\u061c",
    "invisible": "a\u200b\u2060\ufeff\u00adb\U000e0041",
    "lines": "a\u2028b\u2029c\x85d\x0be",
    "surrogate": "a\ud800b\udfff",
    "long": "x" * 5000,
    "long in bytes": "é\U0001f468\u200d\U0001f469" * 700,
    "long escaped": "<&>" * 2000,
    "template": "%s %(x)s {0} {x} {{ .X }} ${jndi:ldap://x} $(id)",
    "formula": '=HYPERLINK("https://evil.example")',
    "blank": " \t ",
}
HIDDEN = ("Cc", "Cf", "Cs")


def hostile(name: str, action: Action = Action.FIRE) -> Notification:
    """A notification that says this name wherever a tenant may have a say."""
    member = Member(
        key="f1-2", check="a.b", component=f"table/{name}", subject=name, status=Status.FAIL,
        severity=Severity.LOW, summary=name,
    )  # fmt: skip
    usual = EXAMPLES["fails"]
    alert = replace(
        usual.alert,
        component=f"table/{name}",
        subject=name,
        summary=name,
        observed=name,
        expected=name,
        remedy=name,
        title=name,
        source=name,
        labels=(("team", name),),
        members=(member,) * 12,
    )
    return replace(usual, action=action, alert=alert, reason=name, note=name)


def _slack(one: Notification) -> list[str]:
    post = slack_message(message_of(*[one] * 6))
    body = json.dumps({"text": post.text, "blocks": post.blocks}).encode()
    texts = list(_strings(validated_message("application/json", body)))
    assert sum(map(len, texts)) < 14_000
    assert not [text for text in texts if "<" in text.replace("<http", "")]
    return texts


def _pagerduty(one: Notification) -> list[str]:
    sent = {**event(one), "routing_key": ROUTING_KEY}
    body = json.dumps(sent).encode()
    assert len(body) < MAX_EVENT_BYTES
    return list(_strings(validated_event("application/json", body, ROUTING_KEY)))


def _teams(one: Notification) -> list[str]:
    body = card_message(message_of(*[one] * 6))
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 28 * 1024
    texts = list(_strings(body))
    assert "TextBlock" not in texts
    assert not [text for text in texts if "{{" in text]
    return texts


def _email(one: Notification) -> list[str]:
    raw = email_message(message_of(*[one] * 6), "a@b.example", ["c@d.example"]).as_bytes()
    usual = email_message(message_of(*[EXAMPLES["fails"]] * 6), "a@b.example", ["c@d.example"])
    assert len(raw) < 10_000_000
    assert max(map(len, raw.splitlines())) <= 998
    parsed = message_from_bytes(raw, policy=default)
    assert set(parsed.keys()) <= set(usual.keys())
    plain, page = (str(part.get_content()) for part in parsed.iter_parts())
    tags = page.replace("<!DOCTYPE html>", "")
    assert not [each for each in ("<script", "<img", "<a href='", "<at>", "<!") if each in tags]
    return [str(parsed["Subject"]), *plain.splitlines(), *page.splitlines()]


def _github(one: Notification) -> list[str]:
    title, body = issue_title(one), issue_body(one)
    assert len(title) <= 256
    assert len(body) <= BODY_MAX_CHARS
    assert body.count("\n<!-- ") == 2
    tokens = [each for token in MarkdownIt("commonmark").parse(body) for each in token.children or ()]
    outside = "".join(each.content for each in tokens if each.type == "text")
    assert not set("@#<`[") & set(outside)
    assert not [each for each in tokens if each.type == "image"]
    return [title, *body.splitlines()]


def _sns(one: Notification) -> list[str]:
    sent = publication("arn:aws:sns:eu-west-1:123456789012:t", message_of(*[one] * 6))
    assert len(sent["Subject"]) <= 100
    assert sent["Subject"].isascii()
    assert len(sent["Message"].encode()) <= 256 * 1024 - 5000
    return [text for each in _strings(sent) for text in each.splitlines()]


def _alertmanager(one: Notification) -> list[str]:
    labels = alert_labels(one)
    assert all(labels.values())
    assert sum(map(len, labels.values())) < 4000
    return list(labels.values())


CHANNELS: dict[str, Callable[[Notification], list[str]]] = {
    "slack": _slack,
    "pagerduty": _pagerduty,
    "teams": _teams,
    "email": _email,
    "github": _github,
    "sns": _sns,
    "alertmanager": _alertmanager,
}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


@pytest.mark.parametrize("action", [Action.FIRE, Action.RESOLVE])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_name_does_nothing(channel: str, name: str, action: Action) -> None:
    """The message keeps to the channel's limits, its structure is ours alone, and no character in it is hidden."""
    texts = CHANNELS[channel](hostile(NAMES[name], action))
    line_breaks = "\n" if channel in ("slack", "alertmanager") else ""
    hidden = {
        character
        for text in texts
        for character in set(text) - set(line_breaks)
        if unicodedata.category(character) in HIDDEN and character not in "\u200c\u200d"
    }
    assert hidden == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_webhook_has_the_name_as_it_is(name: str) -> None:
    """JSON escapes what it has to; a receiver gets the name itself, but for what has no bytes."""
    sent = json.loads(payload(message_of(hostile(NAMES[name]))))
    expected = NAMES[name].encode("utf-8", "replace").decode()
    assert sent["notifications"][0]["alert"]["subject"] == expected
