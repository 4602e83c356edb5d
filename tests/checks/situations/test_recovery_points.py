"""Recovery points of AWS Backup: whether the newest can be restored, old ones are kept, and copies are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from basewatch.check import AnyCheck
from basewatch.components import AuroraCluster, Table
from basewatch.model import Status
from checks.backup.point_copies import copies_are_isolated
from checks.backup.recovery_points import newest_point_is_usable, points_are_kept
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, REGION, refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POINTS: dict[str, Any] = {"vault": "v", "stale_after": "26h"}
KEY, OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/a", "arn:aws:kms:eu-west-1:123456789012:key/b"
LIST_POINTS, LIST_JOBS = "backup:ListRecoveryPointsByResource", "backup:ListCopyJobs"
LIST_COPIES = "backup:ListRecoveryPointsByBackupVault"


def declared(**settings: Any) -> Table:
    """A table with these settings of its recovery points."""
    return Table.model_validate({"name": "orders", "recovery_points": {**POINTS, **settings}})


def point(days: float, *, status: str = "COMPLETED", vault: str = "v", size: int = 100, kind: str = "x") -> Any:
    """A recovery point of this age."""
    return {
        "RecoveryPointArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:{kind}:{days}",
        "CreationDate": NOW - days * DAY,
        "Status": status,
        "BackupSizeBytes": size,
        "BackupVaultName": vault,
        "EncryptionKeyArn": KEY,
    }


def pages(points: Iterable[Any]) -> Any:
    """The listing of these points, a page each but for the first."""
    found = list(points)
    split = [found[:1], found[1:]] if len(found) > 1 else [found]
    more = {"NextToken": "more"}
    last = len(split) - 1
    return [answer(LIST_POINTS, RecoveryPoints=page, **({} if at == last else more)) for at, page in enumerate(split)]


def row(
    number: str,
    what: str,
    right: Status,
    why: str,
    points: Iterable[Any],
    *,
    check: AnyCheck = newest_point_is_usable,
    table: Table | None = None,
    says: str = "",
) -> Situation:
    """A table with these recovery points."""
    judged = judging(check, table or declared(), {LIST_POINTS: pages(points)})
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


def kept(number: str, what: str, right: Status, why: str, ages: Iterable[float], **settings: Any) -> Situation:
    """A table with points of these ages in days, which promises seven daily and three monthly ones."""
    table = declared(**{"keep": {"daily": 7, "monthly": 3}, **settings})
    return row(number, what, right, why, map(point, ages), check=points_are_kept, table=table)


def job(
    days: float, *, state: str = "COMPLETED", region: str = "eu-west-1", account: str = ACCOUNT, key: str = OTHER_KEY
) -> Any:
    """A copy job that ended so many days ago."""
    return {
        "DestinationBackupVaultArn": f"arn:aws:backup:{region}:{account}:backup-vault:copies",
        "DestinationRecoveryPointArn": f"copy-{days}",
        "DestinationEncryptionKeyArn": key,
        "SourceRecoveryPointArn": f"point-{days}",
        "State": state,
        "CompletionDate": NOW - days * DAY,
    }


def copies(
    number: str,
    what: str,
    right: Status,
    why: str,
    jobs: list[Any],
    *,
    there: Any = None,
    to: dict[str, str] | None = None,
    says: str = "",
) -> Situation:
    """A table with these copy jobs; the vault has the copies of all of them unless `there` says otherwise."""
    listed = [{"RecoveryPointArn": each["DestinationRecoveryPointArn"], "Status": "COMPLETED"} for each in jobs]
    answers = {
        LIST_JOBS: answer(LIST_JOBS, CopyJobs=jobs),
        LIST_POINTS: pages([point(0.1)]),
        LIST_COPIES: there or answer(LIST_COPIES, RecoveryPoints=listed),
    }
    judged = judging(copies_are_isolated, declared(copies=to or {"region": "eu-west-1"}), answers)
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


DAILY = [point(days + 0.2) for days in range(10)]
CONTINUOUS = point(200, status="AVAILABLE", kind="cluster:continuous")
STRANGER = "210987654321"
SITUATIONS = (
    row("RP1", "one a day", PASS, "the newest is fresh", DAILY),
    row("RP2", "none at all", FAIL, "no plan backs it up", [], says="a recovery point of table/orders"),
    row(
        "RP3", "all in another vault", FAIL, "its lock does not hold there", [point(0.1, vault="w")], says="points in w"
    ),
    row("RP4", "the newest is two days old", FAIL, "a job did not run", DAILY[2:], says="2d4h"),
    row("RP5", "the newest is PARTIAL", FAIL, "it lacks a part", [point(0.1, status="PARTIAL"), *DAILY]),
    row("RP6", "the next is being created", PASS, "the one before is fresh", [point(0.01, status="CREATING"), *DAILY]),
    row("RP7", "only one, being created", FAIL, "there is none yet", [point(0.01, status="CREATING")]),
    row("RP8", "the newest is being deleted", PASS, "yesterday's is fresh", [point(0.1, status="DELETING"), *DAILY]),
    row("RP9", "all expired", FAIL, "they are not kept on purpose", [point(0.1, status="EXPIRED")], says="usable"),
    row(
        "RP10", "a status that nobody knows", UNVERIFIED, "it may be a bad one", [point(0.1, status="THAWING"), *DAILY]
    ),
    row("RP11", "an old one with such a status", PASS, "the newest decides", [*DAILY, point(30, status="THAWING")]),
    row("RP12", "a tenth of the size", FAIL, "most of it is missing", [point(0.1, size=10), *DAILY], says="10 bytes"),
    row(
        "RP13",
        "without any size, as Aurora's",
        PASS,
        "AWS states none",
        [point(days + 0.1, size=0) for days in range(5)],
    ),
    row("RP14", "three times as large", PASS, "a table grows", [point(0.1, size=300), *DAILY]),
    row("RP15", "a second small one of three", PASS, "too few to compare", [point(0.1, size=1), point(1.1)]),
    row(
        "RP16",
        "small since a declared day",
        PASS,
        "it shrank on purpose",
        [point(0.1, size=10), *DAILY],
        table=declared(sizes_since="2026-11-30"),
    ),
    row("RP17", "a continuous one of last spring", PASS, "it goes on", [CONTINUOUS]),
    row("RP18", "a continuous one that was stopped", FAIL, "it ended", [{**CONTINUOUS, "Status": "STOPPED"}]),
    row(
        "RP19",
        "a stopped one and a fresh snapshot",
        PASS,
        "there is one",
        [{**CONTINUOUS, "Status": "STOPPED"}, *DAILY],
    ),
    row("RP20", "the newest a day ahead", UNVERIFIED, "a clock is wrong", [point(-1)]),
    kept("RK1", "daily for a week, monthly for four", PASS, "all are there", [*range(8), 35, 65, 95]),
    kept("RK2", "a month is missing", FAIL, "a tier has a gap", [*range(8), 35, 95], since="2025-01-01"),
    kept("RK3", "young, without a day of the first", UNVERIFIED, "older ones may be deleted", range(8)),
    kept("RK4", "young, as declared", PASS, "none is due", range(8), since="2026-11-22"),
    copies("RC1", "copied an hour ago", PASS, "another region and key", [job(0.04)]),
    copies("RC2", "never", FAIL, "the region is all there is", [], says="a copy of a recovery point"),
    copies("RC3", "three days ago", FAIL, "it is too old", [job(3)], says="too old"),
    copies("RC4", "failed since", FAIL, "no copy is fresh", [job(0.1, state="FAILED"), job(3)]),
    copies("RC5", "failed, and copied again", PASS, "there is a copy", [job(0.2, state="FAILED"), job(0.1)]),
    copies("RC6", "to a third region", FAIL, "another was promised", [job(0.1, region="eu-west-3")]),
    copies("RC7", "within the region", FAIL, "it goes down with it", [job(0.1, region=REGION)]),
    copies("RC8", "under the same key", FAIL, "it is lost with the key", [job(0.1, key=KEY)], says="under the key"),
    copies("RC9", "the key is not stated", UNVERIFIED, "it may be the same", [job(0.1, key="")]),
    copies(
        "RC10",
        "deleted there",
        FAIL,
        "the job says nothing of today",
        [job(0.1)],
        there=answer(LIST_COPIES, RecoveryPoints=[]),
        says="deleted",
    ),
    copies(
        "RC11",
        "the vault there is gone",
        FAIL,
        "and its copies",
        [job(0.1)],
        there=refusal("ResourceNotFoundException"),
    ),
    copies(
        "RC12", "the other region denies", UNVERIFIED, "it was not looked at", [job(0.1)], there=refusal("AccessDenied")
    ),
    copies(
        "RC13",
        "to another account",
        PASS,
        "only the job can be seen from here",
        [job(0.1, account=STRANGER, region=REGION)],
        to={"account": STRANGER},
    ),
    copies(
        "RC14",
        "to an account that was not declared",
        FAIL,
        "it may be a stranger's",
        [job(0.1, account="999999999999")],
        to={"account": STRANGER},
    ),
    copies("RC15", "a state that nobody knows", UNVERIFIED, "it may be done", [job(0.1, state="VERIFYING")]),
)


@each(SITUATIONS)
def test_recovery_points_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()


def test_the_arn_of_a_resource_is_that_of_its_partition() -> None:
    """An ARN in China or GovCloud has another beginning, and a name that is an ARN stays."""
    cluster = AuroraCluster.model_validate({"name": "main", "backup": {"retention": "35d", "rpo": "1h"}})
    assert cluster.arn(account=ACCOUNT, region="cn-north-1") == f"arn:aws-cn:rds:cn-north-1:{ACCOUNT}:cluster:main"
    assert declared().arn(account=ACCOUNT, region=REGION) == f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
    named = declared().model_copy(update={"name": "arn:aws:dynamodb:us-east-1:1:table/x"})
    assert named.arn(account=ACCOUNT, region=REGION) == named.name
