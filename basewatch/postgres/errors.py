"""What an error of PostgreSQL means to an observation: why it could not look, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason

_BUSY = "Look at the locks and the load on the database, or look again later."
_DOWN = "Start the database, or correct the address and the firewall between."

# Errors that say nothing of the question asked: by exact class,
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_HARD: dict[type[psycopg.Error], tuple[Reason, str]] = {
    errors.QueryCanceled: (Reason.TIMEOUT, _BUSY),
    errors.LockNotAvailable: (Reason.TIMEOUT, _BUSY),
    errors.DeadlockDetected: (Reason.TIMEOUT, _BUSY),
    errors.SerializationFailure: (Reason.TIMEOUT, _BUSY),
    errors.IdleInTransactionSessionTimeout: (Reason.TIMEOUT, _BUSY),
    errors.ConnectionTimeout: (Reason.TIMEOUT, _DOWN),
    errors.AdminShutdown: (Reason.UNREACHABLE, _DOWN),
    errors.CrashShutdown: (Reason.UNREACHABLE, _DOWN),
    errors.CannotConnectNow: (Reason.UNREACHABLE, _DOWN),
    errors.TooManyConnections: (Reason.THROTTLED, "Free connections, or raise the limit of the role."),
    errors.OutOfMemory: (Reason.THROTTLED, _BUSY),
    errors.ReadOnlySqlTransaction: (Reason.UNSUPPORTED, "Point the database's url at the writer, not at a reader."),
    psycopg.OperationalError: (Reason.UNREACHABLE, _DOWN),
}

# At log-in the server's code is not handed on by libpq, only its text.
_AT_LOGIN: tuple[tuple[str, Reason, str], ...] = (
    ("password authentication failed", Reason.DENIED, "Correct the user and the password in the database's url."),
    ("no pg_hba.conf entry", Reason.DENIED, "Allow this host and user to connect, or require TLS in the url."),
    ("permission denied for database", Reason.DENIED, "GRANT CONNECT ON DATABASE {database} TO {user}"),
    ("is not permitted to log in", Reason.DENIED, "ALTER ROLE {user} LOGIN"),
    ("no credentials for the role", Reason.DENIED, "Register the secret of {user} with the RDS Proxy."),
    ("too many", Reason.THROTTLED, "Free connections, or raise the limit of the role."),
    ("remaining connection slots", Reason.THROTTLED, "Free connections, or raise max_connections."),
)


def login_error(error: psycopg.OperationalError, *, source: str, user: str, database: str) -> BasewatchError:
    """What a failed connection means: Absent when the server says that the database does not exist."""
    # The lines that follow are hints; what comes before the last "failed:" only repeats the address.
    text = re.sub(r"^connection failed: connection to server at .* failed: ", "", str(error).partition("\n")[0])
    if re.search(r'FATAL: +database ".*" does not exist', text):
        return NotFoundError(f"the server at {source} has no database {database}")
    for words, reason, remedy in _AT_LOGIN:
        if "FATAL:" in text and words in text:
            detail = f"{source} refused {user}: {text.removeprefix('FATAL:').strip()}"
            return ObservationError(reason, detail, remedy=remedy.format(user=user, database=database))
    reason, remedy = _HARD.get(type(error), (Reason.UNREACHABLE, _DOWN))
    return ObservationError(reason, f"{source} could not be reached: {text}", remedy=remedy)


def is_refusal(error: psycopg.Error) -> bool:
    """Whether the server answered the statement by refusing it, rather than being unable to tell."""
    return type(error) not in _HARD


def observation_error(error: psycopg.Error, *, operation: str, remedy: str = "") -> ObservationError:
    """What an error on `operation` means; only the server's first line is repeated: the rest may hold a row's values."""
    said = error.diag.message_primary or str(error).partition("\n")[0]
    if isinstance(error, errors.InsufficientPrivilege):
        return ObservationError(Reason.DENIED, f"{operation}: {said}", remedy=remedy)
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return ObservationError(
            Reason.STALE, f"{operation}: {said}", remedy="The schema changed meanwhile; look again."
        )
    reason, advice = _HARD.get(type(error), (Reason.BUG, "Report it with the text of this finding."))
    return ObservationError(reason, f"{operation}: {said}", remedy=advice)


@contextmanager
def translate_errors(operation: str, *, remedy: str = "") -> Generator[None, None, None]:
    """Turns every error of the driver into ObservationError; `remedy` is for one that a grant would cure."""
    try:
        yield
    except psycopg.Error as error:
        raise observation_error(error, operation=operation, remedy=remedy) from error
