"""What a person on call reads first: one sentence, and the status that colours it."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.model import Pair, Run, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The state of the platform in one sentence; `status` is the worst there is."""

    status: Status
    text: str


def headline(run: Run) -> Headline:
    """The headline of a run. It is green only when something was expected and every verdict is there and holds."""
    broken, doubtful, held = (run.count(status) for status in (Status.FAIL, Status.UNVERIFIED, Status.PASS))
    if broken:
        promises = "1 promise is" if broken == 1 else f"{broken} promises are"
        also = f", and {doubtful} more could not be verified" if doubtful else ""
        return Headline(status=Status.FAIL, text=f"{promises} broken{also}.")
    if doubtful:
        return Headline(
            status=Status.UNVERIFIED, text=f"Nothing was seen broken, but {doubtful} could not be verified."
        )
    if not held or set(run.expected) - {Pair(check=found.check, component=found.component) for found in run.findings}:
        return Headline(status=Status.UNVERIFIED, text="Too little was seen to vouch for anything.")
    return Headline(status=Status.PASS, text=f"All {held} verdicts hold." if held > 1 else "The one verdict holds.")
