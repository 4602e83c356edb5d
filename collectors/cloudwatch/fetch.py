"""Fetches one call to its end: page after page, again where it may help, and what stayed unanswered is said."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.planner import MAX_QUERIES, Call, floor_time
from collectors.cloudwatch.retry_policy import RetryPolicy
from collectors.cloudwatch.turns import CPU_LOCK
from collectors.cloudwatch.wire import MetricDataResult, Page, messages_text, request_body, unreadable_response

ACTION = "cloudwatch:GetMetricData"
_PASSING = (Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT)
"""What may be over at the next attempt."""


class Answer(NamedTuple):
    """What is known of one query: when its periods start (seconds since the epoch, ascending) and their values.

    `error` is what stands in the way of their being all there are; None when they are.
    """

    starts: Sequence[float]
    values: Sequence[float]
    error: ObservationError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A call's answers, one for each of its queries and in their order, and the requests it took."""

    answers: tuple[Answer, ...]
    requests: tuple[str, ...]


class RequestFailed(ObservationError):
    """A request that was not answered: AWS' code or our reason, and for how many seconds it wants to be left alone."""

    def __init__(self, reason: Reason, detail: str, *, remedy: str = "", code: str = "", after: float = 0.0) -> None:
        super().__init__(reason, detail, remedy=remedy)
        self.code = code
        self.retry_after_seconds = after


class GetMetricDataApi(Protocol):
    """GetMetricData, request by request."""

    @property
    def account_id(self) -> str:
        """Who asks."""
        ...

    def acquire(self, datapoints: int) -> float:
        """Waits until a request for so many datapoints may be made; the seconds waited."""
        ...

    def send(self, content: bytes, request_log: list[str]) -> Page:
        """One request, sent once, and noted in `request_log`. Raises: ObservationError."""
        ...

    def record_billed(self, call: Call, positions: Sequence[int]) -> None:
        """Notes that these queries of the call were asked, and are paid for."""
        ...


def fetch(api: GetMetricDataApi, call: Call, retry_policy: RetryPolicy) -> FetchResult:
    """The call's answers: every query is either complete or says why it is not; what AWS does never raises.

    Periods that were not over when the window ended are left out.
    """
    return _Fetch(api, call, retry_policy).run()


