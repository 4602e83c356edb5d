"""The attempts on one route: bounded, without a change, and with ids of the canaries alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import orjson

from basewatch.components.tenant_isolation import ApiCanary, ApiProbe
from basewatch.http import HttpAnswer, HttpClient, Unanswered
from checks.tenancy.api.answers import Attempt, attempt, shape
from checks.tenancy.api.login import prefix

OVERRIDES = ("X-Customer-Id", "X-Tenant-Id", "X-Org-Id", "X-Account-Id", "X-User-Id")
"""Headers that a gateway sets for the service behind it; a client must not be able to."""
_UNGUESSABLE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A canary with its token, and the header of its usage plan."""

    name: str
    canary: ApiCanary
    token: str = field(repr=False)
    plan: dict[str, str] = field(repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        """The headers of its own requests."""
        return {**self.plan, "Authorization": f"Bearer {self.token}"}


class RouteTries:
    """The attempts on one route."""

    def __init__(self, http: HttpClient, probe: ApiProbe, a: Tenant, b: Tenant) -> None:
        self._http = http
        self._probe = probe
        self._a, self._b = a, b
        invented = {place: _invented(a.canary.value_of(place) or "") for place in probe.places}
        # An id that nobody has, for every place; none where a made-up one could be somebody's.
        self._vain = invented if all(invented.values()) else {}
        self._sent = tuple({*_values(a.canary), *_values(b.canary), *invented.values()} - {""})
        self._nobody = ""

    def controls(self) -> tuple[Attempt, ...]:
        """Each canary on its own; and what whoever has no token gets that asks in vain."""
        answer = self._ask(_Request(owner=self._a.canary, instead=self._vain, headers=self._a.plan))
        redirected = isinstance(answer, HttpAnswer) and not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        if self._vain or redirected:
            self._nobody = shape(answer, self._sent)
        return (self._own(self._a, self._b), self._own(self._b, self._a))

    def attempts(self, forged: tuple[tuple[str, str], ...], expired: str) -> Iterator[Attempt]:
        """Everything that has to be refused, each right after the owner was let in."""
        a, b = self._a, self._b
        for tenant in (a, b):
            self._ask(_Request(owner=tenant.canary, headers=tenant.bearer))
            yield self._stranger(f"no token, after canary {tenant.name} was let in", tenant, {})
        yield self._stranger("a malformed token", b, {"Authorization": "Bearer not-a-token"})
        yield self._stranger("an empty token", b, {"Authorization": "Bearer"})
        if expired:
            yield self._stranger("an expired token", a, {"Authorization": f"Bearer {expired}"})
        for what, token in forged:
            yield self._stranger(what, b, {"Authorization": f"Bearer {token}"})
        yield from self._crossing()

    def _crossing(self) -> Iterator[Attempt]:
        a, b = self._a, self._b
        overriding = {**a.bearer, **dict.fromkeys(OVERRIDES, b.canary.id)}
        yield self._cross(
            "the token of canary a, and headers that name b", a, b, _Request(owner=a.canary, headers=overriding)
        )
        if not self._probe.places:
            return
        tried = Attempt(what="", route="")
        for intruder, owner in ((a, b), (b, a), (a, b)):
            self._ask(_Request(owner=owner.canary, headers=owner.bearer))
            what = f"the token of canary {intruder.name} on what {owner.name} owns, after its owner was let in"
            tried = self._cross(what, intruder, owner, _Request(owner=owner.canary, headers=intruder.bearer))
            yield tried
        what = "the token of canary a on what b owns"
        request = _Request(owner=b.canary, headers=a.bearer)
        yield self._cross(f"{what}, and headers that name b", a, b, replace(request, headers=overriding))
        yield self._cross(f"{what}, with a slash at the end", a, b, replace(request, slash=True))
        if "?" in self._probe.route:
            for first in (True, False):
                yield self._cross(
                    "the token of canary a with the values of both in the query",
                    a,
                    b,
                    replace(request, own_first=first),
                )
        # A HEAD says something only where the GET was refused: it has no body.
        if tried.status >= HTTPStatus.BAD_REQUEST and self._probe.method == "GET":
            yield self._cross(f"HEAD with {what}", a, b, replace(request, method="HEAD"))

    def _own(self, tenant: Tenant, other: Tenant) -> Attempt:
        """A canary's own request: `own` has to be seen, and nothing of the other may be."""
        return attempt(
            f"the token of canary {tenant.name} on its own",
            self._probe.route,
            self._ask(_Request(owner=tenant.canary, headers=tenant.bearer)),
            attacked=other.canary.marks,
            own=tenant.canary.marks,
        )

    def _stranger(self, what: str, owner: Tenant, headers: dict[str, str]) -> Attempt:
        # A key of a usage plan says who pays, and lets nobody in: without it, the authorizer would not be reached.
        answer = self._ask(_Request(owner=owner.canary, headers={**self._a.plan, **headers}))
        marks = owner.canary.marks
        return attempt(
            what, self._probe.route, answer, attacked=marks, absent=self._nobody, sent=self._sent, stranger=True
        )

    def _cross(self, what: str, intruder: Tenant, owner: Tenant, request: _Request) -> Attempt:
        """An attempt with a valid token; an answer of success is compared with that to the same request in vain."""
        answer, absent = self._ask(request), ""
        if self._vain and isinstance(answer, HttpAnswer) and answer.status < HTTPStatus.BAD_REQUEST:
            absent = shape(self._ask(replace(request, instead=self._vain)), self._sent)
        return attempt(
            what,
            self._probe.route,
            answer,
            attacked=owner.canary.marks,
            own=intruder.canary.marks,
            absent=absent,
            sent=self._sent,
        )

    def _ask(self, request: _Request) -> HttpAnswer | Unanswered:
        body = {name: _filled(value, request.owner, request.instead) for name, value in self._probe.body.items()}
        content = orjson.dumps(body) if body else None
        typed = {} if content is None else {"Content-Type": "application/json"}
        return self._http.ask_again(
            request.method or self._probe.method,
            self._target(request),
            headers={**typed, **request.headers},
            body=content,
        )

    def _target(self, request: _Request) -> str:
        template = self._probe.route.partition(" ")[2]
        path, mark, query = _filled(template, request.owner, request.instead).partition("?")
        if request.own_first is not None:
            own = _filled(template, self._a.canary, {}).partition("?")[2]
            query = f"{own}&{query}" if request.own_first else f"{query}&{own}"
        return prefix(self._http) + path + ("/" if request.slash else "") + mark + query


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One request: for what the owner has, or with made-up ids `instead`, and in which way.

    `own_first` puts the values of canary a into the query too, before or behind.
    """

    owner: ApiCanary
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    instead: dict[str, str] = field(default_factory=dict[str, str])
    method: str = ""
    slash: bool = False
    own_first: bool | None = None


def _filled(template: str, canary: ApiCanary, instead: dict[str, str]) -> str:
    for place in ("id", *canary.owns):
        template = template.replace(f"{{{place}}}", instead.get(place) or canary.value_of(place) or "")
    return template


def _values(canary: ApiCanary) -> tuple[str, ...]:
    return (canary.id, *canary.owns.values())


def _invented(value: str) -> str:
    """An id like this one that nobody has; empty where a made-up one could be somebody's."""
    try:
        uuid.UUID(value)
    except ValueError:
        return uuid.uuid4().hex[: len(value)] if len(value) >= _UNGUESSABLE and not value.isdigit() else ""
    return str(uuid.uuid4())
