"""What GetMetricData answers: the values of a window, as far as they have arrived, page by page."""

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
_STUBBORN = 4
_NOTHING: Column = (None,) * metric_values.STATES

Row = tuple[Sequence[int], Sequence[bytes]]
"""The minutes and the encoded values of one query's datapoints, in the order asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePage:
    """One page, and how many datapoints it holds."""

    content: bytes
    datapoints: int


class MetricDataResponder:
    """Answers under one set of knobs, each request's parts in one encoding."""

    def __init__(self, knobs: FakeSettings, rng: Random) -> None:
        self._knobs = knobs
        self.rng = rng
        self._troubled = bool(knobs.partial_ratio or knobs.internal_error_ratio)

    def respond(self, asked: ParsedRequest, first: int, end: int, now: float, encoding: Encoding) -> ResponsePage:
        """The values of minutes from `first` to before `end` as they look at `now`. Raises: Refused, for its token."""
        self._prepare(asked, encoding)
        rows = self._rows(asked, first, end, now, encoding)
        datapoints = sum([len(row[1]) for row in rows])
        if asked.token or datapoints > asked.max_datapoints:
            return self._page(asked, rows, f"{first}-{end}", encoding)
        if self._troubled or any(not query.allowed for query in asked.queries):
            return self._with_trouble(asked, rows, encoding)
        times: dict[int, bytes] = {}
        parts = list[bytes]()
        for head, (minutes, numbers) in zip(asked.heads, rows, strict=True):
            # Rows without a hole share one list of minutes, so that its text is made once.
            shown = times.get(id(minutes))
            if shown is None:
                shown = times[id(minutes)] = encoding.times(minutes)
            parts.append(head + encoding.numbers(numbers) + shown)
        return ResponsePage(content=encoding.page(parts, ""), datapoints=datapoints)

    def _prepare(self, asked: ParsedRequest, encoding: Encoding) -> None:
        """What is the same in every answer to these queries."""
        if asked.heads:
            return
        for query in asked.queries:
            asked.heads.append(encoding.head(query.id, query.metric, "Complete"))
            table = _NOTHING
            if query.kind is not None:
                table = _encoded(query.metric, query.kind, query.statistic, self._knobs.silent_ratio, encoding)
            asked.tables.append((table, query.state_offset))

    def _rows(self, asked: ParsedRequest, first: int, end: int, now: float, encoding: Encoding) -> list[Row]:
        minutes = list(range(first, end))
        if asked.descending:
            minutes.reverse()
        rows = list[Row]()
        columns = [self._column(asked, minute, now, encoding) for minute in minutes]
        if asked.longest_period == 1 and not any(None in column for column in columns):
            return [(minutes, row) for row in zip(*columns, strict=True)]
        for query, row in zip(asked.queries, zip(*columns, strict=True), strict=True):
            if query.period > 1:
                rows.append(self._long(query, range(first, end), now, encoding, descending=asked.descending))
                continue
            numbers = [number for number in row if number is not None]
            if len(numbers) == len(minutes):
                rows.append((minutes, numbers))
            else:
                shown = [minute for minute, number in zip(minutes, row, strict=True) if number is not None]
                rows.append((shown, numbers))
        return rows

    def _column(self, asked: ParsedRequest, minute: int, now: float, encoding: Encoding) -> Column:
        """Every query's value of one minute; kept when it will not change any more."""
        known = asked.columns.get(minute)
        if known is not None:
            return known
        if now < self._whole_at(minute):
            return [self._young(query, minute, now, encoding) for query in asked.queries]
        step, states = metric_values.state(0, minute), metric_values.STATES
        column = [table[(phase + step) % states] for table, phase in asked.tables]
        if asked.has_lifetimes:
            lives = [query.created_minute <= minute < query.deleted_minute for query in asked.queries]
            column = [number if lived else None for number, lived in zip(column, lives, strict=True)]
        if len(asked.columns) >= _KEPT_MINUTES:
            del asked.columns[min(asked.columns)]
        asked.columns[minute] = column
        return column

    def _young(self, query: FakeQuery, minute: int, now: float, encoding: Encoding) -> bytes | None:
        seen = self._minute(query, minute, now)
        return None if seen is None else encoding.number(metric_values.statistic_of(query.statistic, (seen,)))

    def _long(self, query: FakeQuery, span: range, now: float, encoding: Encoding, *, descending: bool) -> Row:
        """The datapoints of a period longer than a minute."""
        starts, numbers = list[int](), list[bytes]()
        for start in range(span.start // query.period * query.period, span.stop, query.period):
            among = [
                seen
                for minute in range(start, start + query.period)
                if (seen := self._minute(query, minute, now)) is not None
            ]
            if among:
                starts.append(start)
                numbers.append(encoding.number(metric_values.statistic_of(query.statistic, among)))
        if descending:
            starts.reverse()
            numbers.reverse()
        return starts, numbers

    def _whole_at(self, minute: int) -> float:
        return (minute + 1 + self._knobs.late_minutes) * 60

    def _minute(self, query: FakeQuery, minute: int, now: float) -> StatisticSet | None:
        """What has arrived of a minute by `now`; a quarter of the late resources show nothing of it at first."""
        if query.kind is None or not query.created_minute <= minute < query.deleted_minute:
            return None
        whole = metric_values.statistic_sets(query.metric, query.kind, self._knobs.silent_ratio)[
            metric_values.state(query.state_offset, minute)
        ]
        if whole is None or now >= self._whole_at(minute):
            return whole
        share = (now - minute * 60) / (self._whole_at(minute) - minute * 60)
        stubborn = self._knobs.late_minutes and query.state_offset % _STUBBORN == 0
        return None if share <= (0.5 if stubborn else 0) else metric_values.partially_arrived(whole, share)

    def _page(self, asked: ParsedRequest, rows: Sequence[Row], span: str, encoding: Encoding) -> ResponsePage:
        """The datapoints after those of the pages before; a query that is cut short is PartialData."""
        mark = blake2b(repr((span, asked.queries)).encode(), digest_size=8).hexdigest()
        given, _, offset = asked.token.partition(".")
        if asked.token and (given != mark or not offset.isdigit()):
            raise FakeAwsError("InvalidNextToken", "The value of NextToken does not belong to this request.")
        skip, room, results, done = int(offset or 0), asked.max_datapoints, list[bytes](), 0
        for query, (minutes, numbers) in zip(asked.queries, rows, strict=True):
            at, done = done, done + len(numbers)
            if (done <= skip and (asked.token or numbers)) or (room == 0 and numbers):
                continue
            begin = max(0, skip - at)
            stop = min(len(numbers), begin + room)
            room -= stop - begin
            status = "Complete" if stop == len(numbers) else "PartialData"
            results.append(_result(query, minutes[begin:stop], numbers[begin:stop], status, encoding))
        reached = skip + asked.max_datapoints - room
        token = f"{mark}.{reached}" if reached < done else ""
        return ResponsePage(content=encoding.page(results, token), datapoints=reached - skip)

    def _with_trouble(self, asked: ParsedRequest, rows: Sequence[Row], encoding: Encoding) -> ResponsePage:
        results, datapoints = list[bytes](), 0
        for query, (minutes, numbers) in zip(asked.queries, rows, strict=True):
            status, kept = self._trouble(query, len(numbers))
            datapoints += kept
            results.append(_result(query, minutes[:kept], numbers[:kept], status, encoding))
        return ResponsePage(content=encoding.page(results, ""), datapoints=datapoints)

    def _trouble(self, query: FakeQuery, points: int) -> tuple[str, int]:
        drawn = self.rng.random()
        if not query.allowed:
            return "Forbidden", 0
        if drawn < self._knobs.internal_error_ratio:
            return "InternalError", 0
        if drawn < self._knobs.internal_error_ratio + self._knobs.partial_ratio:
            return "PartialData", points // 2
        return "Complete", points


def _result(
    query: FakeQuery, minutes: Sequence[int], numbers: Sequence[bytes], status: str, encoding: Encoding
) -> bytes:
    return encoding.head(query.id, query.metric, status) + encoding.numbers(numbers) + encoding.times(minutes)


@cache
def _encoded(metric: str, kind: SampleKind, statistic: str, sparse: float, encoding: Encoding) -> Column:
    """The values of every state as they are sent."""
    return tuple(
        None if value is None else encoding.number(value)
        for value in metric_values.statistic_table(metric, kind, statistic, sparse)
    )
