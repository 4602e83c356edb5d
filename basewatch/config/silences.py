"""Silences and maintenance windows: what is known and accepted for a time, by whom, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal, Protocol, Self, TypeAlias

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.config.moments import End, Start, TimeOfDay, Timezone, zone_of
from basewatch.errors import InvalidValueError
from basewatch.model import Severity
from basewatch.quantities import Duration

_DAY = timedelta(days=1)
_OWN = "watcher."
_LONGEST_WINDOW = timedelta(days=7)
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class FindingNames(Protocol):
    """What a finding is known by: a finding itself, a member of an alert, or the alert."""

    @property
    def check(self) -> str:
        """The id of the check."""
        ...

    @property
    def component(self) -> str:
        """The ref of the component."""
        ...

    @property
    def subject(self) -> str:
        """What is judged within the component; empty for the component itself."""
        ...

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        ...


class FindingMatch(ConfigModel):
    """Which findings are meant: those that match every filter that is given; of several globs, one."""

    checks: tuple[str, ...] = Field(default=(), description="globs over the ids of checks, such as tenancy.*")
    components: tuple[str, ...] = Field(default=(), description="globs over components, such as function/*")
    subjects: tuple[str, ...] = Field(default=(), description="globs over what is judged within a component")
    labels: dict[str, str] = Field(default={}, description="labels that the component has to have")
    severity: tuple[Severity, ...] = Field(default=(), description="the severities that are meant")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set or all(not getattr(self, name) for name in self.model_fields_set):
            raise InvalidValueError(
                "this matches every finding", 'name what is meant; for everything write components: ["*"]'
            )
        return self

    def covers(self, finding: FindingNames, labels: Mapping[str, str]) -> bool:
        """Whether a finding is meant, whose component has these labels.

        What Basewatch says of itself is meant only where a glob over checks names its family.
        """
        if finding.check.startswith(_OWN) and not any(glob.startswith(_OWN) for glob in self.checks):
            return False
        return (
            (not self.severity or finding.severity in self.severity)
            and any_glob(self.checks, finding.check)
            and any_glob(self.components, finding.component)
            and any_glob(self.subjects, finding.subject)
            and has_labels(self.labels, labels)
        )


def any_glob(globs: tuple[str, ...], text: str) -> bool:
    """Whether one of the globs matches; no glob matches everything."""
    return not globs or any(fnmatchcase(text, glob) for glob in globs)


def has_labels(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether every wanted label is there with its value, which may be a glob."""
    return all(name in labels and fnmatchcase(labels[name], value) for name, value in wanted.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietPeriod:
    """A time in which nobody is notified of what `match` means; `end` is exclusive."""

    match: FindingMatch
    start: datetime
    end: datetime
    owner: str
    reason: str
    ticket: str = ""

    def contains(self, at: datetime) -> bool:
        """Whether the time is within it."""
        return self.start <= at < self.end


class Silence(ConfigModel):
    """Findings that are known and accepted until a date. They stay findings; nobody is notified of them."""

    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: End
    start: Start | None = Field(default=None, alias="from")
    ticket: str = ""
    match: FindingMatch

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.start and self.start >= self.until:
            raise InvalidValueError("`until` is not after `from`", "exchange the two, or correct one")
        return self

    def periods(self, since: datetime, at: datetime) -> Iterator[QuietPeriod]:
        """The period, if it touches the time between `since` and `at`."""
        start = self.start or datetime.min.replace(tzinfo=UTC)
        period = QuietPeriod(
            match=self.match, start=start, end=self.until, owner=self.owner, reason=self.reason, ticket=self.ticket
        )
        if start <= at and self.until > since:
            yield period


class Maintenance(ConfigModel):
    """A time in which nobody is notified: once, from `from` to `until`, or at `at` on `days` until the date `until`.

    A recurring window starts at the time of day that clocks in `timezone` show, and lasts `for`. On a day on which that
    time does not exist or exists twice, it starts an hour later, or at the first of the two.
    """

    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: End
    start: Start | None = Field(default=None, alias="from")
    days: tuple[Weekday, ...] = ()
    at: TimeOfDay | None = None
    lasts: Duration | None = Field(default=None, alias="for")
    timezone: Timezone = "UTC"
    ticket: str = ""
    match: FindingMatch

    @model_validator(mode="after")
    def _is_dated_or_recurring(self) -> Self:
        if (self.at is None) != (self.lasts is None):
            raise InvalidValueError("`at` and `for` belong together", 'write for example at: "02:00" and for: 2h')
        if self.at is None and self.start is None:
            raise InvalidValueError(
                "this has no beginning",
                'write `from` for a single window, or at: "02:00" and for: 2h for a recurring one',
            )
        if self.at is None and (self.days or "timezone" in self.model_fields_set):
            raise InvalidValueError("`days` and `timezone` are of a recurring window", 'add at: "02:00" and for: 2h')
        if self.lasts is not None and self.lasts > _LONGEST_WINDOW:
            raise InvalidValueError("a recurring window lasts 7d at most", "write a silence, or a window with `from`")
        if self.start and self.start >= self.until:
            raise InvalidValueError("`until` is not after `from`", "exchange the two, or correct one")
        return self

    def periods(self, since: datetime, at: datetime) -> Iterator[QuietPeriod]:
        """Every window that touches the time between `since`, but not more than two weeks before `at`, and `at`."""
        if self.at is None or self.lasts is None:
            yield from self._clipped(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), since, at)
            return
        zone = zone_of(self.timezone)
        first = max(since, at - 2 * _LONGEST_WINDOW) - self.lasts
        day = first.astimezone(zone).date() - _DAY
        while day <= at.astimezone(zone).date():
            if not self.days or _WEEKDAYS[day.weekday()] in self.days:
                begin = datetime.combine(day, self.at, zone).astimezone(UTC)
                yield from self._clipped(begin, begin + self.lasts, since, at)
            day += _DAY

    def _clipped(self, begin: datetime, end: datetime, since: datetime, at: datetime) -> Iterator[QuietPeriod]:
        start, end = max(begin, self.start or begin), min(end, self.until)
        if start < end and start <= at and end > since:
            yield QuietPeriod(
                match=self.match, start=start, end=end, owner=self.owner, reason=self.reason, ticket=self.ticket
            )
