"""A fault of versions: AWS deprecates the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from basewatch.model import Status
from demo.account import PREFIX
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_VERSIONS = "rds:DescribeDBEngineVersions"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _deprecate(sandbox: Sandbox) -> None:
    version = {"Engine": "aurora-postgresql", "EngineVersion": "15.4", "Status": "deprecated"}
    sandbox.aws.answers.answer(_VERSIONS, lambda _asked: {"DBEngineVersions": [version]})


VERSION_FAULTS = (
    Fault(
        name="engine-deprecated",
        title="AWS deprecates the version that Aurora runs",
        apply=_deprecate,
        repair=lambda sandbox: sandbox.aws.answers.restore(_VERSIONS),
        expected_findings=_failing("availability.engine.support", f"aurora_cluster/{PREFIX}"),
    ),
)
