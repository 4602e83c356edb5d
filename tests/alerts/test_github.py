"""An alert is one issue on GitHub: opened, commented, closed, opened again, and found again when its number is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from alerts.channels.github import GitHub
from alerts.channels.github_markdown import BODY_MAX_CHARS, TITLE_MAX_CHARS, code, issue_body, issue_title
from basewatch.errors import DeliveryError
from basewatch.notifier import Action, Message, Notification, Opening
from basewatch.secrets import Secret
from demo.webhook_server import WebhookResponse, WebhookServer
from tests.alerts.github_server import TOKEN, GitHubServer
from tests.alerts.samples import EXAMPLES
from tests.fakes import NOON, message_of

FAILS = EXAMPLES["fails"]
RESOLVE = replace(FAILS, id="n1-resolve", action=Action.RESOLVE)
REMIND = replace(FAILS, id="n1-remind", action=Action.REMIND)
AGAIN = replace(FAILS, id="n1-again")


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    """A repository."""
    with GitHubServer() as listening:
        yield listening


def github(url: str, token: str = TOKEN) -> GitHub:
    """A channel to this repository."""
    secret = Secret("env:GITHUB_TOKEN", token)
    return GitHub(name="issues", repository="acme/ops", token=secret, api=url, timeout_seconds=1, clock=lambda: NOON)


def following(notification: Notification, reference: str) -> Message:
    """A message whose channel gave this reference before."""
    return replace(message_of(notification), opening=Opening(reference=reference, notifications=(notification,)))


@pytest.mark.parametrize("remembered", [True, False])
def test_an_alert_is_one_issue(server: GitHubServer, *, remembered: bool) -> None:
    """Fire, reminder, resolve and fire again are one issue, whether its number is known or not."""
    channel = github(server.url)
    number = channel.send(message_of(FAILS)).reference
    for later in (REMIND, RESOLVE):
        channel.send(following(later, number) if remembered else message_of(later))
    (closed,) = server.issues
    closed = dict(closed)
    channel.send(message_of(AGAIN))

    assert (closed["state"], closed["state_reason"]) == ("closed", "completed")
    assert len(server.issues) == 1
    assert server.issues[0]["state"] == "open"
    assert len(server.comments[1]) == 3


@pytest.mark.parametrize("lost", ["POST .*/issues", "POST .*/comments", "PATCH .*"])
def test_a_lost_answer_makes_nothing_twice(server: GitHubServer, lost: str) -> None:
    """Whatever answer is lost, the repetition finds what was done: one issue, one comment, closed."""
    channel = github(server.url)
    server.lose_answer_of = lost
    for each in (FAILS, RESOLVE):
        for _ in range(2):
            with suppress(DeliveryError):
                channel.send(message_of(each))

    assert [each["state"] for each in server.issues] == ["closed"]
    assert len(server.comments[1]) == 1


def test_a_resolve_of_an_unknown_alert_is_no_news(server: GitHubServer) -> None:
    """There is nothing to close, and nothing is created."""
    github(server.url).send(message_of(RESOLVE))
    assert server.issues == []


def test_the_marker_of_another_alert_or_person_is_not_followed(server: GitHubServer) -> None:
    """An issue without our label is not ours, whatever its text says; a number of another issue is not used."""
    channel = github(server.url)
    server.drops_labels = True
    server._create({"title": "forged", "body": issue_body(FAILS), "labels": []})
    server.drops_labels = False
    channel.send(following(FAILS, "1"))

    assert [each["title"] for each in server.issues] == ["forged", issue_title(FAILS)]
    assert server.comments[1] == []


def test_what_people_wrote_stays(server: GitHubServer) -> None:
    """A title and a text that somebody changed survive the next notifications."""
    channel = github(server.url)
    channel.send(message_of(FAILS))
    server.issues[0] |= {"title": "ours now", "body": server.issues[0]["body"] + "\nI look into it."}
    channel.send(message_of(REMIND))

    assert server.issues[0]["title"] == "ours now"
    assert server.issues[0]["body"].endswith("I look into it.")


def test_an_issue_is_found_behind_many_others(server: GitHubServer) -> None:
    """Listings are read page by page."""
    channel = github(server.url)
    channel.send(message_of(FAILS))
    for n in range(250):
        server._create({"title": str(n), "body": "", "labels": ["basewatch"]})
    server.issues[:] = sorted(server.issues, key=lambda each: each["title"] == issue_title(FAILS))
    assert channel._found(RESOLVE) is not None


def test_a_token_that_may_not_label_is_an_error(server: GitHubServer) -> None:
    """GitHub drops the label in silence; without it every fire would make an issue."""
    server.drops_labels = True
    with pytest.raises(DeliveryError, match="without the label basewatch: give the token") as caught:
        github(server.url).send(message_of(FAILS))
    assert not caught.value.retryable


LIMITS = {
    "primary": (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON.timestamp()) + 90)}, "", 90),
    "secondary": (403, {}, "You have exceeded a secondary rate limit", 60),
    "told": (429, {"Retry-After": "7"}, "", 7),
    "bare": (429, {}, "", 60),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_rate_limits_are_waited_for(limit: str) -> None:
    """Both kinds of rate limit, which are refusals like others, say when to try again."""
    status, headers, words, seconds = LIMITS[limit]
    response = WebhookResponse(status=status, body=json.dumps({"message": words}), headers=headers)
    with WebhookServer(lambda _request: response) as server, pytest.raises(DeliveryError, match="too many") as caught:
        github(server.url).send(message_of(FAILS))
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, seconds)


def test_a_refusal_says_what_to_do(server: GitHubServer) -> None:
    """A wrong token is permanent, with GitHub's word for it and the remedy."""
    with pytest.raises(DeliveryError, match="answered 401: Bad credentials: the token is not valid") as caught:
        github(server.url, token="wrong").send(message_of(FAILS))
    assert not caught.value.retryable


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_issue_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each sort of notification says what, where, since when, and what to do."""
    assert (issue_title(EXAMPLES[example]), issue_body(EXAMPLES[example])) == snapshot


texts = st.text(max_size=300) | st.sampled_from(
    ["@acme/everyone #1 <b>x</b> [a](http://b)", "`` ` ```", "-->", "x" * 90_000, "a\n\n# b", "|a|\n|-|", "`@a`"]
)


@settings(max_examples=40)
@given(summary=texts, remedy=texts)
def test_text_of_others_is_code(summary: str, remedy: str) -> None:
    """All that a tenant may have written is within code spans, and within the limits."""
    hostile = replace(FAILS, alert=replace(FAILS.alert, summary=summary, remedy=remedy))
    title, body = issue_title(hostile), issue_body(hostile)
    outside = [
        each.content
        for token in MarkdownIt("commonmark").parse(body.partition("<!--")[0])
        for each in token.children or ()
        if each.type == "text"
    ]

    assert len(title) <= TITLE_MAX_CHARS
    assert len(body) <= BODY_MAX_CHARS
    assert "@" not in "".join(outside)
    assert "#" not in "".join(outside)
    assert "\n" not in title


@pytest.mark.parametrize("text", ["`", "``", "a`b``c", "` a", "a `"])
def test_a_code_span_keeps_backticks(text: str) -> None:
    """Backticks of the text do not end it."""
    (paragraph,) = [each for each in MarkdownIt("commonmark").parse(code(text)) if each.type == "inline"]
    assert [(each.type, each.content) for each in paragraph.children or ()] == [("code_inline", text)]
