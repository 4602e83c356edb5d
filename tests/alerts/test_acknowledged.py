"""Who has taken on an alert is read from the channels, and a channel that does not answer delays nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest

from alerts.acknowledged import Answer, read_acknowledgements
from basewatch.errors import DeliveryError


@dataclass(slots=True)
class AskedChannel:
    """A channel in which `people` have taken on messages; `before` is called with each question."""

    name: str
    people: dict[str, str] = field(default_factory=dict[str, str])
    before: Callable[[str], object] = lambda _: None
    asked: list[str] = field(default_factory=list[str])

    def taken_by(self, reference: str) -> str:
        """Who has taken on this message."""
        self.asked.append(reference)
        self.before(reference)
        return self.people.get(reference, "")


@pytest.fixture
def released() -> Iterator[Event]:
    """What channels wait for that hang; it comes after the test."""
    event = Event()
    yield event
    event.set()


def _refuse(_reference: str) -> None:
    raise DeliveryError("it answered 500", retryable=True)


def _break(_reference: str) -> None:
    raise ZeroDivisionError


def test_each_channel_is_asked_about_its_messages() -> None:
    """That nobody has taken one on is an answer too."""
    slack, pager = AskedChannel("slack", {"1": "U1"}), AskedChannel("on-call", {"a": "Ann", "b": "Ben"})
    given, problems = read_acknowledgements([(slack, ["1", "2"]), (pager, ["a", "c"])])
    found = {(each.channel, each.reference, each.person) for each in given}
    assert (found, problems) == (
        {("slack", "1", "U1"), ("slack", "2", ""), ("on-call", "a", "Ann"), ("on-call", "c", "")},
        (),
    )


@pytest.mark.parametrize(("fails", "words"), [(_refuse, "it answered 500"), (_break, "broken (ZeroDivisionError)")])
def test_a_channel_that_fails_is_asked_nothing_more(fails: Callable[[str], None], words: str) -> None:
    """Nothing is acknowledged there; the other channels count."""
    slack, pager = AskedChannel("slack", {"1": "U1"}, fails), AskedChannel("on-call", {"a": "Ann"})
    given, problems = read_acknowledgements([(slack, ["1", "2"]), (pager, ["a"])])
    assert given == (Answer(channel="on-call", reference="a", person="Ann"),)
    assert slack.asked == ["1"]
    assert [words in each and "slack" in each for each in problems] == [True]


def test_a_channel_that_hangs_is_not_waited_for(released: Event) -> None:
    """What was read before it hung counts, and it is asked nothing more afterwards."""

    def hang(reference: str) -> None:
        if reference == "2":
            released.wait()

    slack = AskedChannel("slack", {"1": "U1"}, hang)
    given, problems = read_acknowledgements([(slack, ["1", "2", "3"])], seconds=0.1)
    assert given == (Answer(channel="slack", reference="1", person="U1"),)
    assert problems == ("slack did not say in time who has taken on which alert",)
    released.set()
    for thread in threading.enumerate():
        if thread.name == "acknowledgements of slack":
            thread.join()
    assert slack.asked == ["1", "2"]
