"""Translation of PostgreSQL errors into observation errors with a reason and a remedy."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason

_BUSY = "Check the locks and the load on the database, or run the check again later."
_DOWN = "Start the database, or correct its address and the firewall rules."

# Errors that do not answer the statement, by exact class:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_NO_ANSWER: dict[type[psycopg.Error], tuple[Reason, str]] = {
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
    errors.ReadOnlySqlTransaction: (Reason.UNSUPPORTED, "Set the database's url to the writer, not to a reader."),
    psycopg.OperationalError: (Reason.UNREACHABLE, _DOWN),
}

# At login, libpq returns only the message of the server, not its SQLSTATE.
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
    """The error of a failed login: NotFoundError if the server reports that the database does not exist."""
    # Further lines are hints; the text before the last "failed:" only repeats the address.
    text = re.sub(r"^connection failed: connection to server at .* failed: ", "", str(error).partition("\n")[0])
    if re.search(r'FATAL: +database ".*" does not exist', text):
        return NotFoundError(f"the server at {source} has no database {database}")
    for words, reason, remedy in _AT_LOGIN:
        if "FATAL:" in text and words in text:
            detail = f"{source} refused {user}: {text.removeprefix('FATAL:').strip()}"
            return ObservationError(reason, detail, remedy=remedy.format(user=user, database=database))
    reason, remedy = _NO_ANSWER.get(type(error), (Reason.UNREACHABLE, _DOWN))
    return ObservationError(reason, f"{source} could not be reached: {text}", remedy=remedy)


def is_refusal(error: psycopg.Error) -> bool:
    """Whether the server rejected the statement itself, rather than failing for another reason."""
    return type(error) not in _NO_ANSWER


def observation_error(error: psycopg.Error, *, operation: str, remedy: str = "") -> ObservationError:
    """The error of an `operation`; it repeats only the first line of the server, as others may contain row values."""
    message = error.diag.message_primary or str(error).partition("\n")[0]
    if isinstance(error, errors.InsufficientPrivilege):
        action = _denied_action(message) or operation
        return ObservationError(Reason.DENIED, f"{operation}: {message}", remedy=remedy, action=action)
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return ObservationError(
            Reason.STALE,
            f"{operation}: {message}",
            remedy="The schema changed during the check; run it again.",
            action=operation,
        )
    reason, advice = _NO_ANSWER.get(type(error), (Reason.BUG, "Report it with the text of this finding."))
    return ObservationError(reason, f"{operation}: {message}", remedy=advice, action=operation)


def _denied_action(message: str) -> str:
    """What the server refused, such as `access to table customers`; empty when it names no object."""
    found = re.fullmatch(r"permission denied for (.+)", message)
    return f"access to {found[1]}" if found else ""


@contextmanager
def translate_errors(operation: str, *, remedy: str = "") -> Generator[None, None, None]:
    """Raises every driver error as ObservationError; `remedy` applies to a missing privilege."""
    try:
        yield
    except psycopg.Error as error:
        raise observation_error(error, operation=operation, remedy=remedy) from error
