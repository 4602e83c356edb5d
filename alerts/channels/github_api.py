"""The calls to GitHub's REST API that a channel makes, and what its refusals mean.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, TypeAlias

from alerts.http_request import TIMEOUT_SECONDS, HttpPeer, HttpResponse
from alerts.http_retry import retry_after_seconds
from alerts.plain import cut, one_line
from basewatch.errors import DeliveryError
from basewatch.secrets import Secret

Json: TypeAlias = Mapping[str, Any]
PAGE = 100
# GitHub asks to wait at least a minute after a secondary limit without a Retry-After.
_SECONDARY_SECONDS = 60.0
_REMEDIES = {
    HTTPStatus.UNAUTHORIZED: "the token is not valid any more: store a new one",
    HTTPStatus.FORBIDDEN: "give the token the permission Issues: read and write in this repository",
    HTTPStatus.NOT_FOUND: "correct the repository, or let the token see it",
    HTTPStatus.GONE: "issues are disabled in this repository, or this one was deleted",
    HTTPStatus.MOVED_PERMANENTLY: "the repository has moved: write its new name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRepository:
    """A repository, seen with a token. `who` names it in errors; the token is in none."""

    who: str
    api: str
    repository: str
    token: Secret = field(repr=False)
    clock: Callable[[], datetime]
    timeout_seconds: float = TIMEOUT_SECONDS

    def get(self, path: str) -> Any:
        """What is at a path below the repository; None when there is nothing. Raises: DeliveryError."""
        response = self._send("GET", path)
        if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.MOVED_PERMANENTLY):
            return None
        return self._accepted(response, HTTPStatus.OK)

    def pages(self, path: str, limit: int) -> Iterator[Json]:
        """The entries of a listing, at most `limit` pages of it. Raises: DeliveryError."""
        for page in range(1, limit + 1):
            entries = self._accepted(self._send("GET", f"{path}&per_page={PAGE}&page={page}"), HTTPStatus.OK)
            if not isinstance(entries, list):
                raise DeliveryError(f"{self.who} answered no list", retryable=True)
            yield from (entry for entry in entries if isinstance(entry, dict))
            if len(entries) < PAGE:
                return

    def create(self, path: str, body: Json) -> Json:
        """What was created below the repository. Raises: DeliveryError."""
        return self._object(self._accepted(self._send("POST", path, body), HTTPStatus.CREATED))

    def change(self, path: str, body: Json) -> Json:
        """What was changed below the repository, as it is now. Raises: DeliveryError."""
        return self._object(self._accepted(self._send("PATCH", path, body), HTTPStatus.OK))

    def _send(self, method: Literal["GET", "POST", "PATCH"], path: str, body: Json | None = None) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {self.token.reveal()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return self._peer.send(f"{self.api}/repos/{self.repository}/{path}", body, method=method, headers=headers)

    @property
    def _peer(self) -> HttpPeer:
        return HttpPeer(who=self.who, timeout_seconds=self.timeout_seconds)

    def _accepted(self, response: HttpResponse, success: HTTPStatus) -> Any:
        answer = response.json()
        if response.status == success and answer is not None:
            return answer
        limited = self._limited(response)
        if limited is not None:
            raise DeliveryError(
                f"{self.who} answered {response.status}: too many requests", retryable=True, retry_after_seconds=limited
            )
        message = str(answer.get("message", "")) if isinstance(answer, dict) else ""
        remedies = [remedy for status, remedy in _REMEDIES.items() if status == response.status]
        raise self._peer.refusal(response, ": ".join(filter(None, (cut(one_line(message), 200), *remedies))))

    def _limited(self, response: HttpResponse) -> float | None:
        """For how many seconds a rate limit holds; None if the response is not about one."""
        if response.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            return None
        after = retry_after_seconds(response.headers)
        if after is not None:
            return after
        if response.headers.get("x-ratelimit-remaining") == "0":
            reset = response.headers.get("x-ratelimit-reset", "")
            return max(float(reset) - self.clock().timestamp(), 0.0) if reset.isdecimal() else _SECONDARY_SECONDS
        about_limits = b"rate limit" in response.body.lower() or response.status == HTTPStatus.TOO_MANY_REQUESTS
        return _SECONDARY_SECONDS if about_limits else None

    def _object(self, answer: Any) -> Json:
        if not isinstance(answer, dict):
            raise DeliveryError(f"{self.who} answered no object", retryable=True)
        return answer
