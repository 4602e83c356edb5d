"""The GitHub channel: an issue for each alert, with a comment for each change, closed when the alert ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from alerts.channel_settings import ServerUrl, broken, is_loopback, secret_word
from alerts.channels.github_api import PAGE, GitHubRepository, Json
from alerts.channels.github_markdown import alert_marker, comment_body, issue_body, issue_title, notification_marker
from alerts.http_request import TIMEOUT_SECONDS
from basewatch.errors import DeliveryError
from basewatch.notifier import Action, Channel, Message, Notification, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

_API: Final = "https://api.github.com"
# An issue that was closed longer ago than this many of its kind is not opened again: a new one is created.
_OPEN_PAGES, _CLOSED_PAGES, _COMMENT_PAGES = 10, 3, 3
_Label = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^,\n]+$")]


class GitHubChannel(Channel):
    """The issues of a repository; the token needs the permission Issues: read and write.

    The issue of an alert is found by a hidden marker among the issues with `label`, so a lost history makes no second.
    """

    groups: ClassVar[bool] = False
    keyed: ClassVar[bool] = True
    # GitHub asks for a second between two changes, and a notification makes two at most.
    min_interval: ClassVar[timedelta] = timedelta(seconds=2)

    kind: Literal["github"]
    repository: str = Field(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$", examples=["acme/operations"])
    token: SecretReference
    label: _Label = "basewatch"
    api: ServerUrl = Field(default=_API, description="https://HOST/api/v3 for GitHub Enterprise Server")

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> GitHub:
        """The repository, ready to send."""
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not is_loopback(parts.hostname):
            raise broken(self.name, "api begins with http://, so the token would be sent in the clear", "use https://")
        token = secret_word(self.name, self.token, environ, store)
        return GitHub(name=self.name, repository=self.repository, token=token, label=self.label, api=self.api)

    def alertmanager_receiver(
        self,
        secret_file: Callable[[Reference], str],  # noqa: ARG002  # there is no receiver to name it in
    ) -> Mapping[str, object]:
        """None: Alertmanager opens no issues. Raises: ConfigError."""
        remedy = "route other channels, or add a webhook receiver that opens issues by hand"
        raise broken(self.name, "Alertmanager has no receiver for GitHub issues", remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """An open repository; its token is in no error."""

    name: str
    repository: str
    token: Secret = field(repr=False)
    label: str = "basewatch"
    api: str = _API
    timeout_seconds: float = TIMEOUT_SECONDS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, message: Message) -> Receipt:
        """Opens, comments or closes the issue of one alert. Raises: DeliveryError.

        Success is 201 for an issue or a comment and 200 for a change, each with its JSON. Every step can be repeated:
        what an earlier attempt did is found, and not done again. The reference is the number of the issue.
        """
        (notification,) = message.notifications
        issue = self._known(message, notification) or self._found(notification)
        if issue is None and notification.action is Action.RESOLVE:
            return Receipt(channel=self.name)
        number = self._create(notification) if issue is None else self._update(issue, notification)
        return Receipt(channel=self.name, reference=str(number))

    @property
    def _repository(self) -> GitHubRepository:
        return GitHubRepository(
            who=f"GitHub ({self.name})",
            api=self.api,
            repository=self.repository,
            token=self.token,
            clock=self.clock,
            timeout_seconds=self.timeout_seconds,
        )

    def _known(self, message: Message, notification: Notification) -> Json | None:
        """The issue that the opening message created, if it still is about this alert."""
        reference = message.opening.reference if message.opening else ""
        if not reference.isdecimal():
            return None
        issue = self._repository.get(f"issues/{reference}")
        return issue if isinstance(issue, dict) and self._is_about(issue, notification) else None

    def _found(self, notification: Notification) -> Json | None:
        """The issue about this alert: an open one, or else the one that was closed last."""
        label, repository = quote(self.label, safe=""), self._repository
        for state, pages in (("open", _OPEN_PAGES), ("closed", _CLOSED_PAGES)):
            path = f"issues?labels={label}&state={state}&sort=updated&direction=desc"
            for issue in repository.pages(path, pages):
                if self._is_about(issue, notification):
                    return issue
        return None

    def _is_about(self, issue: Json, notification: Notification) -> bool:
        """Whether it has the marker and the label. Others can write the marker, but not set the label."""
        marked = alert_marker(notification.dedup_key) in str(issue.get("body") or "")
        return marked and self.label.lower() in _labels(issue) and "pull_request" not in issue

    def _create(self, notification: Notification) -> int:
        body = {"title": issue_title(notification), "body": issue_body(notification), "labels": [self.label]}
        issue = self._repository.create("issues", body)
        number = _number(issue)
        if self.label.lower() not in _labels(issue):
            # GitHub drops labels in silence; without it the issue could not be found again.
            raise DeliveryError(
                f"GitHub ({self.name}) created the issue {number} without the label {self.label}: "
                "give the token the permission Issues: read and write",
                retryable=False,
            )
        return number

    def _update(self, issue: Json, notification: Notification) -> int:
        """Comments the issue, and opens or closes it. What people wrote in it is left as it is."""
        number, repository = _number(issue), self._repository
        if notification_marker(notification.id) in str(issue.get("body") or ""):
            return number
        if not self._has_comment(number, int(issue.get("comments") or 0), notification):
            repository.create(f"issues/{number}/comments", {"body": comment_body(notification)})
        wanted = "closed" if notification.action is Action.RESOLVE else "open"
        if issue.get("state") != wanted:
            reason = {"state_reason": "completed"} if wanted == "closed" else {}
            repository.change(f"issues/{number}", {"state": wanted, **reason})
        return number

    def _has_comment(self, number: int, count: int, notification: Notification) -> bool:
        """Whether an earlier attempt commented: it is among the last comments."""
        marker = notification_marker(notification.id)
        last = max(1, -(-count // PAGE))
        for page in range(last, max(0, last - _COMMENT_PAGES), -1):
            comments = self._repository.get(f"issues/{number}/comments?per_page={PAGE}&page={page}")
            found = comments if isinstance(comments, list) else []
            if any(marker in str(each.get("body") or "") for each in found if isinstance(each, dict)):
                return True
        return False


def _labels(issue: Json) -> frozenset[str]:
    labels = issue.get("labels")
    if not isinstance(labels, list):
        return frozenset()
    return frozenset(str(each.get("name") if isinstance(each, dict) else each).lower() for each in labels)


def _number(issue: Json) -> int:
    number = issue.get("number")
    if not isinstance(number, int):
        raise DeliveryError("GitHub answered an issue without a number", retryable=True)
    return number
