"""Answers GetMetricData: the values of a window that have arrived, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from random import Random

from benchmarks.cloudwatch import metric_values
from benchmarks.cloudwatch.encodings import Encoding
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.metric_data_request import Column, FakeAwsError, FakeQuery, ParsedRequest
from benchmarks.cloudwatch.metric_values import SampleKind, StatisticSet

_KEPT_MINUTES = 60
_EMPTY_WHEN_LATE = 4
_NO_VALUES: Column = (None,) * metric_values.STATES

Row = tuple[Sequence[int], Sequence[bytes]]
"""The minutes and the encoded values of one query's datapoints, in the requested order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePage:
    """One page and its number of datapoints."""

    content: bytes
    datapoints: int


class MetricDataResponder:
    """Answers under one set of settings."""

    def __init__(self, settings: FakeSettings, rng: Random) -> None:
        self._settings = settings
        self.rng = rng
        self._fails_some = bool(settings.partial_ratio or settings.internal_error_ratio)

    def respond(self, request: ParsedRequest, first: int, end: int, now: float, encoding: Encoding) -> ResponsePage:
        """The values of the minutes in [first, end) as known at `now`. Raises: FakeAwsError, for an invalid token."""
        self._prepare(request, encoding)
        rows = self._rows(request, first, end, now, encoding)
        datapoints = sum([len(row[1]) for row in rows])
        if request.token or datapoints > request.max_datapoints:
            return self._page(request, rows, f"{first}-{end}", encoding)
        if self._fails_some or any(not query.allowed for query in request.queries):
            return self._with_failures(request, rows, encoding)
        times: dict[int, bytes] = {}
        parts = list[bytes]()
        for head, (minutes, numbers) in zip(request.heads, rows, strict=True):
            # Rows without gaps share one list of minutes, so that its text is built once.
            shown = times.get(id(minutes))
            if shown is None:
                shown = times[id(minutes)] = encoding.times(minutes)
            parts.append(head + encoding.numbers(numbers) + shown)
        return ResponsePage(content=encoding.page(parts, ""), datapoints=datapoints)

    def _prepare(self, request: ParsedRequest, encoding: Encoding) -> None:
        """Caches what is the same in every response to these queries."""
        if request.heads:
            return
        for query in request.queries:
            request.heads.append(encoding.head(query.id, query.metric, "Complete"))
            table = _NO_VALUES
            if query.kind is not None:
                table = _encoded(query.metric, query.kind, query.statistic, self._settings.silent_ratio, encoding)
            request.tables.append((table, query.state_offset))

    def _rows(self, request: ParsedRequest, first: int, end: int, now: float, encoding: Encoding) -> list[Row]:
        minutes = list(range(first, end))
        if request.descending:
            minutes.reverse()
        rows = list[Row]()
        columns = [self._column(request, minute, now, encoding) for minute in minutes]
        if request.longest_period == 1 and not any(None in column for column in columns):
            return [(minutes, row) for row in zip(*columns, strict=True)]
        for query, row in zip(request.queries, zip(*columns, strict=True), strict=True):
            if query.period > 1:
                rows.append(self._long(query, range(first, end), now, encoding, descending=request.descending))
                continue
            numbers = [number for number in row if number is not None]
            if len(numbers) == len(minutes):
                rows.append((minutes, numbers))
            else:
                shown = [minute for minute, number in zip(minutes, row, strict=True) if number is not None]
                rows.append((shown, numbers))
        return rows

    def _column(self, request: ParsedRequest, minute: int, now: float, encoding: Encoding) -> Column:
        """Every query's value of one minute; cached when it is final."""
        known = request.columns.get(minute)
        if known is not None:
            return known
        if now < self._complete_at(minute):
            return [self._partial_minute(query, minute, now, encoding) for query in request.queries]
        step, states = metric_values.state(0, minute), metric_values.STATES
        column = [table[(phase + step) % states] for table, phase in request.tables]
        if request.has_lifetimes:
            lives = [query.created_minute <= minute < query.deleted_minute for query in request.queries]
            column = [number if lived else None for number, lived in zip(column, lives, strict=True)]
        if len(request.columns) >= _KEPT_MINUTES:
            del request.columns[min(request.columns)]
        request.columns[minute] = column
        return column

    def _partial_minute(self, query: FakeQuery, minute: int, now: float, encoding: Encoding) -> bytes | None:
        arrived = self._minute(query, minute, now)
        return None if arrived is None else encoding.number(metric_values.statistic_of(query.statistic, (arrived,)))

    def _long(self, query: FakeQuery, window: range, now: float, encoding: Encoding, *, descending: bool) -> Row:
        """The datapoints of a period longer than a minute."""
        starts, numbers = list[int](), list[bytes]()
        for start in range(window.start // query.period * query.period, window.stop, query.period):
            minutes_in = [
                arrived
                for minute in range(start, start + query.period)
                if (arrived := self._minute(query, minute, now)) is not None
            ]
            if minutes_in:
                starts.append(start)
                numbers.append(encoding.number(metric_values.statistic_of(query.statistic, minutes_in)))
        if descending:
            starts.reverse()
            numbers.reverse()
        return starts, numbers

    def _complete_at(self, minute: int) -> float:
        return (minute + 1 + self._settings.late_minutes) * 60

    def _minute(self, query: FakeQuery, minute: int, now: float) -> StatisticSet | None:
        """What has arrived of a minute by `now`; a quarter of the late resources show nothing at first."""
        if query.kind is None or not query.created_minute <= minute < query.deleted_minute:
            return None
        complete = metric_values.statistic_sets(query.metric, query.kind, self._settings.silent_ratio)[
            metric_values.state(query.state_offset, minute)
        ]
        if complete is None or now >= self._complete_at(minute):
            return complete
        ratio = (now - minute * 60) / (self._complete_at(minute) - minute * 60)
        shows_nothing = self._settings.late_minutes and query.state_offset % _EMPTY_WHEN_LATE == 0
        return None if ratio <= (0.5 if shows_nothing else 0) else metric_values.partially_arrived(complete, ratio)

    def _page(self, request: ParsedRequest, rows: Sequence[Row], window: str, encoding: Encoding) -> ResponsePage:
        """The datapoints after those of earlier pages; a query that is cut off is PartialData."""
        digest = blake2b(repr((window, request.queries)).encode(), digest_size=8).hexdigest()
        token_digest, _, offset = request.token.partition(".")
        if request.token and (token_digest != digest or not offset.isdigit()):
            raise FakeAwsError("InvalidNextToken", "The value of NextToken does not belong to this request.")
        skip, room, results, done = int(offset or 0), request.max_datapoints, list[bytes](), 0
        for query, (minutes, numbers) in zip(request.queries, rows, strict=True):
            at, done = done, done + len(numbers)
            if (done <= skip and (request.token or numbers)) or (room == 0 and numbers):
                continue
            begin = max(0, skip - at)
            stop = min(len(numbers), begin + room)
            room -= stop - begin
            status = "Complete" if stop == len(numbers) else "PartialData"
            results.append(_result(query, minutes[begin:stop], numbers[begin:stop], status, encoding))
        reached = skip + request.max_datapoints - room
        token = f"{digest}.{reached}" if reached < done else ""
        return ResponsePage(content=encoding.page(results, token), datapoints=reached - skip)

    def _with_failures(self, request: ParsedRequest, rows: Sequence[Row], encoding: Encoding) -> ResponsePage:
        results, datapoints = list[bytes](), 0
        for query, (minutes, numbers) in zip(request.queries, rows, strict=True):
            status, kept = self._failure(query, len(numbers))
            datapoints += kept
            results.append(_result(query, minutes[:kept], numbers[:kept], status, encoding))
        return ResponsePage(content=encoding.page(results, ""), datapoints=datapoints)

    def _failure(self, query: FakeQuery, points: int) -> tuple[str, int]:
        drawn = self.rng.random()
        if not query.allowed:
            return "Forbidden", 0
        if drawn < self._settings.internal_error_ratio:
            return "InternalError", 0
        if drawn < self._settings.internal_error_ratio + self._settings.partial_ratio:
            return "PartialData", points // 2
        return "Complete", points


def _result(
    query: FakeQuery, minutes: Sequence[int], numbers: Sequence[bytes], status: str, encoding: Encoding
) -> bytes:
    return encoding.head(query.id, query.metric, status) + encoding.numbers(numbers) + encoding.times(minutes)


@cache
def _encoded(metric: str, kind: SampleKind, statistic: str, sparse: float, encoding: Encoding) -> Column:
    """The encoded value of every state."""
    return tuple(
        None if value is None else encoding.number(value)
        for value in metric_values.statistic_table(metric, kind, statistic, sparse)
    )
