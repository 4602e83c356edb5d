"""Logging in to PostgreSQL: which ways in there are, each secret looked up when it is needed, one session at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from psycopg import conninfo
from psycopg.pq import TransactionStatus

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.errors import login_error
from basewatch.postgres.transaction import Timeouts
from basewatch.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The ways into one database, each as what looks its URL up: that may raise ObservationError, and only when used.

    `reader` is where reads go, where there is one. `logins` and `proxy_logins` are real logins of tenant-bound roles.
    """

    writer: Callable[[], Secret]
    reader: Callable[[], Secret] | None = None
    logins: Mapping[str, Callable[[], Secret]] = field(default_factory=dict[str, Callable[[], Secret]])
    proxy_logins: Mapping[str, Callable[[], Secret]] = field(default_factory=dict[str, Callable[[], Secret]])


class SingleConnection:
    """The one session that is open, through whichever endpoint was asked for last.

    Raises: ObservationError, when an endpoint cannot be reached or refuses us; NotFoundError, when it has no such
    database.
    """

    def __init__(self, endpoints: Endpoints, run: str, timeouts: Timeouts) -> None:
        self.endpoints = endpoints
        self.run = run
        self._limits = timeouts
        self._url: Callable[[], Secret] | None = None
        self._session: psycopg.Connection | None = None

    def open(self, url: Callable[[], Secret], *, new_connection: bool = False) -> psycopg.Connection:
        """The open session, when it is that endpoint's and need not be `new_connection`; else a new one in its place."""
        if self._session is None or new_connection or url is not self._url:
            if self._session is not None and self._session.info.transaction_status is TransactionStatus.INTRANS:
                raise RuntimeError("a transaction is open: one session at a time")
            self.close()
            self._session, self._url = log_in(url(), run=self.run, timeouts=self._limits), url
        return self._session

    def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            self._session.close()
            self._session = None


def log_in(url: Secret, *, run: str, timeouts: Timeouts) -> psycopg.Connection:
    """A new session. Raises: ObservationError; NotFoundError."""
    where = _parameters(url, run, timeouts)
    try:
        # Nothing is prepared on the server: a pooling proxy would pin the session for it.
        return psycopg.connect(conninfo.make_conninfo("", **where), prepare_threshold=None)
    except psycopg.OperationalError as error:
        host, user, database = (str(where.get(name, "")) for name in ("host", "user", "dbname"))
        raise login_error(error, source=f"{host}:{where.get('port', 5432)}", user=user, database=database) from error


def _parameters(url: Secret, run: str, limits: Timeouts) -> dict[str, str | int]:
    try:
        given = conninfo.conninfo_to_dict(url.reveal())
    except psycopg.ProgrammingError:
        # The driver's own words would repeat the URL, password and all.
        detail = f"{url} is not the URL of a PostgreSQL database"
        remedy = "Write it as postgresql://user:password@host:5432/database, with %-escapes in the password."
        raise ObservationError(Reason.UNREACHABLE, detail, remedy=remedy) from None
    patience = limits.connect + limits.statement
    return {
        **{name: value for name, value in given.items() if value is not None},
        "application_name": f"basewatch/{run}",
        "connect_timeout": round(limits.connect.total_seconds()),
        "tcp_user_timeout": patience // timedelta(milliseconds=1),
    }
