"""CloudTrail: which events a trail records, and whether it delivers them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.check import AnyCheck
from basewatch.components import Trail
from basewatch.model import Status
from checks.logging.trail import data_events_are_recorded, log_files_can_be_validated, trail_records_and_delivers
from tests.checks.situations.aws_answers import NOW, Answers, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, Answer, refusal

FAIL, PASS, UNVERIFIED = Status.FAIL, Status.PASS, Status.UNVERIFIED
HOME = "us-east-1"
ARN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main"
BUCKET = "arn:aws:s3:::records"
TABLE, FUNCTION = (
    f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/customers",
    f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:auth",
)
TRAIL = Trail.model_validate(
    {
        "name": "main",
        "delivered_within": "1h",
        "multi_region": True,
        "management_events": True,
        "digests_within": "2h",
        "encrypted": True,
        "data_events": ["audit_bucket/records", "table/customers", "function/auth"],
    }
)
KMS_EXCLUDED = TRAIL.model_copy(update={"excluded_sources": ("kms.amazonaws.com",)})


def described(**changes: Any) -> dict[str, Any]:
    """A trail as DescribeTrails lists it."""
    return {
        "Name": "main",
        "TrailARN": ARN,
        "HomeRegion": HOME,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "LogFileValidationEnabled": True,
        "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
        "IsOrganizationTrail": False,
        **changes,
    }


def management(**changes: Any) -> dict[str, Any]:
    """A basic selector of all management events."""
    return {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], **changes}


def advanced(**fields: dict[str, list[str]]) -> dict[str, Any]:
    """An advanced selector; a field's dot is written as two underscores."""
    conditions = [{"Field": name.replace("__", "."), **operators} for name, operators in fields.items()]
    return {"FieldSelectors": conditions}


def data(kind: str, values: list[str], operator: str = "StartsWith", **more: Any) -> dict[str, Any]:
    """An advanced selector of data events."""
    return advanced(
        eventCategory={"Equals": ["Data"]},
        resources__type={"Equals": [kind]},
        resources__ARN={operator: values},
        **more,
    )


EVERY_MANAGEMENT = advanced(eventCategory={"Equals": ["Management"]})
EVERY_DATA = (
    data("AWS::S3::Object", [f"{BUCKET}/"]),
    data("AWS::DynamoDB::Table", [TABLE], "Equals"),
    data("AWS::Lambda::Function", [FUNCTION], "Equals"),
)
BASIC_DATA = [
    {"Type": "AWS::S3::Object", "Values": [f"{BUCKET}/"]},
    {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]},
    {"Type": "AWS::Lambda::Function", "Values": [FUNCTION]},
]


def account(
    *trails: dict[str, Any],
    selectors: tuple[dict[str, Any], ...] = (),
    basic: bool = False,
    status: Answer = None,
    **changes: Any,
) -> Answers:
    """The answers of an account with these trails, each with these selectors and this status."""
    healthy = {
        "IsLogging": True,
        "StartLoggingTime": NOW - timedelta(days=400),
        "LatestDeliveryTime": NOW - timedelta(minutes=5),
        "LatestDigestDeliveryTime": NOW - timedelta(minutes=50),
    }
    held = {key: value for key, value in {**healthy, **changes}.items() if value is not None}
    field = "EventSelectors" if basic else "AdvancedEventSelectors"
    chosen = list(selectors or (EVERY_MANAGEMENT, *EVERY_DATA))
    return {
        "cloudtrail:DescribeTrails": answer("cloudtrail:DescribeTrails", trailList=list(trails or (described(),))),
        "cloudtrail:GetTrailStatus": status or answer("cloudtrail:GetTrailStatus", **held),
        "cloudtrail:GetEventSelectors": answer("cloudtrail:GetEventSelectors", **{field: chosen}),
    }


_CHECKS: dict[str, AnyCheck] = {
    "trail": trail_records_and_delivers,
    "integrity": log_files_can_be_validated,
    "data": data_events_are_recorded,
}


def row(
    number: str, what: str, right: Status, why: str, answers: Answers, *, says: str = "", trail: Trail = TRAIL
) -> Situation:
    """One row of the table; its number begins with the check."""
    check = _CHECKS[number.partition("-")[0]]
    return Situation(
        number=number, what=what, right=(right,), why=why, judged=judging(check, trail, answers), says=says
    )


def without(source: str, *, operator: str = "NotEquals") -> dict[str, Any]:
    """An advanced selector of management events but for those of one source."""
    return advanced(eventCategory={"Equals": ["Management"]}, eventSource={operator: [source]})


def half(read_only: str) -> dict[str, Any]:
    """An advanced selector of either half of the management events."""
    return advanced(eventCategory={"Equals": ["Management"]}, readOnly={"Equals": [read_only]})


