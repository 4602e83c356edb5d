"""Spoils every call that every check of AWS really makes, in every way that AWS can: none of it may look green or red.

The rows are recorded, not written: a new check, or a new call of an old one, is in the matrix by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from basewatch.aws.actions import iam_action
from basewatch.check import AnyCheck
from basewatch.model import Reason, Status
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault
from tests.sabotage import AWS_CHECKS, Sabotage, component_of, enums, more_to_come, unknown_at
from tests.wire import READER, Answer, answered, refusal

if TYPE_CHECKING:
    from demo.box import Sandbox

# Every way a call can fail that says nothing of what was asked about.
TROUBLES: dict[str, tuple[Answer, Reason, str]] = {
    "denied": (refusal("AccessDenied", status=403), Reason.DENIED, "grant {action} to {principal}"),
    "throttled": (refusal("ThrottlingException"), Reason.THROTTLED, "run again"),
    "slowed down": (refusal("SlowDown", status=503), Reason.THROTTLED, "run again"),
    "expired": (refusal("ExpiredToken"), Reason.DENIED, "renew the credentials of {principal}"),
    "broken": (refusal("InternalFailure", status=500), Reason.UNREACHABLE, "run again"),
    "unknown": (refusal("BrandNewException"), Reason.UNSUPPORTED, "report this"),
    "unparsable": (ResponseParserError("<!doctype html>"), Reason.UNSUPPORTED, "report this"),
    "late": (ReadTimeoutError(endpoint_url="https://aws"), Reason.TIMEOUT, "check the network"),
    "cut off": (EndpointConnectionError(endpoint_url="https://aws"), Reason.UNREACHABLE, "check the network"),
    "without credentials": (NoCredentialsError(), Reason.DENIED, "give credentials"),
    "empty": (answered(), Reason.NOT_ENOUGH_DATA, ""),
}
# How AWS says that what a component declares does not exist.
NOT_FOUND = {
    "rds:DescribeDBClusters": "DBClusterNotFoundFault",
    "dynamodb:DescribeContinuousBackups": "TableNotFoundException",
    "dynamodb:DescribeTable": "ResourceNotFoundException",
    "s3:GetObjectLockConfiguration": "NoSuchBucket",
    "s3:ListObjectVersions": "NoSuchBucket",
    "s3:ListObjectsV2": "NoSuchBucket",
    "lambda:GetFunctionConfiguration": "ResourceNotFoundException",
    "apigateway:GetRestApis": "NotFoundException",
    "apigateway:GetStage": "NotFoundException",
}
# A listing of everything names nobody, so AWS never says that what was asked about is not there.
NAMES_NOBODY = {"cloudwatch:DescribeAlarms"}
# What was listed a moment ago and is gone says nothing of the component.
VANISHED = {"s3:HeadObject": "404", "s3:GetObject": "NoSuchKey", "s3:GetObjectRetention": "NoSuchKey"}
# Answers with nothing in them that AWS may well give, and what each means to which check.
HOLLOW: dict[str, dict[str, tuple[dict[str, Any], Status]]] = {
    # AWS names a cluster that it does not know with an error; a list without it is no answer.
    "rds:DescribeDBClusters": {"*": ({"DBClusters": []}, Status.UNVERIFIED)},
    "dynamodb:DescribeContinuousBackups": {"*": ({"ContinuousBackupsDescription": {}}, Status.UNVERIFIED)},
    "dynamodb:DescribeTable": {"*": ({"Table": {}}, Status.UNVERIFIED)},
    # A lock without a rule is an answer: new versions are not locked.
    "s3:GetObjectLockConfiguration": {
        "*": ({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, Status.FAIL),
    },
    # A whole listing without a version proves nothing about locks.
    "s3:ListObjectVersions": {"*": ({"IsTruncated": False}, Status.UNVERIFIED)},
    # A whole listing without a dump is a fact: none arrived. Whether it is whole, there is no saying.
    "s3:ListObjectsV2": {
        "backup.dump.freshness": ({"IsTruncated": False}, Status.FAIL),
        "backup.dump.integrity": ({"IsTruncated": False}, Status.UNVERIFIED),
    },
    # No alarm at all is silence, not peace.
    "cloudwatch:DescribeAlarms": {"*": ({"MetricAlarms": []}, Status.UNVERIFIED)},
    "lambda:GetFunctionConfiguration": {"*": ({"FunctionName": "x"}, Status.UNVERIFIED)},
    # A whole listing without the declared API is a fact: there is none.
    "apigateway:GetRestApis": {"*": ({"items": []}, Status.FAIL)},
    "apigateway:GetStage": {"*": ({"stageName": "prod"}, Status.UNVERIFIED)},
    "s3:GetObjectRetention": {"*": ({"Retention": {}}, Status.UNVERIFIED)},
}
_RECOVERY = "ContinuousBackupsDescription.PointInTimeRecoveryDescription"
# Every word of AWS' that a verdict hangs on.
JUDGED = {
    "logging.alarms.quiet": {"cloudwatch:DescribeAlarms MetricAlarms[].StateValue"},
    "inventory.function.active": {"lambda:GetFunctionConfiguration State"},
    "retention.s3.lock_default": {
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.ObjectLockEnabled",
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.Rule.DefaultRetention.Mode",
    },
    "retention.s3.lock_versions": {"s3:HeadObject ObjectLockMode", "s3:GetObjectRetention Retention.Mode"},
    "backup.dynamodb.pitr": {f"dynamodb:DescribeContinuousBackups {_RECOVERY}.PointInTimeRecoveryStatus"},
}
# What S3 asks of KMS on the reader's behalf, which no recording of our calls can show.
ASKED_BY_AWS = {"backup.dump.integrity": {"kms:Decrypt"}}


def each_check() -> pytest.MarkDecorator:
    """Runs a test once for every check of AWS, named by its id."""
    return pytest.mark.parametrize("check", AWS_CHECKS, ids=lambda check: check.id)


@pytest.fixture(scope="module")
def sabotage(box_cloud: EmulatedAws) -> Sabotage:
    """The box's AWS behind a wire."""
    return Sabotage.of(box_cloud)


