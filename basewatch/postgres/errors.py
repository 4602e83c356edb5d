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
_FAULT = "Look at the log of the server: it reports a fault of its own."
_FOREIGN = "Correct the address: what answers there, or on the way to it, does not speak as PostgreSQL does."
_REPORT = "Report it with the text of this finding."
_RECEIVED = (psycopg.DatabaseError, psycopg.InternalError)
_SETTINGS = "Correct the database's url, or the variable of the environment (PG...) that the message is about."

# Errors that do not answer the statement, by SQLSTATE or its first digits, the longest first:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_NO_ANSWER: dict[str, tuple[Reason, str]] = {
    "57014": (Reason.TIMEOUT, _BUSY),
    "55P03": (Reason.TIMEOUT, _BUSY),
    "25P03": (Reason.TIMEOUT, _BUSY),
    "25P04": (Reason.TIMEOUT, _BUSY),
    "40": (Reason.TIMEOUT, _BUSY),
    "08": (Reason.UNREACHABLE, _DOWN),
    "57P": (Reason.UNREACHABLE, _DOWN),
    "58": (Reason.UNREACHABLE, _FAULT),
    "F0": (Reason.UNREACHABLE, _FAULT),
    "XX": (Reason.UNREACHABLE, _FAULT),
    "53300": (Reason.THROTTLED, "Free connections, or raise the limit of the role."),
    "53": (Reason.THROTTLED, _BUSY),
    "54": (Reason.UNSUPPORTED, "Raise the limit of the server that the message names, such as max_stack_depth."),
    "25006": (Reason.UNSUPPORTED, "Set the database's url to the writer, not to a reader."),
    "28": (Reason.DENIED, "Correct the user and the password in the database's url."),
}
_LONGEST_FIRST = sorted(_NO_ANSWER, key=len, reverse=True)

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
# What libpq says before, or instead of, a message of the server.
_BEFORE_LOGIN: tuple[tuple[str, Reason, str], ...] = (
    ("no password supplied", Reason.DENIED, "Write the password into the database's url, or correct PGPASSFILE."),
    ("certificate verify failed", Reason.UNREACHABLE, "Correct sslrootcert in the url, or PGSSLROOTCERT."),
    ("root certificate file", Reason.UNREACHABLE, "Correct sslrootcert in the url, or PGSSLROOTCERT."),
    ("could not read root certificate", Reason.UNREACHABLE, "Correct sslrootcert in the url, or PGSSLROOTCERT."),
    ("server does not support SSL", Reason.UNREACHABLE, "Enable TLS on the server, or correct sslmode and PGSSLMODE."),
    ("service file", Reason.UNREACHABLE, _SETTINGS),
    ("definition of service", Reason.UNREACHABLE, _SETTINGS),
    ("connection is bad: invalid", Reason.UNREACHABLE, _SETTINGS),
    ("invalid value for parameter", Reason.UNREACHABLE, _SETTINGS),
    ("unrecognized configuration parameter", Reason.UNREACHABLE, _SETTINGS),
    ("received invalid response", Reason.UNREACHABLE, _FOREIGN),
    ("lost synchronization", Reason.UNREACHABLE, _FOREIGN),
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
    known = sorted(_BEFORE_LOGIN, key=lambda each: len(each[0]), reverse=True)
    reason, remedy = next(((reason, advice) for words, reason, advice in known if words in text), _meaning(error))
    return ObservationError(reason, f"{source} could not be reached: {text}", remedy=remedy)


def _meaning(error: psycopg.Error) -> tuple[Reason, str]:
    """Why there is no answer, and what to do. An error that neither server nor network caused is a bug of ours."""
    if error.sqlstate is not None:
        known = next((start for start in _LONGEST_FIRST if error.sqlstate.startswith(start)), None)
        return (Reason.BUG, _REPORT) if known is None else _NO_ANSWER[known]
    if isinstance(error, errors.ConnectionTimeout):
        return Reason.TIMEOUT, _DOWN
    if isinstance(error, psycopg.OperationalError):
        return Reason.UNREACHABLE, _DOWN
    # The classes of libpq's complaints about what it received; the others are complaints about what we sent.
    return (Reason.UNREACHABLE, _FOREIGN) if type(error) in _RECEIVED else (Reason.BUG, _REPORT)


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
    reason, advice = _meaning(error)
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
