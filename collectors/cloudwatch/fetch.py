"""Fetches one call completely: all pages, with retries, and an error for every query without a complete answer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.planner import MAX_QUERIES, Call, floor_time
from collectors.cloudwatch.throttling import RetryPolicy
from collectors.cloudwatch.wire import MetricDataResult, Page, messages_text, request_body, unreadable_response
from collectors.cloudwatch.workers import CPU_LOCK

ACTION = "cloudwatch:GetMetricData"
_TRANSIENT_REASONS = (Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT)
"""Reasons that may no longer hold at the next attempt."""


class Answer(NamedTuple):
    """The answer to one query: the start of each period (Unix seconds, ascending) and its value.

    `error` says why the answer is incomplete; None when it is complete.
    """

    starts: Sequence[float]
    values: Sequence[float]
    error: ObservationError | None = None


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
            positions = [at for at in positions if isinstance(self._answers[at].error, _Transient)]
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
        """Adds the results of a page. Raises: ObservationError, when the page is malformed."""
        try:
            for result in page.results:
                at = positions[positions.index(_POSITIONS[result["Id"]])]
                answer = _answer(result, page.message)
                fresh[at] = _merged(fresh[at], answer) if at in fresh else answer
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise unreadable_response(error) from error

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


class _Transient(ObservationError):
    """An error that the next attempt may not have."""


_NOT_ANSWERED = Answer(
    (), (), _Transient(Reason.NOT_ENOUGH_DATA, "CloudWatch left this query out of its answer", remedy="run again")
)
_POSITIONS = {f"q{number}": number for number in range(MAX_QUERIES)}


def _answer(result: MetricDataResult, warning: str) -> Answer:
    """The answer in one result. Raises: KeyError, TypeError or ValueError, when the result is malformed.

    The lists come from the JSON parser. Summing them is the fastest way to find a value that is not a number; JSON has
    no NaN and no infinity.
    """
    starts, values = result["Timestamps"], result["Values"]
    if len(starts) != len(values) or type(starts) is not list or type(values) is not list:
        raise ValueError("Timestamps and Values differ in length or are not lists")
    _ = sum(starts) + sum(values)
    if starts != sorted(starts):
        starts, values = _sorted(starts, values)
    if result["StatusCode"] == "Complete" and (starts or not warning):
        return Answer(starts, values)
    return Answer(starts, values, _result_error(result, warning))


def _merged(before: Answer, more: Answer) -> Answer:
    """The answers of two pages merged; the error is the later page's."""
    starts, values = [*before.starts, *more.starts], [*before.values, *more.values]
    answered = isinstance(more.error, _EmptyAfterWarning) and starts
    return Answer(*_sorted(starts, values), None if answered else more.error)


def _sorted(starts: Sequence[float], values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The datapoints in order of time, one for each period; of duplicates the last one wins."""
    points = dict(zip(starts, values, strict=True))
    return sorted(points), [points[start] for start in sorted(points)]


class _EmptyAfterWarning(ObservationError):
    """The answer is empty while the response carries a warning: the query may have datapoints."""


def _result_error(result: MetricDataResult, warning: str) -> ObservationError:
    """Why a result is incomplete."""
    text = messages_text(result.get("Messages"))
    text = f" ({text})" if text else ""
    match result["StatusCode"]:
        case "Complete":
            return _EmptyAfterWarning(Reason.NOT_ENOUGH_DATA, f"CloudWatch warned: {warning}")
        case "PartialData":
            return _Transient(Reason.NOT_ENOUGH_DATA, f"CloudWatch returned partial data{text}", remedy="run again")
        case "InternalError":
            return _Transient(Reason.UNREACHABLE, f"CloudWatch had an internal error{text}", remedy="run again")
        case "Forbidden":
            return ObservationError(Reason.DENIED, f"CloudWatch forbids this metric{text}", remedy=f"grant {ACTION}")
        case status:
            return ObservationError(Reason.UNSUPPORTED, f"CloudWatch answered with the unknown status {status}{text}")