@each_check()
def test_without_sabotage_every_check_passes(sabotage: Sabotage, check: AnyCheck) -> None:
    """The matrix starts from green, so that whatever it turns is its own doing."""
    assert sabotage.finding(check).status is Status.PASS


@each_check()
def test_a_check_needs_exactly_the_actions_it_asks(sabotage: Sabotage, check: AnyCheck) -> None:
    """The privileges that are asked of people are those that are used, no more and no less."""
    asked = set[str]()
    for operation in ("", *sabotage.operations(check)):
        sabotage.detour(operation)
        (evidence,) = sabotage.run(check).evidence
        asked |= {request.partition(" ")[0] for request in evidence.requests}
    assert asked | ASKED_BY_AWS.get(check.id, set()) == set(check.needs)


@pytest.mark.parametrize("trouble", TROUBLES)
@each_check()
def test_a_call_in_trouble_leaves_the_check_unverified(
    sabotage: Sabotage, check: AnyCheck, trouble: str, subtests: pytest.Subtests
) -> None:
    """Whatever call is refused, lost or hollow, the verdict is UNVERIFIED, with the reason and what to do."""
    answer, reason, remedy = TROUBLES[trouble]
    for operation in sabotage.operations(check):
        with subtests.test(operation=operation):
            sabotage.detour(operation)
            sabotage.wire.answer(operation, answer)
            finding = sabotage.finding(check)
            assert (finding.status, finding.reason) == (Status.UNVERIFIED, reason)
            assert remedy.format(action=action_of(sabotage, operation, check), principal=READER) in finding.remedy


def action_of(sabotage: Sabotage, operation: str, check: AnyCheck) -> str:
    """The IAM action of an operation, as this check asks it."""
    service, _, name = operation.partition(":")
    plain, versioned = iam_action(service, name), iam_action(service, name, {"VersionId": "v"})
    return versioned if versioned in check.needs else plain


