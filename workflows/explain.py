"""Everything that is known of one finding or alert: what `basewatch explain` shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final, TypedDict

from basewatch.config import Config
from basewatch.config.silences import QuietPeriod
from basewatch.errors import BasewatchError
from basewatch.history import Acknowledgement, LoggedNotification
from basewatch.history.finding_log import FindingLog
from basewatch.history.store import History
from basewatch.model import Finding, Status
from basewatch.notifier import Notification
from workflows.terminal import escape_control

_LOG_READ: Final = 5000
_SHOWN, _NOTIFICATIONS_SHOWN = 15, 12


class Told(TypedDict):
    """Who was notified, and who has taken it on."""

    notifications: tuple[LoggedNotification, ...]
    acknowledgements: tuple[Acknowledgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingExplained:
    """What is known of one finding. `explains` are the findings of which it is the cause."""

    log: FindingLog
    promise: str
    runbook: str
    cause: Finding | None
    explains: tuple[Finding, ...]
    silences: tuple[QuietPeriod, ...]
    notifications: tuple[LoggedNotification, ...]
    acknowledgements: tuple[Acknowledgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertExplained:
    """What is known of an alert about several findings, by the last notification of it."""

    notification: Notification
    findings: tuple[Finding, ...]
    notifications: tuple[LoggedNotification, ...]
    acknowledgements: tuple[Acknowledgement, ...]


def find(words: Sequence[str], findings: Mapping[str, Finding]) -> Finding:
    """The one finding that is meant: by its key, or enough of it, or by CHECK COMPONENT [SUBJECT], which may be globs.

    Raises: BasewatchError, when there is none, or more than one.
    """
    found = [each for each in findings.values() if _is_meant(words, each)]
    if len(found) == 1:
        return found[0]
    said = escape_control(" ".join(words))
    if not found:
        raise BasewatchError(f"no recorded finding is {said!r}; `basewatch check` prints them with check and component")
    ranked = sorted(found, key=lambda f: (f.status is not Status.FAIL, f.status is Status.PASS, f.component, f.subject))
    raise BasewatchError(f"{said!r} is more than one finding; name one by its key:{listed(ranked)}")


def _is_meant(words: Sequence[str], finding: Finding) -> bool:
    if len(words) == 1 and words[0] and any(key.startswith(words[0]) for key in _spellings(finding.key)):
        return True
    check, component, subject = (*words, *("*",) * 3)[:3]
    of_component = any(
        fnmatchcase(text, component) for text in (finding.component, finding.component.partition("/")[2])
    )
    return fnmatchcase(finding.check, check) and of_component and fnmatchcase(finding.subject, subject)


def _spellings(key: str) -> tuple[str, str]:
    return key, key.partition("-")[2]


def explain(
    words: Sequence[str], history: History, config: Config, promises: Mapping[str, str], now: datetime
) -> FindingExplained | AlertExplained:
    """What the history and the configuration know of a finding, or of an alert about several.

    Raises: BasewatchError, when nothing or too much is meant; HistoryError.
    """
    latest = history.latest_findings()
    if len(words) == 1 and (opened := _alert_of_several(words[0], history, latest)):
        inside = tuple(latest[key] for key in opened.alert.finding_keys if key in latest)
        return AlertExplained(notification=opened, findings=inside, **_told(history, {opened.key}))
    finding = find(words, latest)
    if (log := history.finding_log(finding.key)) is None:
        raise BasewatchError(f"the record of {finding.key} is damaged; `basewatch verify` says more")
    labels = {each.ref: getattr(each, "labels", {}) for each in config.components}
    return FindingExplained(
        log=log,
        promise=promises.get(finding.check, ""),
        runbook=config.alerts.links.runbooks.replace("{page}", finding.check),
        cause=latest.get(finding.cause),
        explains=tuple(each for each in latest.values() if each.cause == finding.key),
        silences=tuple(
            period
            for period in config.alerts.quiet_periods(now, now)
            if period.contains(now) and period.match.covers(finding, labels.get(finding.component, {}))
        ),
        **_told(history, {finding.key, finding.cause} - {""}),
    )


def _alert_of_several(key: str, history: History, latest: Mapping[str, Finding]) -> Notification | None:
    """The last notification of the open alert whose key begins so, if the alert is not named after one finding."""
    for opened in history.open_alerts():
        if key and opened.key not in latest and any(text.startswith(key) for text in _spellings(opened.key)):
            return opened.last_notification
    return None


def _told(history: History, keys: Collection[str]) -> Told:
    """The notifications of the alerts with these keys, or with these findings in them, and who took the alerts on."""
    log = [
        each
        for each in history.notification_log(limit=_LOG_READ)
        if not {each.notification.key, *each.notification.alert.finding_keys}.isdisjoint(keys)
    ]
    alerts = {*keys, *(each.notification.key for each in log)}
    return {
        "notifications": tuple(log[-_NOTIFICATIONS_SHOWN:]),
        "acknowledgements": tuple(each for each in history.acknowledgements() if each.key in alerts),
    }


def name_of(finding: Finding) -> str:
    """The check, the component and the subject, safe for a terminal."""
    return escape_control(" ".join(filter(None, (finding.check, finding.component, finding.subject))))


def listed(findings: Sequence[Finding]) -> str:
    """The first findings with their keys, one on each line, and how many more there are."""
    lines = [f"\n  {each.key}  {each.status:<10} {name_of(each)}" for each in findings[:_SHOWN]]
    left = f"\n  and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return "".join(lines) + left
