"""Proves what each error of AWS means: never a verdict, always a reason, and a remedy that names what to do."""

from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.credentials import RefreshableCredentials
from botocore.retries.standard import ThrottledRetryableChecker

from basewatch.aws.errors import AwsRequest, botocore_errors, error_code, translate_error
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason

ASKED = AwsRequest(action="rds:DescribeDBClusters", principal="arn:aws:sts::123456789012:assumed-role/reader/basewatch")


def refused(code: str, message: str = "", status: int = 400) -> exceptions.ClientError:
    """AWS' answer with this error code."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(response, "DescribeDBClusters")


def meaning(error: Exception) -> ObservationError:
    """The error that an observation gets for one of botocore's, which must not say that anything is absent."""
    understood = translate_error(error, ASKED)
    assert isinstance(understood, ObservationError)
    return understood


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"])
def test_a_denied_call_names_the_grant_it_lacks(code: str) -> None:
    """The remedy names the action to grant and the principal."""
    understood = meaning(refused(code))
    assert understood.reason is Reason.DENIED
    assert understood.remedy == f"grant rds:DescribeDBClusters to {ASKED.principal}"


def test_the_action_that_aws_names_wins_over_the_one_asked() -> None:
    """A key that may not be used is not mistaken for an object that may not be read."""
    message = "User: arn:x is not authorized to perform: kms:Decrypt on resource: arn:y because no policy allows it"
    assert meaning(refused("AccessDenied", message)).remedy == f"grant kms:Decrypt to {ASKED.principal}"


@pytest.mark.parametrize("code", ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
def test_every_code_that_botocore_retries_as_throttling_is_throttling(code: str) -> None:
    """What is still throttled after every retry says so."""
    assert meaning(refused(code)).reason is Reason.THROTTLED


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "401"])
def test_credentials_that_aws_does_not_accept_are_to_be_renewed(code: str) -> None:
    """An expired token is not sent hunting for a grant."""
    understood = meaning(refused(code))
    assert (understood.reason, "renew" in understood.remedy) == (Reason.DENIED, True)


def test_credentials_that_expire_before_they_are_used_are_a_matter_of_the_clock() -> None:
    """Renewing credentials meets a clock that is ahead, says RuntimeError, and the person reads where to look."""
    renewed = {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "2020-01-01T00:00:00Z"}
    keys = RefreshableCredentials.create_from_metadata(renewed, refresh_using=lambda: renewed, method="test")
    with pytest.raises(botocore_errors()) as caught:
        keys.get_frozen_credentials()
    understood = meaning(caught.value)
    assert (understood.reason, "clock" in understood.remedy) == (Reason.DENIED, True)


@pytest.mark.parametrize(
    "code", ["DBClusterNotFoundFault", "NoSuchBucket", "ResourceNotFoundException", "TableNotFoundException"]
)
def test_a_declared_thing_that_does_not_exist_is_absent(code: str) -> None:
    """AWS' clear answer that there is no such thing is a fact."""
    assert isinstance(translate_error(refused(code, "it is not there"), ASKED), NotFoundError)


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed"])
def test_an_object_that_went_away_meanwhile_makes_nothing_absent(code: str) -> None:
    """Something listed and then gone says nothing about the component."""
    assert meaning(refused(code, status=404)).reason is Reason.STALE


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (refused("InternalFailure", status=500), Reason.UNREACHABLE),
        (refused("Brand-New-Code"), Reason.UNSUPPORTED),
        (refused("Brand-New-Code", status=403), Reason.DENIED),
        (refused("Brand-New-Code", status=429), Reason.THROTTLED),
        (refused("PermanentRedirect", status=301), Reason.UNSUPPORTED),
        (exceptions.ConnectTimeoutError(endpoint_url="https://rds"), Reason.TIMEOUT),
        (exceptions.ReadTimeoutError(endpoint_url="https://rds"), Reason.TIMEOUT),
        (exceptions.EndpointConnectionError(endpoint_url="https://rds"), Reason.UNREACHABLE),
        (exceptions.ConnectionClosedError(endpoint_url="https://rds"), Reason.UNREACHABLE),
        (exceptions.SSLError(endpoint_url="https://rds", error="bad certificate"), Reason.UNREACHABLE),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), Reason.UNREACHABLE),
        (exceptions.NoCredentialsError(), Reason.DENIED),
        (exceptions.ProfileNotFound(profile="p"), Reason.DENIED),
        (exceptions.ParamValidationError(report="Invalid bucket name"), Reason.UNSUPPORTED),
        (exceptions.PaginationError(message="the same token again"), Reason.UNSUPPORTED),
        (exceptions.BotoCoreError(), Reason.UNSUPPORTED),
    ],
)
def test_every_other_error_is_a_reason_for_not_having_looked(error: Exception, reason: Reason) -> None:
    """Whatever goes wrong on the way becomes a reason and a remedy, and neither PASS nor FAIL."""
    understood = meaning(error)
    assert understood.reason is reason
    assert understood.remedy


def test_every_error_of_botocore_has_a_meaning() -> None:
    """No class of botocore's is left to surprise the layers above."""
    roots = (exceptions.BotoCoreError, exceptions.ClientError)
    found = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, roots)]
    assert len(found) > 90
    for kind in found:
        bare: Exception = kind.__new__(kind)  # type: ignore[call-overload]  # each class wants arguments of its own
        assert meaning(bare).reason in Reason


def test_what_a_credential_program_printed_is_not_repeated() -> None:
    """A secret on a credential program's standard error stays there."""
    error = exceptions.CredentialRetrievalError(provider="custom-process", error_msg="token=hunter2")
    assert "hunter2" not in str(translate_error(error, ASKED))


def test_a_long_answer_is_cut_to_one_line() -> None:
    """A finding stays readable, whatever AWS sent."""
    detail = meaning(refused("Odd", "line\n" * 1000)).detail
    assert "\n" not in detail
    assert len(detail) < 700


def test_an_error_without_an_answer_has_no_code() -> None:
    """Only AWS gives codes."""
    assert error_code(exceptions.NoCredentialsError()) == ""