@each_check()
def test_half_a_listing_leaves_the_check_unverified(
    sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests
) -> None:
    """A listing whose second page fails is no listing, however good its first page looks."""
    for operation in sabotage.operations(check):
        if operation.partition(":")[2].startswith("List"):
            with subtests.test(operation=operation):
                sabotage.wire.edits[operation] = more_to_come
                sabotage.wire.answer(operation, None, refusal("SlowDown", status=503))
                finding = sabotage.finding(check)
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.THROTTLED)


@each_check()
def test_a_hollow_answer_means_what_it_means(sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests) -> None:
    """An answer with nothing in it is never green, and red only where nothing is itself the fact."""
    for operation in sabotage.operations(check):
        meanings = HOLLOW.get(operation, {})
        for fields, status in [meaning for key, meaning in meanings.items() if key in ("*", check.id)]:
            with subtests.test(operation=operation):
                sabotage.detour(operation)
                sabotage.wire.answer(operation, answered(**fields))
                assert sabotage.finding(check).status is status


@each_check()
def test_an_unknown_word_is_never_green(sabotage: Sabotage, check: AnyCheck) -> None:
    """A value that AWS invents tomorrow leaves each verdict that hangs on it UNVERIFIED, and touches no other."""
    turned = set[str]()
    for operation in sabotage.operations(check):
        for path in enums(sabotage.model(operation)):
            sabotage.detour(operation)
            sabotage.wire.edits[operation] = unknown_at(path)
            finding = sabotage.finding(check)
            if finding.status is not Status.PASS:
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
                turned.add(f"{operation} {path}")
    assert turned == JUDGED.get(check.id, set())


@each_check()
def test_what_does_not_exist_is_a_broken_promise(
    sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests
) -> None:
    """AWS' clear answer that a declared thing is not there fails; what vanished while it was looked at does not."""
    for operation in set(sabotage.operations(check)) - NAMES_NOBODY:
        with subtests.test(operation=operation):
            sabotage.detour(operation)
            code = {**NOT_FOUND, **VANISHED}[operation]
            sabotage.wire.answer(operation, refusal(code, status=404))
            finding = sabotage.finding(check)
            expected = (Status.FAIL, None) if operation in NOT_FOUND else (Status.UNVERIFIED, Reason.STALE)
            assert (finding.status, finding.reason) == expected


@each_check()
def test_a_component_that_is_nowhere_to_be_found_fails(sabotage: Sabotage, check: AnyCheck) -> None:
    """The account's own answer about a name it does not know is understood, and silence about it is never green."""
    component = component_of(check)
    renamed: dict[str, Any] = {
        field: "nowhere" for field in ("name", "bucket") if field in type(component).model_fields
    }
    finding = sabotage.finding(check, component.model_copy(update=renamed))
    if set(sabotage.operations(check)) <= NAMES_NOBODY:
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    else:
        assert (finding.status, finding.observed) == (Status.FAIL, "absent")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyCloud:
    """A box whose database and load nobody asks for."""

    cloud: EmulatedAws


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_turns_its_checks_and_its_repair_turns_them_back(
    sabotage: Sabotage, box_cloud: EmulatedAws, fault: Fault
) -> None:
    """What each fault breaks is seen by the checks it names and by no other, until it is repaired."""
    box = cast("Sandbox", OnlyCloud(cloud=box_cloud))
    named = {expected.check: expected for expected in fault.expected_findings}
    refs = {check.id: named[check.id].component if check.id in named else "" for check in AWS_CHECKS}
    component = {check.id: component_of(check, refs[check.id]) for check in AWS_CHECKS}
    fault.apply(box)
    try:
        broken = {check.id: sabotage.finding(check, component[check.id]).status for check in AWS_CHECKS}
    finally:
        fault.repair(box)
    assert broken == {check.id: named[check.id].status if check.id in named else Status.PASS for check in AWS_CHECKS}
    repaired = {sabotage.finding(check, component[check.id]).status for check in AWS_CHECKS}
    assert repaired == {Status.PASS}


def test_every_check_of_aws_is_broken_by_some_fault() -> None:
    """No check is green because nothing can turn it red."""
    broken = {each.check for fault in AWS_FAULTS for each in fault.expected_findings if each.status is Status.FAIL}
    assert {check.id for check in AWS_CHECKS} <= broken
