"""Every call of every AWS check fails in every way that AWS can fail; no failure gives PASS, and none gives FAIL.

The calls are recorded, so a new check, or a new call of a check, is tested without a change here. The tables of
`tests.checks.operations` state facts about AWS operations; a test that needs a missing row says which one to add.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from basewatch.aws.actions import iam_action
from basewatch.check import AnyCheck
from basewatch.components import AuroraCluster, AwsAccount, Detection
from basewatch.model import Reason, Status
from checks.retention.inventory import INVENTORY_NEEDS
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault
from tests.changed_aws import ChangedAws
from tests.checks.operations import known
from tests.checks.operations.decisive_fields import COMPARED_FIELDS, DECISIVE_FIELDS
from tests.checks.operations.operation import Listing
from tests.sabotage import AWS_CHECKS, Sabotage, component_of, enums, truncate_page, unknown_at
from tests.wire import READER, Answer, answered, refusal

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
EXHAUSTIVE = (pytest.mark.slow, pytest.mark.exhaustive)
# Checks that list everything there is, so that no operation reports that one does not exist.
WHOLE_ACCOUNT = {"drift.inventory.declared"}
# Actions in no recorded call: S3 performs those at KMS, and only buckets larger than the box's have an inventory read.
IMPLICIT_ACTIONS: dict[str, set[str]] = {
    # Of components of other kinds than the first.
    "retention.logs.retention": {"apigateway:GET", "lambda:GetFunctionConfiguration"},
    "backup.dump.integrity": {"kms:Decrypt"},
    "access.rds.network": {"ec2:GetManagedPrefixListEntries"},
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
    "failure", [name if name in FAST else pytest.param(name, marks=EXHAUSTIVE) for name in FAILURES]
)
@each_check()
def test_a_failed_call_leaves_the_check_unverified(
    sabotage: Sabotage, check: AnyCheck, failure: str, subtests: pytest.Subtests
) -> None:
    """After any failure of any call the verdict is UNVERIFIED, with its reason and remedy."""
    answer, reason, remedy = FAILURES[failure]
    for operation in sabotage.operations(check):
        if failure == "empty" and known(operation).omits_what_there_is_none_of:
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
        if operation.partition(":")[2].startswith("List") and not known(operation).until_found:
            with subtests.test(operation=operation):
                sabotage.wire.edits[operation] = truncate_page
                sabotage.wire.answer(operation, None, refusal("SlowDown", status=503))
                finding = sabotage.finding(check)
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.THROTTLED)


@each_check()
def test_an_empty_response_never_passes(sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests) -> None:
    """A response without content never gives PASS, and gives FAIL only where the absence is the fact."""
    for operation in sabotage.operations(check):
        responses = known(operation).empty
        for fields, status in [responses[key] for key in (check.id, "*") if key in responses][:1]:
            with subtests.test(operation=operation):
                sabotage.cause_call(operation)
                sabotage.wire.answer(operation, answered(**fields))
                assert {finding.status for finding in sabotage.run(check).findings} == {status}


@each_check()
def test_an_unknown_value_never_passes(sabotage: Sabotage, check: AnyCheck) -> None:
    """An undocumented value leaves each verdict that depends on it UNVERIFIED, and changes no other verdict."""
    decisive = set[str]()
    for operation in sabotage.operations(check):
        for path in enums(sabotage.model(operation)):
            if not sabotage.has_value(operation, path):
                continue
            sabotage.cause_call(operation)
            sabotage.wire.edits[operation] = unknown_at(path)
            finding = sabotage.finding(check)
            if f"{operation} {path}" in COMPARED_FIELDS.get(check.id, ()):
                assert finding.status is Status.FAIL
            elif finding.status is not Status.PASS:
                assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
                decisive.add(f"{operation} {path}")
    assert decisive == DECISIVE_FIELDS.get(check.id, set()), (
        f"the verdict of {check.id} depends on {sorted(decisive)}: if that is right, set its row in DECISIVE_FIELDS"
    )


@each_check()
def test_a_component_that_does_not_exist_fails(sabotage: Sabotage, check: AnyCheck, subtests: pytest.Subtests) -> None:
    """The error that a declared component does not exist gives FAIL; an object deleted meanwhile gives UNVERIFIED."""
    for operation in sabotage.operations(check):
        facts = known(operation)
        if facts.listing is None and check.id not in (*WHOLE_ACCOUNT, *facts.absent_is_sound):
            code = facts.not_found or facts.deleted_since_listed
            assert code, f"add not_found, deleted_since_listed or listing to the row of {operation}"
            with subtests.test(operation=operation):
                sabotage.cause_call(operation)
                sabotage.wire.answer(operation, refusal(code, status=404))
                finding = sabotage.finding(check)
                expected = (Status.FAIL, None) if facts.not_found else (Status.UNVERIFIED, Reason.STALE)
                assert (finding.status, finding.reason) == expected


@each_check()
def test_a_component_with_an_unknown_name_fails(sabotage: Sabotage, check: AnyCheck) -> None:
    """The response of the emulated AWS to an unknown name gives FAIL; an unfiltered listing gives UNVERIFIED."""
    component = component_of(check)
    if isinstance(component, AwsAccount | Detection):
        pytest.skip("an account is known by its number, which the sign-in verifies, and a region by its own")
    renamed: dict[str, Any] = {
        field: "nowhere" for field in ("name", "bucket") if field in type(component).model_fields
    }
    if isinstance(component, AuroraCluster) and component.proxy:
        renamed["proxy"] = component.proxy.model_copy(update={"name": "nowhere"})
    finding = sabotage.finding(check, component.model_copy(update=renamed))
    if all(known(operation).listing is Listing.UNFILTERED for operation in sabotage.operations(check)):
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    else:
        assert (finding.status, finding.observed) == (Status.FAIL, "absent")


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_its_checks_and_its_repair_restores_them(
    sabotage: Sabotage, box_cloud: EmulatedAws, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """A fault breaks exactly the checks of its expected findings, until it is repaired.

    What does not ask the services that the fault has changed is judged on the same answers as before, so that only the
    night judges it again.
    """
    sandbox = ChangedAws(box_cloud, monkeypatch)
    expected = {finding.check: finding for finding in fault.expected_findings}
    fault.apply(sandbox.as_sandbox)
    changed = sandbox.services()
    asking = [
        check
        for check in AWS_CHECKS
        if check.id in expected
        or not changed
        or changed & {name.partition(":")[0] for name in sabotage.operations(check)}
    ]
    refs = {check.id: expected[check.id].component if check.id in expected else "" for check in asking}
    component = {check.id: component_of(check, refs[check.id]) for check in asking}
    sabotage.wire.forget(changed)
    try:
        broken = {check.id: sabotage.finding(check, component[check.id]).status for check in asking}
    finally:
        fault.repair(sandbox.as_sandbox)
        sabotage.wire.forget(sandbox.services())
    assert broken == {check.id: expected[check.id].status if check.id in expected else Status.PASS for check in asking}
    # The others are compared with every further fault.
    restored = [check for check in AWS_CHECKS if check.id in expected]
    assert {sabotage.finding(check, component[check.id]).status for check in restored} == {Status.PASS}


def test_every_check_of_aws_is_broken_by_some_fault() -> None:
    """Every AWS check is an expected FAIL of at least one fault."""
    broken = {each.check for fault in AWS_FAULTS for each in fault.expected_findings if each.status is Status.FAIL}
    unbroken = sorted({check.id for check in AWS_CHECKS} - broken)
    assert not unbroken, f"add a fault to AWS_FAULTS in demo/faults/aws.py that breaks {', '.join(unbroken)}"
