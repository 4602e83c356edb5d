"""The go/no-go matrix of a launch: a decision for each criterion, from the findings of one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.clients import PassFindings
from basewatch.config.launch import Criterion, Launch
from basewatch.model import Finding, Status

_SHOWN = 3


class Decision(StrEnum):
    """Whether a criterion is met. UNKNOWN is a criterion that nobody could verify: it is a NO-GO as well."""

    GO = "GO"
    NO_GO = "NO-GO"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCriterion:
    """A criterion of a stage, the decision, and the reasons for it in words."""

    stage: str
    area: str
    criterion: str
    decision: Decision
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchMatrix:
    """Every criterion of the stages that were asked for, and the roles that sign."""

    platform: str
    at: datetime
    rows: tuple[DecidedCriterion, ...]
    sign_off: tuple[str, ...]

    @property
    def decision(self) -> Decision:
        """GO when every criterion is met; otherwise NO-GO, or UNKNOWN when none is known to be broken."""
        decisions = {row.decision for row in self.rows}
        return next((each for each in (Decision.NO_GO, Decision.UNKNOWN) if each in decisions), Decision.GO)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages, in order."""
        return tuple(dict.fromkeys(row.stage for row in self.rows))

    def of_stage(self, stage: str) -> tuple[DecidedCriterion, ...]:
        """The criteria of one stage, in order."""
        return tuple(row for row in self.rows if row.stage == stage)


def launch_matrix(
    launch: Launch, findings: Sequence[Finding], *, platform: str, at: datetime, stage: str = ""
) -> LaunchMatrix:
    """The decision for each criterion of one stage, or of all. `at` is when the findings were made."""
    found = PassFindings(findings=tuple(findings), components={})
    return LaunchMatrix(
        platform=platform,
        at=at,
        rows=tuple(
            _decided(each.name, criterion, found, at)
            for each in launch.stages
            if stage in ("", each.name)
            for criterion in each.criteria
        ),
        sign_off=launch.sign_off,
    )


def _decided(stage: str, criterion: Criterion, findings: PassFindings, at: datetime) -> DecidedCriterion:
    decision, reasons = _by_hand(criterion, at) if criterion.manual else _by_checks(criterion, findings)
    return DecidedCriterion(
        stage=stage, area=criterion.area, criterion=criterion.criterion, decision=decision, reasons=tuple(reasons)
    )


def _by_hand(criterion: Criterion, at: datetime) -> tuple[Decision, list[str]]:
    done = criterion.done
    if done is None:
        return Decision.UNKNOWN, [f"nobody has recorded it: {criterion.manual}"]
    if done.on > at.date():
        return Decision.UNKNOWN, [f"it is recorded for {done.on:%Y-%m-%d}, which is in the future"]
    return Decision.GO, [f"{done.by}, {done.on:%Y-%m-%d}: {done.record}"]


def _by_checks(criterion: Criterion, findings: PassFindings) -> tuple[Decision, list[str]]:
    """GO needs a PASS for every selector, and neither a FAIL nor an UNVERIFIED finding of any."""
    support = findings.support(criterion.held_by)
    selected = [each for selector in criterion.held_by for each in findings.selected(selector)]
    open_ones = [each for each in dict.fromkeys(selected) if each.status is support.status]
    match support.status:
        case Status.FAIL:
            return Decision.NO_GO, _texts(open_ones)
        case Status.UNVERIFIED:
            return Decision.UNKNOWN, _texts(open_ones) or [support.reason]
        case _:
            return Decision.GO, [f"{support.passed} PASS"]


def _texts(findings: Iterable[Finding]) -> list[str]:
    worst = sorted(findings, key=lambda each: (-each.severity.rank, each.check, each.component, each.subject))
    texts = [f"{each.check} of {each.component}: {each.summary}" for each in worst[:_SHOWN]]
    return [*texts, *([f"and {len(worst) - _SHOWN} more"] if len(worst) > _SHOWN else [])]
