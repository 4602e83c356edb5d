"""Versions: whether a cluster runs the declared engine, and AWS supports it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.components import AuroraCluster
from basewatch.model import Status
from checks.availability.engine_support import engine_is_supported
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
DAY = timedelta(days=1)
STANDARD, EXTENDED = "open-source-rds-standard-support", "open-source-rds-extended-support"


def engine(
    number: str,
    what: str,
    right: Status,
    why: str,
    *,
    version: str = "15.4",
    declared: str = "15.4",
    statuses: tuple[str, ...] = ("available",),
    ends: dict[str, Any] | None = None,
    says: str = "",
) -> Situation:
    """A cluster of this version, of which AWS says these statuses, and ends of support in so many days."""
    lifecycles = [
        {
            "LifecycleSupportName": name,
            "LifecycleSupportStartDate": NOW - 999 * DAY,
            "LifecycleSupportEndDate": NOW + days * DAY,
        }
        for name, days in ({STANDARD: 400, EXTENDED: 1500} if ends is None else ends).items()
    ]
    cluster = AuroraCluster.model_validate(
        {"name": "c", "engine_version": declared, "backup": {"retention": "35d", "rpo": "1h"}}
    )
    described = [{"Engine": "aurora-postgresql", "EngineVersion": version}]
    majors = [{"SupportedEngineLifecycles": lifecycles}] if ends != {} else []
    answers = {
        "rds:DescribeDBClusters": answer("rds:DescribeDBClusters", DBClusters=described),
        "rds:DescribeDBEngineVersions": answer(
            "rds:DescribeDBEngineVersions", DBEngineVersions=[{"Status": status} for status in statuses]
        ),
        "rds:DescribeDBMajorEngineVersions": answer("rds:DescribeDBMajorEngineVersions", DBMajorEngineVersions=majors),
    }
    judged = judging(engine_is_supported, cluster, answers)
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


SITUATIONS = (
    engine("EV1", "as declared, supported for a year", PASS, "nothing is due"),
    engine("EV2", "another minor version", FAIL, "nobody decided so", version="15.10", says="15.10"),
    engine("EV3", "any minor version of 15", PASS, "minor versions are upgraded", version="15.10", declared="15"),
    engine("EV4", "16, and 1 is declared", FAIL, "1 is no beginning of it", version="16.2", declared="1"),
    engine("EV5", "deprecated", FAIL, "AWS upgrades it on its own day", statuses=("deprecated",)),
    engine("EV6", "ends in 89 days", FAIL, "an upgrade takes time", ends={STANDARD: 89}, says="ends on"),
    engine("EV7", "ends in 90 days", PASS, "that is long enough", ends={STANDARD: 90}),
    engine(
        "EV8", "ended, in extended support", FAIL, "it is billed", ends={STANDARD: -9, EXTENDED: 900}, says="ended on"
    ),
    engine("EV9", "not listed", UNVERIFIED, "AWS may have withdrawn it", statuses=()),
    engine("EV10", "no major version listed", UNVERIFIED, "the end is not known", ends={}),
    engine("EV11", "only extended support is stated", UNVERIFIED, "the end is not known", ends={EXTENDED: 900}),
    engine("EV12", "a status that nobody knows", UNVERIFIED, "it may be a bad one", statuses=("sunset",)),
    engine("EV13", "another kind of support", UNVERIFIED, "it may end sooner", ends={"gold-support": 900}),
)


@each(SITUATIONS)
def test_versions_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
