"""One row of a table of situations: what is the case, the verdicts that are right, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pytest

from alerts.story import HEADLINE_MAX_CHARS, story
from basewatch.alert import Alert, AlertKind
from basewatch.model import Severity, Status, Verdict
from tests.alerts.samples import EXAMPLES
from tests.fakes import NOON

FAILS = EXAMPLES["fails"]
# What a reader of several verdicts sees first.
_WORST_FIRST = (Status.FAIL, Status.UNVERIFIED, Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A situation `what` with its number, by kind: `lag-3`.

    `judged` returns the verdicts of the check on it; the worst of them has to be one of `right`, because of `why`.
    `says` is a part of what that verdict has to tell: summary, observed, expected and remedy are searched.
    """

    number: str
    what: str
    right: tuple[Status, ...]
    why: str
    judged: Callable[[], Iterable[Verdict]]
    says: str = ""

    def test(self) -> None:
        """Judges the situation. Raises: AssertionError, with the situation, when the verdict is wrong."""
        verdicts = tuple(self.judged())
        assert verdicts, f"{self.number}: {self.what}: no verdict"
        worst = min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.status))
        told = f"{worst.summary} | {worst.observed} | {worst.expected} | {worst.remedy}"
        assert worst.status in self.right, f"{self.number}: {self.what}: {worst.status.name} ({told}), but {self.why}"
        for verdict in verdicts:
            _reads_well(verdict)
        assert self.says in told, f"{self.number}: {self.what}: '{self.says}' is not in: {told}"


def _reads_well(verdict: Verdict) -> None:
    """The first line of an alert about it names the resource, fits a phone, and has no name of a metric of ours."""
    if verdict.status not in _WORST_FIRST[:2]:
        return
    unseen = verdict.status is Status.UNVERIFIED
    alert = Alert(
        key="v1",
        kind=AlertKind.UNSEEN if unseen else AlertKind.FINDING,
        check="some.check",
        component="table/orders-live",
        subject=verdict.subject,
        status=verdict.status,
        severity=Severity.HIGH,
        summary=verdict.summary,
        since=NOON,
        finding="v1",
        observed=verdict.observed,
        expected=verdict.expected,
    )
    headline = story(replace(FAILS, alert=alert)).headline
    beginning = "Cannot verify DynamoDB table orders-live" if unseen else "DynamoDB table orders-live"
    assert headline.startswith((f"{beginning}: ", f"{beginning}, ", f"{beginning} is declared")), headline
    assert len(headline) <= HEADLINE_MAX_CHARS
    assert not re.search(r"\b(aws|pg|basewatch)_[a-z]+_[a-z_]+", headline), headline
    assert headline.count("orders-live") == 1, headline


def each(situations: Sequence[Situation]) -> pytest.MarkDecorator:
    """Parametrizes a test with `situation`: each row of the table, by its number."""
    numbers = [situation.number for situation in situations]
    assert len(set(numbers)) == len(numbers), "two situations have the same number"
    return pytest.mark.parametrize("situation", situations, ids=numbers)
