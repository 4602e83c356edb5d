"""Restores of an Aurora cluster by AWS Backup: what its list of jobs proves of the promised recovery time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.components import AuroraCluster
from basewatch.model import Status
from checks.backup.restore_jobs import restored_within_rto
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BACKUP = {"retention": "35d", "rpo": "1h", "rto": "4h"}
CLUSTER = AuroraCluster.model_validate({"name": "c", "backup": BACKUP})
ARN = "arn:aws:rds:us-east-1:123456789012:cluster:c"
_LISTED = "backup:ListRestoreJobsByProtectedResource"
_CLUSTERS = answer("rds:DescribeDBClusters", DBClusters=[{"DBClusterIdentifier": "c", "DBClusterArn": ARN}])


def job(ago: timedelta = 5 * DAY, took: timedelta | None = HOUR, **fields: Any) -> dict[str, Any]:
    """A restore that was asked for so long ago, completed and validated but for the fields; one of None is left out."""
    times = {"CreationDate": NOW - ago, "CompletionDate": None if took is None else NOW - ago + took}
    sound = {"RestoreJobId": f"job-{ago.days}", "Status": "COMPLETED", "ValidationStatus": "SUCCESSFUL"}
    return {name: value for name, value in {**sound, **times, **fields}.items() if value is not None}


def jobs(number: str, what: str, right: Status, why: str, *listed: dict[str, Any], says: str = "") -> Situation:
    """A cluster of which AWS Backup lists these restores, newest first."""
    answers = {"rds:DescribeDBClusters": _CLUSTERS, _LISTED: answer(_LISTED, RestoreJobs=list(listed))}
    judged = judging(restored_within_rto, CLUSTER, answers)
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


def pages(number: str, what: str, right: Status, why: str, *parts: list[dict[str, Any]]) -> Situation:
    """A listing of several pages."""
    last = len(parts) - 1
    answered = [
        answer(_LISTED, RestoreJobs=part, **({} if at == last else {"NextToken": f"{at}"}))
        for at, part in enumerate(parts)
    ]
    judged = judging(restored_within_rto, CLUSTER, {"rds:DescribeDBClusters": _CLUSTERS, _LISTED: answered})
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged)


UNKNOWN_TO_BACKUP = judging(
    restored_within_rto,
    CLUSTER,
    {"rds:DescribeDBClusters": _CLUSTERS, _LISTED: refusal("ResourceNotFoundException")},
)
GOING = {"CompletionDate": None, "Status": "RUNNING", "ValidationStatus": None}
SITUATIONS = (
    jobs("RJ1", "restored in an hour, validated", PASS, "the promise was tried and kept", job(), says="validated"),
    jobs("RJ2", "restored in four hours to the second", PASS, "within means at most", job(took=4 * HOUR)),
    jobs("RJ3", "restored in four hours and a second", FAIL, "too slow", job(took=4 * HOUR + timedelta(seconds=1))),
    jobs(
        "RJ4",
        "failed",
        FAIL,
        "it cannot be restored",
        job(Status="FAILED", StatusMessage="no subnet"),
        says="no subnet",
    ),
    jobs("RJ5", "validation failed", FAIL, "the copy is not what it should be", job(ValidationStatus="FAILED")),
    jobs("RJ6", "validation timed out", FAIL, "nobody said that it is good", job(ValidationStatus="TIMED_OUT")),
    jobs("RJ7", "nobody validates", PASS, "the time was measured", job(ValidationStatus=None), says="not validated"),
    jobs("RJ8", "being validated", PASS, "the time was measured", job(ValidationStatus="VALIDATING"), says="being"),
    jobs("RJ9", "the last restore is 100 days old", FAIL, "a quarter without a restore", job(100 * DAY)),
    jobs("RJ10", "no restore is listed", UNVERIFIED, "AWS forgets jobs after 30 days", says="lists none"),
    jobs("RJ11", "only one that was aborted", UNVERIFIED, "somebody stopped it", job(Status="ABORTED")),
    jobs("RJ12", "one that has just begun", UNVERIFIED, "nothing has ended", job(HOUR, None, **GOING)),
    jobs("RJ13", "one that runs for five hours", FAIL, "it is late already", job(5 * HOUR, None, **GOING)),
    jobs("RJ14", "a good one, and one that has just begun", PASS, "the good one", job(HOUR, None, **GOING), job()),
    jobs("RJ15", "failed, and good again since", PASS, "it was repaired", job(), job(9 * DAY, Status="FAILED")),
    jobs("RJ16", "good, and failed since", FAIL, "it is broken now", job(Status="FAILED"), job(9 * DAY)),
    jobs("RJ17", "aborted after a good one", PASS, "somebody stopped it", job(DAY, Status="ABORTED"), job()),
    jobs("RJ18", "completed without a time of its end", UNVERIFIED, "nothing was measured", job(took=None)),
    jobs("RJ19", "ended before it began", UNVERIFIED, "such times are wrong", job(took=-HOUR)),
    jobs("RJ20", "ends tomorrow", UNVERIFIED, "such times are wrong", job(took=6 * DAY)),
    jobs("RJ21", "a status that nobody knows", UNVERIFIED, "it may mean anything", job(Status="PAUSED")),
    jobs("RJ22", "a validation that nobody knows", UNVERIFIED, "it may mean anything", job(ValidationStatus="MAYBE")),
    pages(
        "RJ23", "the newest is on the second page", FAIL, "every page is read", [job(9 * DAY)], [job(Status="FAILED")]
    ),
    Situation(
        number="RJ24",
        what="AWS Backup does not know the cluster",
        right=(UNVERIFIED,),
        why="the cluster exists; nobody backs it up there",
        judged=UNKNOWN_TO_BACKUP,
        says="does not know",
    ),
)


@each(SITUATIONS)
def test_a_list_of_restores_proves_what_it_says(situation: Situation) -> None:
    """Each list of jobs has the verdict that a person would give."""
    situation.test()
