"""A secret that is kept in AWS is found by its reference, and one that is not there is an error that shows nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from basewatch.aws import AwsSession
from basewatch.aws.secrets import AwsSecretStore
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.secrets import SecretNotFoundError, parse_reference, resolve
from demo.emulated_aws import EmulatedAws

NAME, PARAMETER = "test/webhook", "/test/routing-key"


@pytest.fixture(name="store")
def _store(box_cloud: EmulatedAws) -> Iterator[AwsSecretStore]:
    """The box's account, in which a secret with two keys and a parameter are kept."""
    manager, parameters = box_cloud.client("secretsmanager"), box_cloud.client("ssm")
    manager.create_secret(Name=NAME, SecretString='{"url": "https://hook", "empty": ""}')
    parameters.put_parameter(Name=PARAMETER, Value="k3y", Type="SecureString")
    session = AwsSession.open("123456789012", "us-east-1", "basewatch-reader", environ=box_cloud.environment)
    yield AwsSecretStore(session.open_client)
    manager.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    parameters.delete_parameter(Name=PARAMETER)


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        (f"aws-secretsmanager:{NAME}#url", "https://hook"),
        (f"aws-secretsmanager:{NAME}", '{"url": "https://hook", "empty": ""}'),
        (f"aws-ssm:{PARAMETER}", "k3y"),
    ],
)
def test_a_secret_is_found_where_its_reference_says(store: AwsSecretStore, reference: str, value: str) -> None:
    """One key of a secret, a whole secret, a parameter."""
    assert resolve(parse_reference(reference), {}, store).reveal() == value


@pytest.mark.parametrize(
    "reference",
    [
        f"aws-secretsmanager:{NAME}#other",
        f"aws-secretsmanager:{NAME}#empty",
        "aws-secretsmanager:test/none#url",
        "aws-ssm:/test/none",
    ],
)
def test_a_secret_that_is_not_there_is_unset(store: AwsSecretStore, reference: str) -> None:
    """A secret, key or parameter that does not exist, or is empty, is an error that names the reference alone."""
    with pytest.raises(SecretNotFoundError, match=reference) as unset:
        resolve(parse_reference(reference), {}, store)
    assert "https://hook" not in str(unset.value)


def test_an_unreadable_secret_is_denied(store: AwsSecretStore, box_cloud: EmulatedAws) -> None:
    """A right that is missing is not a secret that is missing."""
    box_cloud.deny("ssm:GetParameter")
    try:
        with pytest.raises(ObservationError) as denied:
            resolve(parse_reference(f"aws-ssm:{PARAMETER}"), {}, store)
    finally:
        box_cloud.allow_all()
    assert denied.value.reason is Reason.DENIED