HOURS = timedelta(hours=1)
OTHER_ARN = "arn:aws:cloudtrail:us-east-1:999988887777:trail/main"
SITUATIONS = (
    row("trail-1", "a trail that records and delivers", PASS, "it does what is promised", account()),
    row("trail-2", "it is stopped", FAIL, "nothing is recorded", account(IsLogging=False), says="not recording"),
    row(
        "trail-3",
        "S3 refuses the log files",
        FAIL,
        "they are lost",
        account(LatestDeliveryError="AccessDenied"),
        says="AccessDenied",
    ),
    row(
        "trail-4",
        "the newest log file is three hours old",
        FAIL,
        "it is on and delivers nothing",
        account(LatestDeliveryTime=NOW - 3 * HOURS),
        says="too old",
    ),
    row("trail-5", "it never delivered in 400 days", FAIL, "it is on alone", account(LatestDeliveryTime=None)),
    row(
        "trail-6",
        "it was started ten minutes ago and has delivered nothing yet",
        UNVERIFIED,
        "its first log file is not due",
        account(LatestDeliveryTime=None, StartLoggingTime=NOW - HOURS / 6),
    ),
    row(
        "trail-7",
        "it was stopped for a day and started again ten minutes ago",
        UNVERIFIED,
        "its next log file is not due",
        account(LatestDeliveryTime=NOW - 24 * HOURS, StartLoggingTime=NOW - HOURS / 6),
    ),
    row(
        "trail-8",
        "it records one region",
        FAIL,
        "what happens elsewhere is not recorded",
        account(described(IsMultiRegionTrail=False)),
        says="one region",
    ),
    row(
        "trail-9",
        "it leaves out global services",
        FAIL,
        "changes of IAM are not recorded",
        account(described(IncludeGlobalServiceEvents=False)),
    ),
    row(
        "trail-10", "a basic selector of all", PASS, "it is the default", account(selectors=(management(),), basic=True)
    ),
    row(
        "trail-11",
        "a basic selector of writes",
        FAIL,
        "reads are not recorded",
        account(selectors=(management(ReadWriteType="WriteOnly"),), basic=True),
        says="reads of",
    ),
    row(
        "trail-12",
        "basic selectors, one of reads and one of writes",
        PASS,
        "together they are all",
        account(selectors=(management(ReadWriteType="WriteOnly"), management(ReadWriteType="ReadOnly")), basic=True),
    ),
    row(
        "trail-13",
        "a basic selector without management events",
        FAIL,
        "it records data alone",
        account(selectors=(management(IncludeManagementEvents=False, DataResources=BASIC_DATA),), basic=True),
    ),
    row(
        "trail-14",
        "a basic selector without KMS",
        FAIL,
        "nobody declared that",
        account(selectors=(management(ExcludeManagementEventSources=["kms.amazonaws.com"]),), basic=True),
        says="kms.amazonaws.com",
    ),
    row(
        "trail-15",
        "the same, declared",
        PASS,
        "it is left out on purpose",
        account(selectors=(management(ExcludeManagementEventSources=["kms.amazonaws.com"]),), basic=True),
        trail=KMS_EXCLUDED,
    ),
    row(
        "trail-16",
        "an advanced selector without a service that nobody thinks of",
        FAIL,
        "its events are not recorded",
        account(selectors=(without("organizations.amazonaws.com"),)),
        says="organizations",
    ),
    row(
        "trail-17",
        "an advanced selector that leaves out what begins with i",
        FAIL,
        "IAM is left out",
        account(selectors=(without("i", operator="NotStartsWith"),)),
        says="iam.amazonaws.com",
    ),
    row(
        "trail-18",
        "advanced selectors, one of reads and one of writes",
        PASS,
        "together they are all",
        account(selectors=(half("true"), half("false"))),
    ),
    row(
        "trail-19",
        "a selector with NotEquals readOnly",
        FAIL,
        "reads are not recorded",
        account(
            selectors=(advanced(eventCategory={"Equals": ["Management"]}, readOnly={"NotEquals": ["true"]}),),
        ),
        says="reads of",
    ),
    row(
        "trail-20",
        "a selector that leaves out the events of one principal",
        FAIL,
        "what it does is not recorded",
        account(
            selectors=(
                advanced(
                    eventCategory={"Equals": ["Management"]}, userIdentity__arn={"NotEquals": ["arn:aws:iam::1:r"]}
                ),
            )
        ),
    ),
    row(
        "trail-21",
        "a selector with a field that AWS added since",
        UNVERIFIED,
        "what it leaves out is not known",
        account(selectors=(advanced(eventCategory={"Equals": ["Management"]}, somethingNew={"Equals": ["1"]}),)),
        says="not known",
    ),
    row(
        "trail-22",
        "the same beside a selector of all",
        PASS,
        "one that records is enough",
        account(
            selectors=(
                advanced(eventCategory={"Equals": ["Management"]}, somethingNew={"Equals": ["1"]}),
                EVERY_MANAGEMENT,
            )
        ),
    ),
    row(
        "trail-23",
        "the trail of an organization whose status a member may not see",
        UNVERIFIED,
        "it is another account's",
        account(
            described(TrailARN=OTHER_ARN, IsOrganizationTrail=True),
            status=refusal("AccessDeniedException", status=403),
        ),
        says="999988887777",
    ),
    row(
        "trail-24",
        "the trail of an organization whose status can be seen",
        PASS,
        "it records for this account",
        account(described(TrailARN=OTHER_ARN, IsOrganizationTrail=True)),
    ),
    row(
        "trail-25",
        "a stopped trail whose status is known and whose home is another region",
        FAIL,
        "its status is asked there",
        account(
            described(TrailARN=f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main", HomeRegion="eu-west-1"),
            IsLogging=False,
        ),
    ),
    row(
        "trail-26", "no trail of that name", FAIL, "it does not exist", account(described(Name="m", TrailARN=f"{ARN}2"))
    ),
    row(
        "trail-27",
        "a trail named by its ARN",
        PASS,
        "it is found",
        account(),
        trail=TRAIL.model_copy(update={"name": ARN}),
    ),
    row(
        "trail-28",
        "the trail's own namesake of an organization comes first in the list",
        PASS,
        "the account's own is meant",
        account(described(TrailARN=OTHER_ARN, IsOrganizationTrail=True, IsMultiRegionTrail=False), described()),
    ),
    row("integrity-1", "digests arrive", PASS, "log files can be validated", account()),
    row(
        "integrity-2",
        "validation is off",
        FAIL,
        "a changed log file is not noticed",
        account(described(LogFileValidationEnabled=False)),
    ),
    row(
        "integrity-3",
        "the newest digest is five hours old",
        FAIL,
        "there is one each hour",
        account(LatestDigestDeliveryTime=NOW - 5 * HOURS),
    ),
    row(
        "integrity-4",
        "S3 refuses the digests",
        FAIL,
        "they are lost",
        account(LatestDigestDeliveryError="AccessDenied"),
        says="AccessDenied",
    ),
    row(
        "integrity-5",
        "no KMS key",
        FAIL,
        "it is promised",
        account({key: value for key, value in described().items() if key != "KmsKeyId"}),
        says="KMS",
    ),
    row(
        "integrity-6",
        "started an hour ago, no digest yet",
        UNVERIFIED,
        "the first is not due",
        account(LatestDigestDeliveryTime=None, StartLoggingTime=NOW - HOURS),
    ),
    row("data-1", "advanced selectors of each resource", PASS, "reads and writes are recorded", account()),
    row(
        "data-2",
        "a basic selector of each resource",
        PASS,
        "reads and writes are recorded",
        account(selectors=(management(DataResources=BASIC_DATA),), basic=True),
    ),
    row(
        "data-3",
        "management events alone",
        FAIL,
        "nobody knows who read what",
        account(selectors=(EVERY_MANAGEMENT,)),
        says="records/an-object",
    ),
    row(
        "data-4",
        "writes of the bucket alone",
        FAIL,
        "reads are promised too",
        account(
            selectors=(data("AWS::S3::Object", [f"{BUCKET}/"], readOnly={"Equals": ["false"]}), *EVERY_DATA[1:]),
        ),
        says="reads of",
    ),
    row(
        "data-5",
        "a bucket but for a prefix",
        FAIL,
        "records under the prefix can be read unnoticed",
        account(
            selectors=(
                advanced(
                    eventCategory={"Equals": ["Data"]},
                    resources__type={"Equals": ["AWS::S3::Object"]},
                    resources__ARN={"StartsWith": [f"{BUCKET}/"], "NotStartsWith": [f"{BUCKET}/quiet/"]},
                ),
                *EVERY_DATA[1:],
            )
        ),
        says="quiet",
    ),
    row(
        "data-6",
        "a bucket whose name only begins alike",
        FAIL,
        "it is another bucket",
        account(selectors=(data("AWS::S3::Object", [f"{BUCKET}-old/"]), *EVERY_DATA[1:])),
    ),
    row(
        "data-7",
        "every object of the account",
        PASS,
        "the bucket is among them",
        account(
            selectors=(
                advanced(eventCategory={"Equals": ["Data"]}, resources__type={"Equals": ["AWS::S3::Object"]}),
                *EVERY_DATA[1:],
            )
        ),
    ),
    row(
        "data-8",
        "PutObject alone",
        FAIL,
        "GetObject is not recorded",
        account(
            selectors=(data("AWS::S3::Object", [f"{BUCKET}/"], eventName={"Equals": ["PutObject"]}), *EVERY_DATA[1:])
        ),
    ),
    row(
        "data-9",
        "a table in a region where the trail does not record",
        FAIL,
        "the trail has one region",
        account(described(IsMultiRegionTrail=False)),
        trail=TRAIL.model_copy(update={"data_events": (TABLE.replace(HOME, "eu-west-1"),)}),
        says="eu-west-1",
    ),
    row("data-10", "a stopped trail", FAIL, "nothing is recorded", account(IsLogging=False)),
    row(
        "data-11",
        "a basic selector of a prefix of the bucket",
        FAIL,
        "the rest is not recorded",
        account(
            selectors=(
                management(
                    DataResources=[{"Type": "AWS::S3::Object", "Values": [f"{BUCKET}/audit/"]}, *BASIC_DATA[1:]]
                ),
            ),
            basic=True,
        ),
    ),
)


@each(SITUATIONS)
def test_a_trail_is_judged_by_what_it_records(situation: Situation) -> None:
    """The verdict is the one that is right."""
    situation.test()
