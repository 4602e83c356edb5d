"""The errors a person may read: each says what happened, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.model import Reason


class BasewatchError(Exception):
    """Every error that Basewatch raises on purpose; its text is fit to print without a traceback."""


_SHOWN = 60


def display_value(value: object) -> str:
    """A value as a message repeats it: text and numbers in quotes, cut when long; anything else by its sort."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = ascii(str(value))
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}…'"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else "this"


class InvalidValueError(ValueError):
    """A value that cannot be used: `message` says why and never repeats a secret, `remedy` says what to write."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in a configuration, with its place: `line` and `column` count from 1, 0 means unknown."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    key: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        head = f"{place}: " if place else ""
        key = f"{self.key}: " if self.key else ""
        tail = f"\n    {self.remedy}" if self.remedy else ""
        return f"{head}{key}{self.message}{tail}"


class ConfigError(BasewatchError):
    """The configuration cannot be used; every problem found is listed, in file order."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class ObservationError(BasewatchError):
    """An observation did not get its facts; the runner turns it into UNVERIFIED with this reason and remedy."""

    def __init__(self, reason: Reason, detail: str, *, remedy: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.remedy = remedy
        super().__init__(detail)


class NotFoundError(BasewatchError):
    """The platform answered that a declared thing does not exist; that is a fact, so the runner says FAIL."""


class HistoryError(BasewatchError):
    """The history could not be read or written; nothing of the run was recorded."""


class DeliveryError(BasewatchError):
    """A channel did not take a notification; `retryable` says whether trying the same again can help."""

    def __init__(self, detail: str, *, retryable: bool, retry_after_seconds: float | None = None) -> None:
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)
