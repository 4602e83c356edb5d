"""What every channel may ask of its settings before anything is sent; a broken one stops the start-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from basewatch.errors import ConfigError, InvalidValueError, Problem
from basewatch.secrets import Reference, Secret, SecretStore, resolve

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def parse_url(text: str) -> str:
    """A URL of a server, without a user and a password in it. Raises: InvalidValueError, which does not repeat it."""
    problem = _url_problem(text)
    if problem:
        raise InvalidValueError(problem, "write https://HOST/PATH; a password goes into a secret reference")
    return text.rstrip("/")


ServerUrl: TypeAlias = Annotated[
    str,
    AfterValidator(parse_url),
    WithJsonSchema({"type": "string", "pattern": "^https?://", "examples": ["https://alertmanager.example.com"]}),
]


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine, so that nothing crosses a network."""
    return host in _LOOPBACK


def secret_url(channel: str, reference: Reference, environ: Mapping[str, str], store: SecretStore | None) -> Secret:
    """The secret URL that `channel` posts to; it has to be https, except on this machine.

    Raises: SecretNotFoundError; ConfigError, which does not repeat the text.
    """
    secret = resolve(reference, environ, store)
    if problem := _url_problem(secret.reveal()):
        raise broken(channel, f"{secret}: {problem}", "copy the whole URL, which starts with https://")
    if urlsplit(secret.reveal()).scheme != "https" and not is_loopback(urlsplit(secret.reveal()).hostname):
        raise broken(channel, f"{secret} starts with http://", "the URL is a secret: use https://")
    return secret


def secret_word(
    channel: str,
    reference: Reference,
    environ: Mapping[str, str],
    store: SecretStore | None,
    *,
    form: str = r"[!-~]+",
    remedy: str = "it is one word without spaces: store it again",
) -> Secret:
    """The secret of `channel`; it has to be of the `form`, a regular expression.

    Raises: SecretNotFoundError; ConfigError, which does not repeat the text.
    """
    secret = resolve(reference, environ, store)
    if not re.fullmatch(form, secret.reveal()):
        raise broken(channel, f"{secret} cannot be what this channel needs", remedy)
    return secret


def broken(channel: str, message: str, remedy: str) -> ConfigError:
    """The error that stops the start-up because of a channel."""
    return ConfigError(Problem(message=message, key=f"alerts.channels.{channel}", remedy=remedy))


def _url_problem(text: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", text):
        return "it is not a URL"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return "it is not a URL"
    if not parts.hostname:
        return "it is a URL without a host"
    return "it has a user or a password in it" if "@" in parts.netloc else ""
