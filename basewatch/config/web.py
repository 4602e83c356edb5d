"""The section `web`, and the file of Prometheus' exporters that it may name for TLS, passwords and headers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.config.problems import validation_problems
from basewatch.config.yaml_document import read_yaml
from basewatch.errors import ConfigError, InvalidValueError, Problem
from basewatch.identifiers import HostPort
from basewatch.secrets import SecretReference

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_HIGHEST_COST = 15
"""A check at cost 15 takes two seconds of a core; each step doubles it."""
TlsVersion = Literal["TLS12", "TLS13"]
ClientAuthentication = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
Header = Literal[
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
]
CipherSuite = Literal[
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
]


def _bcrypt_hash(value: str) -> str:
    match = _BCRYPT.fullmatch(value)
    if match is None:
        raise InvalidValueError(
            "this is not a password hashed with bcrypt", "write the hash that `htpasswd -nBC 10 NAME` prints"
        )
    if int(match[1]) > _HIGHEST_COST:
        raise InvalidValueError(
            f"a check at bcrypt's cost {match[1]} takes too long",
            f"hash the password at a cost of {_HIGHEST_COST} at most",
        )
    return value


def _header_value(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise InvalidValueError("this cannot be the value of a header", "write printable ASCII in one line")
    return value


class Web(ConfigModel):
    """The address on which `serve` listens, and who may read what it serves."""

    listen: HostPort = "127.0.0.1:9464"
    config_file: str | None = Field(
        default=None,
        examples=["web-config.yml"],
        description="a web configuration file of Prometheus' exporters: TLS, users with hashed passwords, headers",
    )
    bearer_token: SecretReference | None = Field(
        default=None, description="the token that a scrape sends as `Authorization: Bearer`, beside or instead of users"
    )
    enable_lifecycle: bool = Field(default=False, description="whether POST /-/reload reads the configuration again")
    max_connections: int = Field(
        default=512, ge=8, le=65_536, description="how many connections are open at once, at most"
    )


class TlsServer(ConfigModel):
    """TLS as Prometheus' exporters configure it. Paths start at the folder of the file."""

    cert_file: str = Field(examples=["server.crt"])
    key_file: str = Field(examples=["server.key"])
    client_auth_type: ClientAuthentication = "NoClientCert"
    client_ca_file: str | None = Field(default=None, examples=["ca.crt"])
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"
    cipher_suites: tuple[CipherSuite, ...] = ()
    prefer_server_cipher_suites: bool = True

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.client_auth_type != "NoClientCert") != (self.client_ca_file is not None):
            raise InvalidValueError(
                "client_ca_file and client_auth_type need each other",
                "write both, with `client_auth_type: RequireAndVerifyClientCert`, or neither",
            )
        if self.min_version > self.max_version:
            raise InvalidValueError("min_version is above max_version", "exchange the two")
        return self


class HttpServer(ConfigModel):
    """Headers that every response has. HTTP/2 is accepted as a setting and not offered: a scrape needs none."""

    http2: bool = True
    headers: dict[Header, Annotated[str, AfterValidator(_header_value)]] = {}


class WebConfigFile(ConfigModel):
    """The web configuration file of Prometheus' exporters."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, Annotated[str, AfterValidator(_bcrypt_hash)]] = {}


def load_web_config_file(path: Path) -> WebConfigFile:
    """The file at `path`; an empty one sets nothing. Raises: ConfigError, with every mistake and its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message, remedy = (
            f"the web configuration cannot be read: {reason}",
            "correct `web.config_file`, or the file's mode",
        )
        raise ConfigError(Problem(message=message, remedy=remedy, file=str(path))) from None
    document = read_yaml(text, str(path))
    problems = list(document.problems)
    # A section with every line commented out is empty, and sets nothing.
    tree = document.tree
    written = {key: value for key, value in tree.items() if value is not None} if isinstance(tree, dict) else tree or {}
    try:
        loaded = WebConfigFile.model_validate_json(json.dumps(written), strict=True)
    except ValidationError as error:
        problems.extend(validation_problems(error, document, WebConfigFile))
        raise ConfigError(*problems) from None
    if problems:
        raise ConfigError(*problems)
    return loaded
