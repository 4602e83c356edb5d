"""Logins to PostgreSQL: endpoints with secrets that are resolved on use, and one open session at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from psycopg import conninfo, errors
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

from basewatch.errors import ObservationError, looking_at
from basewatch.model import Reason
from basewatch.postgres.errors import login_error
from basewatch.postgres.transaction import Timeouts
from basewatch.secrets import Secret
from basewatch.time_limit import TimeLimit, current_limit

_LONGEST_WAIT_SECONDS = 120.0
"""How long a session waits for one answer where no limit is set: in the exporter, which has no pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The endpoints of one database, each as a function that resolves its URL and may raise ObservationError.

    Reads go to `reader` if there is one. `logins` and `proxy_logins` are real logins of tenant-bound roles. `name` is
    that of the declared database; empty for one that is not declared.
    """

    writer: Callable[[], Secret]
    reader: Callable[[], Secret] | None = None
    logins: Mapping[str, Callable[[], Secret]] = field(default_factory=dict[str, Callable[[], Secret]])
    proxy_logins: Mapping[str, Callable[[], Secret]] = field(default_factory=dict[str, Callable[[], Secret]])
    name: str = ""

    @property
    def reads(self) -> Callable[[], Secret]:
        """The endpoint that reads go to."""
        return self.reader or self.writer

    def source_of(self, url: Callable[[], Secret]) -> str:
        """The source of one of these endpoints, such as `postgresql:main/reader`; empty without a name."""
        others = {
            "reader": self.reader,
            **{f"login/{role}": login for role, login in self.logins.items()},
            **{f"proxy/{role}": login for role, login in self.proxy_logins.items()},
        }
        endpoint = next((f"/{name}" for name, other in others.items() if other is url), "")
        return f"postgresql:{self.name}{endpoint}" if self.name else ""


class SingleConnection:
    """One open session, to the endpoint that was opened last.

    Raises: ObservationError, if an endpoint cannot be reached or rejects the login; NotFoundError, if the database does
    not exist.
    """

    def __init__(self, endpoints: Endpoints, run: str, timeouts: Timeouts) -> None:
        self.endpoints = endpoints
        self.run = run
        self._timeouts = timeouts
        self._url: Callable[[], Secret] | None = None
        self._session: psycopg.Connection | None = None

    def open(self, url: Callable[[], Secret], *, new_connection: bool = False) -> psycopg.Connection:
        """The open session if it belongs to this endpoint, else a new one; always a new one with `new_connection`."""
        if self._session is None or new_connection or url is not self._url:
            if self._session is not None and self._session.info.transaction_status is TransactionStatus.INTRANS:
                raise RuntimeError("a transaction is open: one session at a time")
            self.close()
            with looking_at(self.endpoints.source_of(url), "connect"):
                self._session, self._url = log_in(url(), run=self.run, timeouts=self._timeouts), url
        return self._session

    def close(self) -> None:
        """Close the open session, if there is one."""
        if self._session is not None:
            self._session.close()
            self._session = None


class _LimitedConnection(psycopg.Connection):
    """A session that waits for the server by the limit of the thread, for a server that never answers sets none."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Waits for the server. Raises: errors.ConnectionTimeout, when the limit is over; the session is then lost."""
        remaining = (current_limit() or TimeLimit.after(_LONGEST_WAIT_SECONDS)).remaining_seconds
        try:
            return super().wait(gen, interval, remaining if timeout is None else min(timeout, remaining))
        except errors._WaitTimeout:  # noqa: SLF001  # what `wait` documents to raise
            if timeout is not None and timeout <= remaining:
                raise
            self.pgconn.finish()
            raise errors.ConnectionTimeout("no answer in time") from None


def log_in(url: Secret, *, run: str, timeouts: Timeouts) -> psycopg.Connection:
    """A new session. Raises: ObservationError; NotFoundError."""
    where = _parameters(url, run, timeouts)
    try:
        # No prepared statements: a pooling proxy would pin the session for them.
        return _LimitedConnection.connect(conninfo.make_conninfo("", **where), prepare_threshold=None)
    except psycopg.OperationalError as error:
        host, user, database = (str(where.get(name, "")) for name in ("host", "user", "dbname"))
        raise login_error(error, source=f"{host}:{where.get('port', 5432)}", user=user, database=database) from error


def _parameters(url: Secret, run: str, timeouts: Timeouts) -> dict[str, str | int]:
    try:
        given = conninfo.conninfo_to_dict(url.reveal())
    except psycopg.ProgrammingError:
        # The message of the driver would repeat the URL with its password.
        detail = f"{url} is not the URL of a PostgreSQL database"
        remedy = "Write it as postgresql://user:password@host:5432/database, with %-escapes in the password."
        raise ObservationError(Reason.UNREACHABLE, detail, remedy=remedy) from None
    response_timeout = timeouts.connect + timeouts.statement
    return {
        **{name: value for name, value in given.items() if value is not None},
        "application_name": f"basewatch/{run}",
        # Of the environment or the url; the driver cannot decode every one.
        "client_encoding": "utf8",
        "connect_timeout": round(timeouts.connect.total_seconds()),
        "tcp_user_timeout": response_timeout // timedelta(milliseconds=1),
    }
