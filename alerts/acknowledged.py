"""Asks the channels who has taken on an alert there: for a limited time, and whatever a channel does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from basewatch.errors import DeliveryError
from basewatch.notifier import Acknowledging

TOTAL_SECONDS = 10.0
"""How long all channels together may take: whatever is not read by then is not acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who has taken on the alerts of one message, as its channel says; `person` is empty if nobody has."""

    channel: str
    reference: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """A channel has been asked everything, or as much as it answered; `problem` says why not everything."""

    channel: str
    problem: str = ""


_Answers: TypeAlias = SimpleQueue[Answer | _End]


def read_acknowledgements(
    asked: Sequence[tuple[Acknowledging, Sequence[str]]],
    seconds: float = TOTAL_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """What each channel says of its messages, given by their references, and a line for each that did not answer.

    A channel is asked nothing more after its first failure. Never raises.
    """
    end, answers = monotonic() + seconds, _Answers()
    waiting = {notifier.name: notifier for notifier, _ in asked}
    for notifier, references in asked:
        may_go_on = _until(end, monotonic)
        Thread(
            target=_ask,
            name=f"acknowledgements of {notifier.name}",
            args=(notifier, references, may_go_on, answers),
            daemon=True,
        ).start()
    given, problems = list[Answer](), list[str]()
    while waiting:
        try:
            answer = answers.get(timeout=max(end - monotonic(), 0))
        except Empty:
            problems += [f"{name} did not say in time who has taken on which alert" for name in waiting]
            break
        if isinstance(answer, Answer):
            given.append(answer)
            continue
        del waiting[answer.channel]
        if answer.problem:
            problems.append(f"{answer.channel} did not say who has taken on which alert: {answer.problem}")
    return tuple(given), tuple(problems)


def _until(end: float, monotonic: Callable[[], float]) -> Callable[[], bool]:
    return lambda: monotonic() < end


def _ask(notifier: Acknowledging, references: Sequence[str], may_go_on: Callable[[], bool], answers: _Answers) -> None:
    problem = ""
    try:
        for reference in references:
            if not may_go_on():
                return
            person = notifier.taken_by(reference)
            answers.put(Answer(channel=notifier.name, reference=reference, person=person))
    except DeliveryError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001  # a channel may be a third party's, and none may stop a pass
        problem = f"it is broken ({type(error).__name__})"
    answers.put(_End(channel=notifier.name, problem=problem))
