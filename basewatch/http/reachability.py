"""Whether our own network works: another host accepts a connection."""

from __future__ import annotations

import socket
from collections.abc import Iterable

_SECONDS = 2.0
_MOST = 3


def any_reachable(controls: Iterable[tuple[str, int]]) -> bool:
    """Whether one of the first hosts and ports accepts or refuses a connection: either way an answer came back."""
    return any(_answers(host, port) for host, port in tuple(controls)[:_MOST])


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True
