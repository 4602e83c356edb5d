"""Fetches one batch to its end: page after page, again when it may help, and what stayed unanswered is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from collectors.cloudwatch.client import ACTION, MetricDataClient
from collectors.cloudwatch.planner import Batch
from collectors.cloudwatch.source import Patience
from collectors.cloudwatch.wire import Page, Result, body, queries_json

_PASSING = (Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT)
"""What may be over at the next attempt."""


@dataclass(slots=True)
class Answer:
    """What is known of one query: its datapoints as they came, and what stands in the way of their being all."""

    points: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    missing: CouldNotLook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A batch's answers, one for each of its queries and in their order, and the requests it took."""

    answers: tuple[Answer, ...]
    requests: tuple[str, ...]


def fetch(client: MetricDataClient, batch: Batch, patience: Patience) -> Fetched:
    """The batch's answers: every query is either complete or says why it is not; what AWS does never raises."""
    return _Fetch(client, batch, patience).run()


class _Fetch:
    """One batch on its way: what is known so far, and what is asked next."""

    def __init__(self, client: MetricDataClient, batch: Batch, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._window = batch.window
        self._queries = queries_json(batch)
        self._answers = {identifier: Answer(missing=_unanswered()) for identifier in self._queries}
        self._requests: list[str] = []
        self._deadline = patience.clock() + patience.total_seconds

    def run(self) -> Fetched:
        """Ask for everything, and again for what CloudWatch itself could not do."""
        asking = list(self._queries)
        for failures in range(self._patience.attempts):
            if failures:
                self._patience.wait(failures)
            if not self._ask_all(asking):
                break
            asking = [identifier for identifier in asking if _is_passing(self._answers[identifier].missing)]
            if not asking:
                break
        return Fetched(answers=tuple(self._answers.values()), requests=tuple(self._requests))

    def _ask_all(self, asking: Sequence[str]) -> bool:
        """Ask for these queries, page by page; False when a page could not be had, which is then said of the rest."""
        self._answers |= {identifier: Answer(missing=_unanswered()) for identifier in asking}
        try:
            for got in self._pages(asking):
                self._take(got)
        except CouldNotLook as error:
            for identifier in asking:
                if self._answers[identifier].missing is not None:
                    self._answers[identifier].missing = error
            return False
        return True

    def _pages(self, asking: Sequence[str]) -> Iterator[Page]:
        token, seen = "", set[str]()
        while True:
            got = self._page(body((self._queries[identifier] for identifier in asking), self._window, token))
            yield got
            token = got.token
            if not token:
                return
            if token in seen:
                raise CouldNotLook(Reason.UNSUPPORTED, "CloudWatch gave the same NextToken twice")
            seen.add(token)

    def _page(self, content: bytes) -> Page:
        """One page, tried again while the trouble may pass. Raises: CouldNotLook."""
        for failures in range(1, self._patience.attempts + 1):
            if self._patience.clock() >= self._deadline:
                break
            try:
                return self._client.ask(content, self._requests)
            except CouldNotLook as error:
                if error.reason not in _PASSING or failures == self._patience.attempts:
                    raise
            self._patience.wait(failures)
        raise CouldNotLook(
            Reason.TIMEOUT,
            f"{ACTION} was not answered within {self._patience.total_seconds:g} s",
            remedy="run again; look at the network and at CloudWatch's quotas",
        )

    def _take(self, got: Page) -> None:
        for result in got.results:
            answer = self._answers.get(result.id)
            if answer is None:
                raise CouldNotLook(Reason.UNSUPPORTED, f"CloudWatch answered {result.id}, which was not asked")
            answer.points.extend(result.points)
            answer.missing = _missing(result, got.message if not answer.points else "")


def _missing(result: Result, warning: str) -> CouldNotLook | None:
    """What a result lacks; one that is empty beside a warning about the whole request is not believed."""
    said = f" ({result.message})" if result.message else ""
    if result.status == "Forbidden":
        return CouldNotLook(Reason.DENIED, f"CloudWatch forbids this metric{said}", remedy=f"grant {ACTION}")
    if result.status == "InternalError":
        return CouldNotLook(Reason.UNREACHABLE, f"CloudWatch had an internal error{said}", remedy="run again")
    if result.status == "PartialData":
        return CouldNotLook(Reason.NOT_ENOUGH_DATA, f"CloudWatch returned partial data{said}", remedy="run again")
    if result.status != "Complete":
        return CouldNotLook(Reason.UNSUPPORTED, f"CloudWatch answered with the unknown status {result.status}{said}")
    return CouldNotLook(Reason.NOT_ENOUGH_DATA, f"CloudWatch warned: {warning}") if warning else None


def _is_passing(missing: CouldNotLook | None) -> bool:
    return missing is not None and missing.reason in _PASSING


def _unanswered() -> CouldNotLook:
    return CouldNotLook(Reason.NOT_ENOUGH_DATA, "CloudWatch left this query out of its answer", remedy="run again")
