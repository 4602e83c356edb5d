"""One row of a table of situations: what is the case, the verdicts that are right, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest

from basewatch.model import Status, Verdict

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
        assert self.says in told, f"{self.number}: {self.what}: '{self.says}' is not in: {told}"


def each(situations: Sequence[Situation]) -> pytest.MarkDecorator:
    """Parametrizes a test with `situation`: each row of the table, by its number."""
    numbers = [situation.number for situation in situations]
    assert len(set(numbers)) == len(numbers), "two situations have the same number"
    return pytest.mark.parametrize("situation", situations, ids=numbers)
