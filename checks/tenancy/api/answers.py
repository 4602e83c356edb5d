"""What an attempt got: whose words, and whether it is what everybody gets who asks in vain."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson

from basewatch.facts import digest
from basewatch.http import HttpAnswer, Unanswered
from checks.tenancy.api.marks import LIMIT_BYTES, contains


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: what was tried on which route, and the status of the answer (0 without one, as `end` says).

    `leaked` says that words of the attacked tenant are in the answer; None, that the answer could not be read. `own`
    says the same of the attacker's own words. `like_absent` says that it is what a request for something that does not
    exist gets; None, that this is not known. A `stranger` has no token that anybody issued and that is valid.
    """

    what: str
    route: str
    status: int = 0
    end: str = ""
    leaked: bool | None = False
    own: bool = False
    like_absent: bool | None = None
    stranger: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the answer is no refusal, although it has none of the words."""
        return HTTPStatus.OK <= self.status < HTTPStatus.BAD_REQUEST


def attempt(
    what: str,
    route: str,
    answer: HttpAnswer | Unanswered,
    *,
    attacked: tuple[str, ...],
    own: tuple[str, ...] = (),
    absent: str = "",
    sent: tuple[str, ...] = (),
    stranger: bool = False,
) -> Attempt:
    """What an answer says, with the marks of the attacked and of the attacker; `absent` is a shape to compare."""
    if isinstance(answer, Unanswered):
        return Attempt(what=what, route=route, end=answer.detail, stranger=stranger)
    return Attempt(
        what=what,
        route=route,
        status=answer.status,
        leaked=contains(answer, attacked),
        own=bool(own) and contains(answer, own) is True,
        like_absent=shape(answer, sent) == absent if absent else None,
        stranger=stranger,
    )


def shape(answer: HttpAnswer | Unanswered, sent: tuple[str, ...]) -> str:
    """The status, the target of a redirect and the form of the body, without values; empty without an answer."""
    if isinstance(answer, Unanswered):
        return ""
    body = answer.inflated(LIMIT_BYTES) or b""
    try:
        form: object = _form(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode("latin-1")
        for value in sent:
            text = text.replace(value, "*")
        form = text
    to = urlsplit(answer.first("location"))
    path = to.path
    for value in sent:
        path = path.replace(value, "*")
    return digest([answer.status, to.netloc, path, form])


def _form(value: Any) -> object:
    if isinstance(value, dict):
        return {key: _form(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [_form(each) for each in value]
    return type(value).__name__
