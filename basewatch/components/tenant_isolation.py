"""How the isolation of tenants is tried through an API: two canaries, their logins, and the routes to try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.components.endpoints import HttpsUrl
from basewatch.errors import InvalidValueError
from basewatch.identifiers import Route
from basewatch.quantities import Duration
from basewatch.secrets import Reference, SecretReference, parse_reference

_PLACE = re.compile(r"\{(\w+)\}")
_READING = ("GET", "HEAD")
# A shorter text can be part of an answer by chance.
_MARK_CHARS = 8
Mark = Annotated[str, Field(min_length=_MARK_CHARS, max_length=200)]


class ApiCanary(ConfigModel):
    """A synthetic tenant: its id, its credential, the ids of what it owns, and words that only its answers contain."""

    id: str = Field(min_length=1)
    key: SecretReference | None = Field(default=None, description="what it logs in with")
    token: SecretReference | None = Field(default=None, description="a token that is valid now, without a login")
    expired_token: SecretReference | None = Field(default=None, description="a token of it that has expired")
    api_key: SecretReference | None = Field(default=None, description="its x-api-key, where a usage plan needs one")
    owns: dict[str, str] = Field(default={}, examples=[{"invoice": "6f1c"}])
    marks: tuple[Mark, ...] = Field(min_length=1)

    def value_of(self, place: str) -> str | None:
        """What stands for `{place}` in a route: its id, or the id of something that it owns."""
        return self.id if place == "id" else self.owns.get(place)


class ApiCanaries(ConfigModel):
    """The two canaries of an API."""

    a: ApiCanary
    b: ApiCanary


class ApiLogin(ConfigModel):
    """How a canary gets a token: the route, the body with `{key}` in it, and the path of the token in the answer."""

    route: Route = "POST /auth/authenticate"
    body: dict[str, str] = {"api_key": "{key}"}
    token: str = "token"  # noqa: S105  # a key in JSON


class ApiProbe(ConfigModel):
    """A route to try, with `{id}` and the names of what canaries own in it.

    Another method than GET needs `reads_only: true`, because a probe must change nothing.
    """

    route: Route
    body: dict[str, str] = {}
    reads_only: bool = False

    @model_validator(mode="after")
    def _changes_nothing(self) -> Self:
        if self.method not in _READING and not self.reads_only:
            raise InvalidValueError(
                f"a probe with {self.method} may change something", "add reads_only: true if this route only reads"
            )
        return self

    @property
    def method(self) -> str:
        """The method of the route."""
        return self.route.partition(" ")[0]

    @property
    def places(self) -> frozenset[str]:
        """The names in braces, in the path, the query and the body."""
        return frozenset(_PLACE.findall(self.route + "".join(self.body.values())))


def _probe(value: object) -> object:
    return {"route": value} if isinstance(value, str) else value


Probe = Annotated[
    ApiProbe,
    BeforeValidator(_probe, json_schema_input_type=Route | ApiProbe),
]


class ApiToken(ConfigModel):
    """What an issued token promises: its algorithm, its longest lifetime, and the claims that it has."""

    algorithm: Literal[
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "EdDSA"
    ]
    lifetime: Duration
    claims: tuple[str, ...] = ()


class RateTrial(ConfigModel):
    """How many requests of canary a may be sent in each pass to see that the promised rate is limited."""

    route: Route
    requests: int = Field(ge=10, le=20_000)

    @model_validator(mode="after")
    def _only_reads(self) -> Self:
        if not self.route.startswith("GET "):
            raise InvalidValueError(f"'{self.route}' may change something", "name a route with GET that costs little")
        return self


class TenantIsolation(ConfigModel):
    """The attempts of two canaries to read each other's rows through an API; nothing else is asked for.

    `url` is where the routes begin, with the stage where it is part of the path. `public_key` is the one that tokens
    are verified with, if they are signed with a private one.
    """

    url: HttpsUrl
    login: ApiLogin | None = ApiLogin()
    canaries: ApiCanaries
    probes: Annotated[tuple[Probe, ...], Field(min_length=1, max_length=10)]
    public_key: SecretReference | None = None
    token: ApiToken | None = None
    rate_limit_tried: RateTrial | None = None

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """Every reference that the attempts need."""
        return tuple(self._secrets())

    def _secrets(self) -> Iterator[Reference]:
        if not self.url.startswith("https:"):
            yield parse_reference(self.url)
        for canary in (self.canaries.a, self.canaries.b):
            yield from filter(None, (canary.key, canary.token, canary.expired_token, canary.api_key))
        if self.public_key:
            yield self.public_key

    @model_validator(mode="after")
    def _can_be_tried(self) -> Self:
        a, b = self.canaries.a, self.canaries.b
        for name, canary in (("a", a), ("b", b)):
            if canary.token is None and (canary.key is None or self.login is None):
                raise InvalidValueError(
                    f"canary {name} has neither a token nor a key to log in with", "add key: env:NAME"
                )
        for probe in self.probes:
            for place in sorted(probe.places):
                if a.value_of(place) is None or a.value_of(place) == b.value_of(place) or b.value_of(place) is None:
                    raise InvalidValueError(
                        f"{{{place}}} of '{probe.route}' is not of each canary, with another value",
                        f"add {place}: to owns of both canaries",
                    )
        sent = [*a.owns.values(), *b.owns.values(), a.id, b.id]
        for mark in (*a.marks, *b.marks):
            if any(mark.lower() in value.lower() for value in sent) or (mark in a.marks and mark in b.marks):
                raise InvalidValueError(
                    f"the mark '{mark}' is sent in requests, or is of both canaries, so that an answer may repeat it",
                    "write a text that stands only in the answers to one canary",
                )
        return self
