"""What could not be verified: which findings have one cause, and what the cause is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from alerts.grouping.findings import CONNECT, NOT_SEEN, is_at_the_door, most_frequent
from alerts.grouping.places import source_name
from alerts.picture import Picture
from basewatch.components import described
from basewatch.model import Finding, Reason

Cause: TypeAlias = tuple[str, ...]
"""What several findings could not be verified for: its kind, and what identifies it."""
_AWS: Final = "aws:"
_NO_ANSWER = (Reason.UNREACHABLE, Reason.TIMEOUT)
_REASONS: Mapping[Reason, str] = {
    Reason.STALE: "what was read is too old",
    Reason.NOT_ENOUGH_DATA: "there are not enough data",
    Reason.UNSUPPORTED: "it is not supported",
    Reason.BUG: "a check failed by itself",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Findings with one cause, the cause in words, and its identity."""

    cause: Cause
    words: str
    findings: tuple[Finding, ...]


def unseen_causes(picture: Picture, findings: Iterable[Finding]) -> tuple[Unseen, ...]:
    """The UNVERIFIED findings by cause.

    What gave no answer is a cause for each source: a service of AWS, a login to a database, or a statement. What is
    denied is one for each action of AWS, wherever it is denied, since a policy grants it. Where it was not for lack of
    an answer, a component is not verified for one reason; a check that crashed is one cause on all components.
    """
    by_cause: defaultdict[Cause, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_cause[_cause(finding)].append(finding)
    return tuple(
        Unseen(cause=cause, words=_words(picture, cause, found), findings=tuple(found))
        for cause, found in by_cause.items()
    )


def cause_lies_in_what_was_read(finding: Finding) -> bool:
    """Whether no source is known that did not answer."""
    return finding.reason not in NOT_SEEN or not finding.source


def _cause(finding: Finding) -> Cause:
    reason, source, action = finding.reason or Reason.BUG, finding.source, finding.action
    if cause_lies_in_what_was_read(finding):
        return ("bug", finding.check) if reason is Reason.BUG else (reason.value, finding.component)
    of_aws = source.startswith(_AWS)
    if reason in _NO_ANSWER:
        return "no answer", source, action.partition(":")[0] if of_aws else action
    if reason is Reason.DENIED and of_aws and not is_at_the_door(action):
        return reason.value, action
    return reason.value, source, action


def _words(picture: Picture, cause: Cause, findings: list[Finding]) -> str:
    first = findings[0]
    if cause_lies_in_what_was_read(first):
        about = cause[1] if cause[0] == "bug" else described(first.component)
        return f"{about}: {_REASONS.get(first.reason or Reason.BUG, 'it could not be observed')}"
    sources = sorted({source_name(picture, finding.source) for finding in findings})
    where = sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more"
    actions = sorted({finding.action for finding in findings})
    asked = (
        actions[0] if len(actions) == 1 else f"{most_frequent(f.action for f in findings)} and {len(actions) - 1} more"
    )
    match cause[0]:
        case "no answer" if actions == [CONNECT] or not actions[0]:
            return f"{where} does not answer"
        case "no answer":
            return f"{asked} in {where} did not answer"
        case Reason.DENIED.value if actions == [CONNECT]:
            return f"{where}: the login is refused"
        case Reason.DENIED.value:
            return f"{asked} in {where} is denied"
        case _:
            return f"{asked} in {where} is throttled"
