"""The errors that a user can see: each states what happened, where, and what to do."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from basewatch.model import Reason


class BasewatchError(Exception):
    """The base of every error that Basewatch raises on purpose; its text can be printed without a traceback."""


_MAX_DISPLAYED = 60


def display_value(value: object) -> str:
    """A value as an error message quotes it, at most 60 characters long.

    Text and numbers are in quotes, null is `nothing`, and a list or mapping is `this`.
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = ascii(str(value))
        return text if len(text) <= _MAX_DISPLAYED else f"{text[: _MAX_DISPLAYED - 2]}…'"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else "this"


class InvalidValueError(ValueError):
    """A value that cannot be used: `message` states why and never contains a secret, `remedy` states what to write."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a configuration, with its location: `line` and `column` count from 1, 0 means unknown."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    key: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        location = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        head = f"{location}: " if location else ""
        key = f"{self.key}: " if self.key else ""
        tail = f"\n    {self.remedy}" if self.remedy else ""
        return f"{head}{key}{self.message}{tail}"


class ConfigError(BasewatchError):
    """The configuration cannot be used; every problem found is listed, in file order."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class ObservationError(BasewatchError):
    """An observation could not read its facts; the check engine reports UNVERIFIED with this reason and remedy.

    `code` is the error code of AWS, or empty. `source` is where it wanted to look, in the words of Evidence.source, and
    `action` is what it asked there, such as `rds:DescribeDBClusters` or `connect`; both are empty while unknown.
    """

    def __init__(
        self, reason: Reason, detail: str, *, remedy: str = "", code: str = "", source: str = "", action: str = ""
    ) -> None:
        self.reason = reason
        self.detail = detail
        self.remedy = remedy
        self.code = code
        self.source = source
        self.action = action
        super().__init__(detail)


@contextmanager
def looking_at(source: str, action: str = "") -> Generator[None]:
    """Names the source and the action in every ObservationError that does not name its own."""
    try:
        yield
    except ObservationError as error:
        error.source = error.source or source
        error.action = error.action or action
        raise


class NotFoundError(BasewatchError):
    """The platform answered that something declared does not exist; this is a fact, so the engine reports FAIL.

    `declared` names it when it is a part of the component, such as its proxy; empty means the component itself.
    """

    def __init__(self, detail: str, *, declared: str = "") -> None:
        self.declared = declared
        super().__init__(detail)


class HistoryError(BasewatchError):
    """The history could not be read or written; nothing of the run was recorded."""


class DeliveryError(BasewatchError):
    """A channel did not accept a message; `retryable` states whether sending it again can succeed.

    `arrived` states whether the channel may have received it all the same: no answer came, or none that says no.
    """

    def __init__(
        self, detail: str, *, retryable: bool, retry_after_seconds: float | None = None, arrived: bool = True
    ) -> None:
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.arrived = arrived
        super().__init__(detail)
