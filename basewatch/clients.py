"""How an observation gets the client it asks: by the type it names, for the component it looks at."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from basewatch.components import Component

K = TypeVar("K", bound="Client")


class Client(Protocol):
    """Something an observation can ask; it remembers who asked and what was asked, for the evidence."""

    @property
    def source(self) -> str:
        """Where the facts come from, such as `aws:123456789012/us-east-1`; no credentials."""
        ...

    @property
    def principal(self) -> str:
        """Who asked: an ARN or a database role."""
        ...

    @property
    def requests(self) -> tuple[str, ...]:
        """What was asked so far, such as `rds:DescribeDBClusters 7a0c…`, in order."""
        ...


class ClientFactory(Protocol):
    """Opens a client of the wanted kind for one observation of one component."""

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client for one observation. Raises: ObservationError, when it cannot be had."""
        ...
