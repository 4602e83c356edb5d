"""Fetches one call completely: all pages, with retries, and an error for every query without a complete answer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.planner import MAX_QUERIES, Call, floor_time
from collectors.cloudwatch.query_answer import Answer, Transient, Unusable, merged, parse_result
from collectors.cloudwatch.throttling import RetryPolicy
from collectors.cloudwatch.wire import MetricDataResult, Page, request_body
from collectors.cloudwatch.workers import CPU_LOCK

_TRANSIENT_REASONS = (Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT)
"""Reasons that may no longer hold at the next attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """One answer for each query of the call, in the order of the queries, and the ids of the requests sent."""

    answers: tuple[Answer, ...]
    requests: tuple[str, ...]


class RequestFailed(ObservationError):
    """A request without an answer. `code` is AWS's error code or our reason; Retry-After is in seconds."""

    def __init__(
        self, reason: Reason, detail: str, *, remedy: str = "", code: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(reason, detail, remedy=remedy)
        self.code = code
        self.retry_after_seconds = retry_after


class GetMetricDataApi(Protocol):
    """The GetMetricData operation, one request at a time."""

    @property
    def account_id(self) -> str:
        """The account that sends the requests."""
        ...

    def acquire(self, datapoints: int) -> float:
        """Waits until the rate limits allow a request for that many datapoints; returns the seconds waited."""
        ...

    def send(self, content: bytes, request_log: list[str]) -> Page:
        """Sends one request once and notes it in `request_log`. Raises: ObservationError."""
        ...

    def record_billed(self, call: Call, positions: Sequence[int]) -> None:
        """Counts these queries of the call as billed."""
        ...


def fetch(api: GetMetricDataApi, call: Call, retry_policy: RetryPolicy) -> FetchResult:
    """The answers to the call: every query is complete or carries an error. AWS errors do not raise.

    Periods that were not over at the end of the window are dropped.
    """
    return _Fetch(api, call, retry_policy).run()


class _Fetch:
    """The state of one call: the answers so far and the queries still to ask."""

    def __init__(self, api: GetMetricDataApi, call: Call, retry_policy: RetryPolicy) -> None:
        self._api = api
        self._call = call
        self._retry_policy = retry_policy
        self._answers = [_NOT_ANSWERED] * len(call.queries)
        self._requests: list[str] = []
        self._deadline = retry_policy.clock() + retry_policy.retry_timeout_seconds

    def run(self) -> FetchResult:
        """Fetches all queries, then fetches again those with a transient error."""
        positions: Sequence[int] = range(len(self._answers))
        for failures in range(self._retry_policy.max_attempts):
            if failures:
                self._retry_policy.back_off(failures)
            if not self._fetch_all(positions):
                break
            positions = [at for at in positions if isinstance(self._answers[at].error, Transient)]
            if not positions:
                break
        self._drop_open_periods()
        return FetchResult(answers=tuple(self._answers), requests=tuple(self._requests))

    def _fetch_all(self, positions: Sequence[int]) -> bool:
        """Fetches these queries page by page. When a page fails: False, with its error on the incomplete answers."""
        fresh: dict[int, Answer] = {}
        try:
            for page in self._pages(positions):
                with CPU_LOCK:
                    self._apply_page(page, positions, fresh)
        except ObservationError as error:
            for at in positions:
                answer = fresh.get(at) or self._answers[at]
                self._answers[at] = answer if answer.error is None else answer._replace(error=error)
            return False
        for at in positions:
            self._answers[at] = fresh.get(at, _NOT_ANSWERED)
        return True

    def _datapoints(self, positions: Sequence[int]) -> int:
        return -(-self._call.datapoints * len(positions) // len(self._answers))

    def _pages(self, positions: Sequence[int]) -> Iterator[Page]:
        complete = len(positions) == len(self._answers)
        queries = (
            self._call.json(self._api.account_id) if complete else self._call.json_of(positions, self._api.account_id)
        )
        datapoints, token, seen = self._datapoints(positions), "", set[str]()
        while True:
            page = self._page(request_body(queries, self._call.window, token), datapoints)
            if not token:
                self._api.record_billed(self._call, positions)
            yield page
            token, datapoints = page.token, 0
            if not token:
                return
            if token in seen:
                raise ObservationError(Reason.UNSUPPORTED, "CloudWatch returned the same NextToken twice")
            seen.add(token)

    def _page(self, content: bytes, datapoints: int) -> Page:
        """One page, retried while the error is transient. Raises: ObservationError."""
        attempts, failures = 0, 0
        while True:
            # The wait for the rate limiter does not count against this call's deadline.
            self._deadline += self._api.acquire(datapoints)
            try:
                return self._api.send(content, self._requests)
            except ObservationError as error:
                failures += 1
                attempts += error.reason is not Reason.THROTTLED
                retry_after = error.retry_after_seconds if isinstance(error, RequestFailed) else 0.0
                final = error.reason not in _TRANSIENT_REASONS or attempts == self._retry_policy.max_attempts
                if final or self._retry_policy.clock() + retry_after >= self._deadline:
                    raise
            self._retry_policy.back_off(failures, retry_after)

    def _apply_page(self, page: Page, positions: Sequence[int], fresh: dict[int, Answer]) -> None:
        """Adds the results of a page; one that cannot be read, or of no query that was sent, spoils no other."""
        for result in page.results:
            number = _POSITIONS.get(str(result.get("Id"))) if isinstance(result, dict) else None
            if number is None or number not in positions:
                continue
            answer = self._checked(number, result, page.message)
            fresh[number] = merged(fresh[number], answer) if number in fresh else answer

    def _checked(self, at: int, result: MetricDataResult, warning: str) -> Answer:
        window, period = self._call.window, self._call.queries[at].spec.period
        bounds = (window.start - period).timestamp(), window.end.timestamp()
        try:
            return parse_result(result, warning, bounds)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            return Answer((), (), Unusable(error))

    def _drop_open_periods(self) -> None:
        end = self._call.window.end
        closed = {period: floor_time(end, period) for period in self._call.periods}
        open_from = {period: at.timestamp() for period, at in closed.items() if at != end}
        if not open_from:
            return
        for at, query in enumerate(self._call.queries):
            answer, limit = self._answers[at], open_from.get(query.spec.period)
            if limit is not None and answer.starts and answer.starts[-1] >= limit:
                keep = bisect_left(answer.starts, limit)
                self._answers[at] = answer._replace(starts=answer.starts[:keep], values=answer.values[:keep])


_NOT_ANSWERED = Answer(
    (), (), Transient(Reason.NOT_ENOUGH_DATA, "CloudWatch left this query out of its answer", remedy="run again")
)
_POSITIONS = {f"q{number}": number for number in range(MAX_QUERIES)}