class _Fetch:
    """One call on its way: what is known so far, and what is asked next."""

    def __init__(self, api: GetMetricDataApi, call: Call, patience: RetryPolicy) -> None:
        self._api = api
        self._call = call
        self._patience = patience
        self._answers = [_LEFT_OUT] * len(call.queries)
        self._requests: list[str] = []
        self._deadline = patience.clock() + patience.retry_timeout_seconds

    def run(self) -> FetchResult:
        """Asks for everything, and again for what CloudWatch itself could not do or not do whole."""
        asking: Sequence[int] = range(len(self._answers))
        for failures in range(self._patience.max_attempts):
            if failures:
                self._patience.back_off(failures)
            if not self._ask_all(asking):
                break
            asking = [at for at in asking if isinstance(self._answers[at].error, _Passing)]
            if not asking:
                break
        self._leave_out_open_periods()
        return FetchResult(answers=tuple(self._answers), requests=tuple(self._requests))

    def _ask_all(self, asking: Sequence[int]) -> bool:
        """Asks for these queries, page by page; False when a page could not be had, which is then said of the rest."""
        fresh: dict[int, Answer] = {}
        try:
            for page in self._pages(asking):
                with CPU_LOCK:
                    self._take(page, asking, fresh)
        except ObservationError as error:
            for at in asking:
                answer = fresh.get(at) or self._answers[at]
                self._answers[at] = answer if answer.error is None else answer._replace(error=error)
            return False
        for at in asking:
            self._answers[at] = fresh.get(at, _LEFT_OUT)
        return True

    def _datapoints(self, asking: Sequence[int]) -> int:
        return -(-self._call.datapoints * len(asking) // len(self._answers))

    def _pages(self, asking: Sequence[int]) -> Iterator[Page]:
        whole = len(asking) == len(self._answers)
        queries = self._call.json(self._api.account_id) if whole else self._call.json_of(asking, self._api.account_id)
        datapoints, token, seen = self._datapoints(asking), "", set[str]()
        while True:
            page = self._page(request_body(queries, self._call.window, token), datapoints)
            if not token:
                self._api.record_billed(self._call, asking)
            yield page
            token, datapoints = page.token, 0
            if not token:
                return
            if token in seen:
                raise ObservationError(Reason.UNSUPPORTED, "CloudWatch gave the same NextToken twice")
            seen.add(token)

    def _page(self, content: bytes, datapoints: int) -> Page:
        """One page, tried again while the trouble may pass. Raises: ObservationError."""
        attempts, failures = 0, 0
        while True:
            # Waiting for others is none of this call's time.
            self._deadline += self._api.acquire(datapoints)
            try:
                return self._api.send(content, self._requests)
            except ObservationError as error:
                failures += 1
                attempts += error.reason is not Reason.THROTTLED
                after = error.retry_after_seconds if isinstance(error, RequestFailed) else 0.0
                hopeless = error.reason not in _PASSING or attempts == self._patience.max_attempts
                if hopeless or self._patience.clock() + after >= self._deadline:
                    raise
            self._patience.back_off(failures, after)

    def _take(self, page: Page, asking: Sequence[int], fresh: dict[int, Answer]) -> None:
        """Adds what a page says. Raises: ObservationError, when it makes no sense."""
        try:
            for result in page.results:
                at = asking[asking.index(_POSITIONS[result["Id"]])]
                answer = _answer(result, page.message)
                fresh[at] = _joined(fresh[at], answer) if at in fresh else answer
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise unreadable_response(error) from error

    def _leave_out_open_periods(self) -> None:
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


class _Passing(ObservationError):
    """What CloudWatch did not answer, and may the next time."""


_LEFT_OUT = Answer(
    (), (), _Passing(Reason.NOT_ENOUGH_DATA, "CloudWatch left this query out of its answer", remedy="run again")
)
_POSITIONS = {f"q{number}": number for number in range(MAX_QUERIES)}


def _answer(result: MetricDataResult, warning: str) -> Answer:
    """What one result says. Raises: KeyError, TypeError or ValueError, when it makes no sense.

    The lists are those that the JSON's reader made. Adding them up is the quickest way to find what is not a number,
    and JSON knows neither NaN nor infinity.
    """
    starts, values = result["Timestamps"], result["Values"]
    if len(starts) != len(values) or type(starts) is not list or type(values) is not list:
        raise ValueError("times and values do not stand beside each other")
    _ = sum(starts) + sum(values)
    if starts != sorted(starts):
        starts, values = _in_order(starts, values)
    if result["StatusCode"] == "Complete" and (starts or not warning):
        return Answer(starts, values)
    return Answer(starts, values, _missing(result, warning))


def _joined(before: Answer, more: Answer) -> Answer:
    """The answer of two pages; the later one says what is missing."""
    starts, values = [*before.starts, *more.starts], [*before.values, *more.values]
    silent = isinstance(more.error, _Warned) and starts
    return Answer(*_in_order(starts, values), None if silent else more.error)


def _in_order(starts: Sequence[float], values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The datapoints by their time, each period once: the one that was told last."""
    points = dict(zip(starts, values, strict=True))
    return sorted(points), [points[start] for start in sorted(points)]


class _Warned(ObservationError):
    """A query without datapoints in an answer that warns of the whole request: its silence is not believed."""


def _missing(result: MetricDataResult, warning: str) -> ObservationError:
    """What a result lacks."""
    said = messages_text(result.get("Messages"))
    said = f" ({said})" if said else ""
    match result["StatusCode"]:
        case "Complete":
            return _Warned(Reason.NOT_ENOUGH_DATA, f"CloudWatch warned: {warning}")
        case "PartialData":
            return _Passing(Reason.NOT_ENOUGH_DATA, f"CloudWatch returned partial data{said}", remedy="run again")
        case "InternalError":
            return _Passing(Reason.UNREACHABLE, f"CloudWatch had an internal error{said}", remedy="run again")
        case "Forbidden":
            return ObservationError(Reason.DENIED, f"CloudWatch forbids this metric{said}", remedy=f"grant {ACTION}")
        case status:
            return ObservationError(Reason.UNSUPPORTED, f"CloudWatch answered with the unknown status {status}{said}")
