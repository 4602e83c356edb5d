"""The issues of a GitHub repository, as strict as GitHub about rights, sizes and pages."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer

TOKEN = "github_pat_hunter2"


class GitHubServer(WebhookServer):
    """`issues` and `comments` are what there is; with `drops_labels`, a label is dropped in silence."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: dict[int, list[str]] = {}
        self.drops_labels = False
        self.calls: list[str] = []
        self.lose_answer_of = ""
        super().__init__(self._respond)

    def _respond(self, request: WebhookRequest) -> WebhookResponse:
        parts = urlsplit(request.path)
        self.calls.append(f"{request.method} {parts.path}")
        response = self._answer(request, parts.path.removeprefix("/repos/acme/ops/"), parse_qs(parts.query))
        if self.lose_answer_of and re.fullmatch(self.lose_answer_of, self.calls[-1]):
            self.lose_answer_of = ""
            return WebhookResponse(status=502, body="")
        return response

    def _answer(  # noqa: PLR0911  # one for each path
        self, request: WebhookRequest, path: str, query: dict[str, list[str]]
    ) -> WebhookResponse:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, {"message": "Bad credentials"})
        if not request.headers.get("user-agent"):
            return _json(403, {"message": "Request forbidden by administrative rules"})
        body = json.loads(request.body) if request.body else {}
        if len(body.get("title", "")) > 256 or len(body.get("body", "")) > 65_536:
            return _json(422, {"message": "Validation Failed"})
        match request.method, path.split("/"):
            case "POST", ["issues"]:
                return self._create(body)
            case "GET", ["issues"]:
                found = [each for each in self.issues if each["state"] == query["state"][0] and _labelled(each, query)]
                return _page(found, query)
            case "GET", ["issues", number]:
                return self._one(int(number))
            case "PATCH", ["issues", number]:
                self.issues[int(number) - 1] |= body
                return self._one(int(number))
            case "POST", ["issues", number, "comments"]:
                self.comments[int(number)].append(body["body"])
                self.issues[int(number) - 1]["comments"] += 1
                return _json(201, {"id": 1})
            case "GET", ["issues", number, "comments"]:
                return _page([{"body": each} for each in self.comments[int(number)]], query)
            case _:
                return _json(404, {"message": "Not Found"})

    def _create(self, body: dict[str, Any]) -> WebhookResponse:
        labels = [] if self.drops_labels else [{"name": each} for each in body["labels"]]
        number = len(self.issues) + 1
        self.issues.append({**body, "number": number, "labels": labels, "state": "open", "comments": 0})
        self.comments[number] = []
        return _json(201, self.issues[-1])

    def _one(self, number: int) -> WebhookResponse:
        if number > len(self.issues):
            return _json(404, {"message": "Not Found"})
        return _json(200, self.issues[number - 1])


def _labelled(issue: dict[str, Any], query: dict[str, list[str]]) -> bool:
    return query["labels"][0] in {each["name"] for each in issue["labels"]}


def _page(entries: list[Any], query: dict[str, list[str]]) -> WebhookResponse:
    size, page = int(query["per_page"][0]), int(query["page"][0])
    return _json(200, entries[size * (page - 1) : size * page])


def _json(status: int, body: object) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(body), content_type="application/json")
