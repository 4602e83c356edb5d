"""An endpoint that is one machine, such as an emulator: its address cannot have the account in front of it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_ACCOUNT_DIGITS = 12


def is_one_host(url: str) -> bool:
    """Whether the host of an endpoint is an address or `localhost`, so that no name below it can be resolved."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or bool(ip_address(host))
    except ValueError:
        return False


def as_one_host(client: Any) -> Any:
    """The client, which sends to the endpoint itself what S3 Control sends to `ACCOUNT.endpoint`."""
    client.meta.events.register("before-sign.s3-control", _without_account)
    return client


def _without_account(request: Any, **_: Any) -> None:
    parts = urlsplit(request.url)
    account, _, host = parts.netloc.partition(".")
    if len(account) == _ACCOUNT_DIGITS and account.isdecimal():
        request.url = urlunsplit(parts._replace(netloc=host))
