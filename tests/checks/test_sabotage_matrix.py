"""Every call of every AWS check fails in every way that AWS can fail; no failure gives PASS, and none gives FAIL.

The calls are recorded, so a new check, or a new call of a check, is tested without a change here. The tables below
state facts about AWS operations; a test that needs a missing row says which one to add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from basewatch.aws.actions import iam_action
from basewatch.check import AnyCheck
from basewatch.components import AuroraCluster
from basewatch.model import Reason, Status
from checks.retention.inventory import INVENTORY_NEEDS
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault
from tests.sabotage import AWS_CHECKS, Sabotage, component_of, enums, truncate_page, unknown_at
from tests.wire import READER, Answer, answered, refusal

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

# Every way in which a call can fail without a fact about the component.
FAILURES: dict[str, tuple[Answer, Reason, str]] = {
    "denied": (refusal("AccessDenied", status=403), Reason.DENIED, "grant {action} to {principal}"),
    "throttled": (refusal("ThrottlingException"), Reason.THROTTLED, "run again"),
    "slowed down": (refusal("SlowDown", status=503), Reason.THROTTLED, "run again"),
    "expired": (refusal("ExpiredToken"), Reason.DENIED, "renew the credentials of {principal}"),
    "broken": (refusal("InternalFailure", status=500), Reason.UNREACHABLE, "run again"),
    "unknown": (refusal("BrandNewException"), Reason.UNSUPPORTED, "report this"),
    "unparsable": (ResponseParserError("<!doctype html>"), Reason.UNREACHABLE, "check the network"),
    "late": (ReadTimeoutError(endpoint_url="https://aws"), Reason.TIMEOUT, "check the network"),
    "cut off": (EndpointConnectionError(endpoint_url="https://aws"), Reason.UNREACHABLE, "check the network"),
    "without credentials": (NoCredentialsError(), Reason.DENIED, "provide credentials"),
    "empty": (answered(), Reason.NOT_ENOUGH_DATA, ""),
}
# The others differ only in the errors that basewatch.aws.errors translates, which has tests of its own.
FAST = {"denied", "late", "empty"}
# The error code by which an operation reports that the declared component does not exist.
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
    "apigateway:GetExport": "NotFoundException",
    "rds:DescribeDBProxies": "DBProxyNotFoundFault",
    "rds:DescribeDBProxyTargets": "DBProxyTargetGroupNotFoundFault",
    "kms:DescribeKey": "NotFoundException",
    "lambda:GetFunctionConcurrency": "ResourceNotFoundException",
    "lambda:ListEventSourceMappings": "ResourceNotFoundException",
    "sqs:GetQueueUrl": "QueueDoesNotExist",
    "dax:DescribeClusters": "ClusterNotFoundFault",
    "events:DescribeRule": "ResourceNotFoundException",
    "events:ListTargetsByRule": "ResourceNotFoundException",
    "sns:ListSubscriptionsByTopic": "NotFound",
}
# The error code when an object that was listed has been deleted since: no fact about the component.
DELETED_SINCE_LISTED = {
    "rds:DescribeDBInstances": "DBInstanceNotFound",
    "s3:HeadObject": "404",
    "s3:GetObject": "NoSuchKey",
    "s3:GetObjectRetention": "NoSuchKey",
}
# Operations that list everything without naming a component, so they never report that one does not exist.
UNFILTERED_LISTINGS = {"cloudwatch:DescribeAlarms", "apigateway:GetUsagePlans"}
# Operations that list everything, among which the declared component must be: its absence is a fact.
WHOLE_LISTINGS = {"backup:ListBackupVaults"}
# Listings in which one item decides, so the pages after it are not read: a confirmed subscription.
UNTIL_FOUND = {"sns:ListSubscriptionsByTopic"}
# Operations whose sound answer leaves out what there is none of: a list, or a reservation.
OMITTED_FIELDS = {"apigateway:GetRestApis", "apigateway:GetUsagePlans", "lambda:GetFunctionConcurrency"}
# Responses without content that AWS can return, and the status that each gives, by check id or `*` for all checks.
EMPTY_RESPONSES: dict[str, dict[str, tuple[dict[str, Any], Status]]] = {
    # AWS reports an unknown cluster by an error, so an empty list is no fact.
    "rds:DescribeDBClusters": {"*": ({"DBClusters": []}, Status.UNVERIFIED)},
    "dynamodb:DescribeContinuousBackups": {"*": ({"ContinuousBackupsDescription": {}}, Status.UNVERIFIED)},
    "dynamodb:DescribeTable": {"*": ({"Table": {}}, Status.UNVERIFIED)},
    # An Object Lock without a default retention is a fact: new versions are not locked.
    "s3:GetObjectLockConfiguration": {
        "*": ({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}, Status.FAIL),
    },
    # A complete listing without a version proves nothing about locks.
    "s3:ListObjectVersions": {"*": ({"IsTruncated": False}, Status.UNVERIFIED)},
    # A complete listing without a dump is a fact about freshness, but not about integrity.
    "s3:ListObjectsV2": {
        "backup.dump.freshness": ({"IsTruncated": False}, Status.FAIL),
        "backup.dump.integrity": ({"IsTruncated": False}, Status.UNVERIFIED),
        "backup.dump.kept": ({"IsTruncated": False}, Status.FAIL),
    },
    # Without an alarm, no alarm firing proves nothing.
    "cloudwatch:DescribeAlarms": {"*": ({"MetricAlarms": []}, Status.UNVERIFIED)},
    # A topic without a subscription is a fact: nobody is told.
    "sns:ListSubscriptionsByTopic": {"*": ({"Subscriptions": []}, Status.FAIL)},
    "lambda:GetFunctionConfiguration": {"*": ({"FunctionName": "x"}, Status.UNVERIFIED)},
    # A complete listing without the declared API is a fact: it does not exist. The service omits an empty list.
    "apigateway:GetRestApis": {"*": ({"items": []}, Status.FAIL), "inventory.api.deployed": ({}, Status.FAIL)},
    "apigateway:GetUsagePlans": {"*": ({}, Status.FAIL)},
    "apigateway:GetExport": {"*": ({}, Status.UNVERIFIED)},
    "rds:DescribeDBProxies": {"*": ({"DBProxies": []}, Status.UNVERIFIED)},
    # A proxy without a target is a fact: it leads nowhere.
    "rds:DescribeDBProxyTargets": {"*": ({"Targets": []}, Status.FAIL)},
    "rds:DescribeDBInstances": {"*": ({"DBInstances": []}, Status.UNVERIFIED)},
    "lambda:ListEventSourceMappings": {"*": ({}, Status.UNVERIFIED)},
    "sqs:GetQueueUrl": {"*": ({}, Status.UNVERIFIED)},
    "dax:DescribeClusters": {"*": ({"Clusters": []}, Status.UNVERIFIED)},
    "events:DescribeRule": {"*": ({}, Status.UNVERIFIED)},
    # A rule without a target is a fact: nothing happens when it triggers.
    "events:ListTargetsByRule": {"*": ({"Targets": []}, Status.FAIL)},
    "backup:ListBackupVaults": {"*": ({"BackupVaultList": []}, Status.FAIL)},
    "kms:DescribeKey": {"*": ({"KeyMetadata": {}}, Status.UNVERIFIED)},
    "apigateway:GetStage": {"inventory.api.deployed": ({"stageName": "prod"}, Status.UNVERIFIED)},
    "s3:GetObjectRetention": {"*": ({"Retention": {}}, Status.UNVERIFIED)},
}
_RECOVERY = "ContinuousBackupsDescription.PointInTimeRecoveryDescription"
# The enumerated fields of responses that the verdict of a check depends on.
DECISIVE_FIELDS = {
    "inventory.rule.enabled": {"events:DescribeRule State"},
    "inventory.table.active": {"dynamodb:DescribeTable Table.TableStatus"},
    "inventory.proxy.available": {
        "rds:DescribeDBProxies DBProxies[].Status",
        "rds:DescribeDBProxyTargets Targets[].TargetHealth.State",
    },
    "encryption.aurora.storage_key": {"kms:DescribeKey KeyMetadata.KeyState"},
    "logging.alarms.quiet": {
        "cloudwatch:DescribeAlarms MetricAlarms[].StateValue",
    },
    "inventory.function.active": {"lambda:GetFunctionConfiguration State"},
    "retention.s3.lock_default": {
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.ObjectLockEnabled",
        "s3:GetObjectLockConfiguration ObjectLockConfiguration.Rule.DefaultRetention.Mode",
    },
    "retention.s3.lock_versions": {"s3:HeadObject ObjectLockMode", "s3:GetObjectRetention Retention.Mode"},
    "backup.dynamodb.pitr": {
        f"dynamodb:DescribeContinuousBackups {_RECOVERY}.PointInTimeRecoveryStatus",
        "dynamodb:DescribeTable Table.TableStatus",
    },
}
# Actions in no recorded call: S3 performs those at KMS, and only buckets larger than the box's have an inventory read.
IMPLICIT_ACTIONS: dict[str, set[str]] = {
    "backup.dump.integrity": {"kms:Decrypt"},
    "retention.s3.lock_versions": set(INVENTORY_NEEDS),
    "retention.s3.delete_markers": set(INVENTORY_NEEDS),
}


def each_check() -> pytest.MarkDecorator:
    """Runs a test once for every check of AWS, named by its id."""
    return pytest.mark.parametrize("check", AWS_CHECKS, ids=lambda check: check.id)


@pytest.fixture(scope="module")
def sabotage(box_cloud: EmulatedAws) -> Sabotage:
    """The emulated AWS behind a wire, signed in."""
    return Sabotage.of(box_cloud)


def test_the_sign_in_is_not_recorded_as_a_call_of_a_check(box_cloud: EmulatedAws) -> None:
    """The first check on a new session has only its own calls, so each test gives the same result alone."""
    first = Sabotage.of(box_cloud)
    assert first.wire.asked == []
    assert not [name for name in first.operations(AWS_CHECKS[0]) if name.startswith("sts:")]


@each_check()
def test_without_sabotage_every_check_passes(sabotage: Sabotage, check: AnyCheck) -> None:
    """Every check passes before a response is changed."""
    assert sabotage.finding(check).status is Status.PASS


@each_check()
def test_a_check_needs_exactly_the_actions_that_it_uses(sabotage: Sabotage, check: AnyCheck) -> None:
    """The documented privileges are the privileges that the check uses."""
    used = set[str]()
    for operation in ("", *sabotage.operations(check)):
        sabotage.cause_call(operation)
        (evidence,) = sabotage.run(check).evidence
        used |= {request.partition(" ")[0] for request in evidence.requests}
    used |= IMPLICIT_ACTIONS.get(check.id, set())
    assert used == set(check.needs), f"set `needs` of {check.id} to {sorted(used)}, or add a row to IMPLICIT_ACTIONS"


@pytest.mark.parametrize(
    "failure", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in FAILURES]
)
@each_check()
def test_a_failed_call_leaves_the_check_unverified(
    sabotage: Sabotage, check: AnyCheck, failure: str, subtests: pytest.Subtests
) -> None:
    """After any failure of any call the verdict is UNVERIFIED, with its reason and remedy."""
    answer, reason, remedy = FAILURES[failure]
    for operation in sabotage.operations(check):
        if failure == "empty" and operation in OMITTED_FIELDS:
            continue
        with subtests.test(operation=operation):
            sabotage.cause_call(operation)
            sabotage.wire.answer(operation, answer)
            finding = sabotage.finding(check)
            assert (finding.status, finding.reason) == (Status.UNVERIFIED, reason)
            assert remedy.format(action=action_of(sabotage, operation, check), principal=READER) in finding.remedy


def action_of(sabotage: Sabotage, operation: str, check: AnyCheck) -> str:
    """The IAM action of an operation, as this check calls it."""
    service, _, name = operation.partition(":")
    plain, versioned = iam_action(service, name), iam_action(service, name, {"VersionId": "v"})
    return versioned if versioned in check.needs else plain


@each_check()
def test_an_incomplete_listing_leaves_the_check_unverified(
    sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests
) -> None:
    """A listing whose second page fails gives UNVERIFIED, whatever is on the first page."""
    for operation in sabotage.operations(check):
        if operation.partition(":")[2].startswith("List") and operation not in UNTIL_FOUND:
            with subtests.test(operation=operation):
                sabotage.wire.edits[operation] = truncate_page
                sabotage.wire.answer(operation, None, refusal("SlowDown", status=503))
                finding = sabotage.finding(check)
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.THROTTLED)


@each_check()
def test_an_empty_response_never_passes(sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests) -> None:
    """A response without content never gives PASS, and gives FAIL only where the absence is the fact."""
    for operation in sabotage.operations(check):
        responses = EMPTY_RESPONSES.get(operation, {})
        for fields, status in [response for key, response in responses.items() if key in ("*", check.id)]:
            with subtests.test(operation=operation):
                sabotage.cause_call(operation)
                sabotage.wire.answer(operation, answered(**fields))
                assert sabotage.finding(check).status is status


@each_check()
def test_an_unknown_value_never_passes(sabotage: Sabotage, check: AnyCheck) -> None:
    """An undocumented value leaves each verdict that depends on it UNVERIFIED, and changes no other verdict."""
    decisive = set[str]()
    for operation in sabotage.operations(check):
        for path in enums(sabotage.model(operation)):
            sabotage.cause_call(operation)
            sabotage.wire.edits[operation] = unknown_at(path)
            finding = sabotage.finding(check)
            if finding.status is not Status.PASS:
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
                decisive.add(f"{operation} {path}")
    assert decisive == DECISIVE_FIELDS.get(check.id, set()), (
        f"the verdict of {check.id} depends on {sorted(decisive)}: if that is right, set its row in DECISIVE_FIELDS"
    )


def absent_code(operation: str) -> str:
    """The error code by which the operation reports that the component, or an object of it, does not exist."""
    known = {**NOT_FOUND, **DELETED_SINCE_LISTED}
    assert operation in known, (
        f"find in the API reference how {operation} reports something that does not exist: add the error code to "
        "NOT_FOUND if it is the declared component, or to DELETED_SINCE_LISTED if it is an object that was listed "
        "before; add the operation to UNFILTERED_LISTINGS if it lists everything and never reports it"
    )
    return known[operation]


@each_check()
def test_a_component_that_does_not_exist_fails(sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests) -> None:
    """The error that a declared component does not exist gives FAIL; an object deleted meanwhile gives UNVERIFIED."""
    for operation in set(sabotage.operations(check)) - UNFILTERED_LISTINGS - WHOLE_LISTINGS:
        with subtests.test(operation=operation):
            sabotage.cause_call(operation)
            sabotage.wire.answer(operation, refusal(absent_code(operation), status=404))
            finding = sabotage.finding(check)
            expected = (Status.FAIL, None) if operation in NOT_FOUND else (Status.UNVERIFIED, Reason.STALE)
            assert (finding.status, finding.reason) == expected


@each_check()
def test_a_component_with_an_unknown_name_fails(sabotage: Sabotage, check: AnyCheck) -> None:
    """The response of the emulated AWS to an unknown name gives FAIL; an unfiltered listing gives UNVERIFIED."""
    component = component_of(check)
    renamed: dict[str, Any] = {
        field: "nowhere" for field in ("name", "bucket") if field in type(component).model_fields
    }
    if isinstance(component, AuroraCluster) and component.proxy:
        renamed["proxy"] = component.proxy.model_copy(update={"name": "nowhere"})
    finding = sabotage.finding(check, component.model_copy(update=renamed))
    if set(sabotage.operations(check)) <= UNFILTERED_LISTINGS:
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    else:
        assert (finding.status, finding.observed) == (Status.FAIL, "absent")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyAws:
    """The part of a sandbox that the faults of AWS use."""

    aws: EmulatedAws


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_its_checks_and_its_repair_restores_them(
    sabotage: Sabotage, box_cloud: EmulatedAws, fault: Fault
) -> None:
    """A fault breaks exactly the checks of its expected findings, until it is repaired."""
    sandbox = cast("Sandbox", OnlyAws(aws=box_cloud))
    expected = {finding.check: finding for finding in fault.expected_findings}
    refs = {check.id: expected[check.id].component if check.id in expected else "" for check in AWS_CHECKS}
    component = {check.id: component_of(check, refs[check.id]) for check in AWS_CHECKS}
    fault.apply(sandbox)
    sabotage.wire.forget()
    try:
        broken = {check.id: sabotage.finding(check, component[check.id]).status for check in AWS_CHECKS}
    finally:
        fault.repair(sandbox)
        sabotage.wire.forget()
    assert broken == {
        check.id: expected[check.id].status if check.id in expected else Status.PASS for check in AWS_CHECKS
    }
    # The others are compared with every further fault.
    restored = [check for check in AWS_CHECKS if check.id in expected]
    assert {sabotage.finding(check, component[check.id]).status for check in restored} == {Status.PASS}


def test_every_check_of_aws_is_broken_by_some_fault() -> None:
    """Every AWS check is an expected FAIL of at least one fault."""
    broken = {each.check for fault in AWS_FAULTS for each in fault.expected_findings if each.status is Status.FAIL}
    unbroken = sorted({check.id for check in AWS_CHECKS} - broken)
    assert not unbroken, f"add a fault to AWS_FAULTS in demo/faults/aws.py that breaks {', '.join(unbroken)}"
