"""The answers of AWS in one pass: each distinct request is sent once, and all who ask for it get the same answer."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import orjson

from basewatch.aws.errors import botocore_errors, is_lasting
from basewatch.aws.turns import Turns
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.time_limit import TimeLimit, current_limit

LONGEST_CALL_SECONDS = 60.0
"""How long a call, or a chunk of a body, may take where nothing around it sets a nearer limit."""
MOST_BYTES = 32 << 20
"""How much is kept in a pass: an answer that does not fit is given to those who wait for it, and then asked anew."""
LARGEST_ANSWER_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the answer to a request depends on; `parameters` are canonical JSON."""

    account_id: str
    region: str
    service: str
    operation: str
    parameters: str

    @classmethod
    def of(cls, account_id: str, region: str, service: str, operation: str, parameters: dict[str, Any]) -> Question:
        """The question that a request asks."""
        return cls(
            account_id=account_id,
            region=region,
            service=service,
            operation=operation,
            # Decoded, because orjson's bytes keep its buffer of kilobytes.
            parameters=orjson.dumps(parameters, default=repr, option=orjson.OPT_SORT_KEYS).decode(),
        )


@dataclass(slots=True, eq=False)
class _Flight:
    """A request that was sent, or is being sent by the thread that asked first, which gives up when `limit` is over.

    `outcome` is the pickled answer or the error of botocore. None means that it has none for others.
    """

    limit: TimeLimit
    landed: Event = field(default_factory=Event)
    outcome: bytes | Exception | None = None


class SharedAnswers:
    """The answers of one pass, in memory; it is thread-safe.

    A refusal that AWS would repeat, such as a denial, is an answer too. A throttled request and a failure of the
    network concern only those who wait for it at that moment; later ones ask anew. A thread that gives up at its own
    limit leaves the request to the next one. Each asker gets a copy of its own.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, turns: Turns | None = None) -> None:
        """`turns` are those of the pass, in which the requests are sent."""
        self._free_bytes = most_bytes
        self._turns = turns or Turns()
        self._flights: dict[Question, _Flight] = {}
        self._lock = Lock()

    def answer(self, question: Question, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer to `question`, by `send` unless somebody asks it, or has asked it.

        Raises: what `send` raises; ObservationError, when the limit of the thread ends before another one's request.
        """
        while True:
            flight, is_first = self._board(question)
            if is_first:
                return self._send(question, flight, send)
            own = current_limit() or TimeLimit.after(LONGEST_CALL_SECONDS)
            flight.landed.wait(min(own, flight.limit).remaining_seconds)
            if flight.outcome is not None:
                return _unpacked(flight.outcome)
            if not own.remaining_seconds:
                raise ObservationError(
                    Reason.TIMEOUT,
                    f"{question.service}:{question.operation} received no answer in time",
                    remedy="check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs",
                )
            self._forget(question, flight)

    def _board(self, question: Question) -> tuple[_Flight, bool]:
        with self._lock:
            flight = self._flights.get(question)
            if flight is not None:
                return flight, False
            flight = _Flight(current_limit() or TimeLimit.after(LONGEST_CALL_SECONDS))
            self._flights[question] = flight
            return flight, True

    def _send(self, question: Question, flight: _Flight, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            self._turns.wait(question.account_id, question.region, question.service, question.operation)
            answer = send()
            packed = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
            flight.outcome = packed
            self._keep(question, flight, len(packed))
        except botocore_errors() as error:
            if not is_lasting(error):
                self._forget(question, flight)
            if is_lasting(error) or flight.limit.remaining_seconds:
                flight.outcome = error
            raise
        except BaseException:
            self._forget(question, flight)
            raise
        finally:
            flight.landed.set()
        return answer

    def _keep(self, question: Question, flight: _Flight, size: int) -> None:
        """Keeps the answer if it fits. The earliest are kept, since a long listing would drive out all others."""
        with self._lock:
            fits = size <= min(LARGEST_ANSWER_BYTES, self._free_bytes)
            if fits and self._flights.get(question) is flight:
                self._free_bytes -= size
                return
        self._forget(question, flight)

    def _forget(self, question: Question, flight: _Flight) -> None:
        with self._lock:
            if self._flights.get(question) is flight:
                del self._flights[question]


def _unpacked(outcome: bytes | Exception) -> dict[str, Any]:
    if isinstance(outcome, Exception):
        # It is raised once for each asker: without this, its traceback would grow.
        raise outcome.with_traceback(None)
    answer: dict[str, Any] = pickle.loads(outcome)  # noqa: S301  # this process has pickled it
    return answer
