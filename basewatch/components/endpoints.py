"""HTTPS endpoints: what everybody outside the platform sees of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from basewatch.component_settings import ConfigModel
from basewatch.components.component import Component
from basewatch.errors import InvalidValueError
from basewatch.quantities import Duration
from basewatch.secrets import Reference, parse_reference

_REFERENCES = ("env:", "file:", "aws-secretsmanager:", "aws-ssm:")


def parse_https_url(text: str) -> str:
    """A URL of https without a user, or a reference to where it is kept. Raises: InvalidValueError."""
    if text.startswith(_REFERENCES):
        return str(parse_reference(text))
    try:
        url = urlsplit(text)
        usable = url.scheme == "https" and url.hostname and not url.username and url.port != 0
    except ValueError:
        usable = False
    if not usable or text.split() != [text] or "#" in text:
        raise InvalidValueError("this is not a URL of https", "write for example https://api.example.com/health")
    return text


def parse_origin(text: str) -> str:
    """An origin of the web: a scheme and a host, with a port where it has one. Raises: InvalidValueError."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or f"{url.scheme}://{url.netloc}" != text:
        raise InvalidValueError("this is not an origin", "write for example https://app.example.com, without a path")
    return text


HttpsUrl = Annotated[
    str,
    AfterValidator(parse_https_url),
    WithJsonSchema(
        {"type": "string", "pattern": "^(https://|env:|file:|aws-)", "examples": ["https://api.example.com"]}
    ),
]
Origin = Annotated[str, AfterValidator(parse_origin)]


def _statuses(value: object) -> object:
    return (value,) if isinstance(value, int) else tuple(value) if isinstance(value, list) else value


StatusCode = Annotated[int, Field(ge=100, le=599)]
_STATUS_SCHEMA = {"type": "integer", "minimum": 100, "maximum": 599}
Statuses = Annotated[
    tuple[StatusCode, ...],
    Field(min_length=1),
    BeforeValidator(_statuses),
    WithJsonSchema({"anyOf": [_STATUS_SCHEMA, {"type": "array", "items": _STATUS_SCHEMA, "minItems": 1}]}),
]
SecurityHeader = Literal[
    "strict-transport-security",
    "content-security-policy",
    "frame-options",
    "x-content-type-options",
    "referrer-policy",
]
"""A header with which browsers protect the users of an endpoint; `frame-options` also holds by `frame-ancestors`."""


class Tls(ConfigModel):
    """The oldest version of TLS that is spoken, and how long the certificate is valid at least."""

    minimum: Literal["1.2", "1.3"] | None = None
    certificate_left: Duration | None = None


class Cors(ConfigModel):
    """The origins whose scripts may read answers; no other origin may. `credentials` lets them send cookies."""

    origins: tuple[Origin, ...] = Field(min_length=1)
    credentials: bool = False
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"


class Endpoint(Component):
    """A URL of https, as everybody sees it: it is asked without a credential, and redirects are not followed."""

    kind: ClassVar[str] = "endpoint"
    noun: ClassVar[str] = "endpoint"
    promises: ClassVar[tuple[str, ...]] = (
        "status",
        "answers_below",
        "tls.minimum",
        "tls.certificate_left",
        "https_only",
        "headers",
        "cors",
    )
    url: HttpsUrl
    status: Statuses = (200,)
    answers_below: Duration | None = None
    tls: Tls | None = None
    https_only: bool = False
    headers: tuple[SecurityHeader, ...] = ()
    cors: Cors | None = None

    @property
    def secrets(self) -> tuple[Reference, ...]:
        """The reference to its URL, if it has one."""
        return (parse_reference(self.url),) if self.url.startswith(_REFERENCES) else ()
