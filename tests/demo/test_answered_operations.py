"""Operations that moto lacks are answered from Python, in the protocol of each service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.answered_operations import Answer, AwsRefusal
from demo.emulated_aws import EmulatedAws

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ARN = "arn:aws:iam::123456789012:role/reader"
POINT = {"RecoveryPointArn": ARN, "CreationDate": NOON}
SIMULATED = {
    "EvaluationResults": [{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}],
    "IsTruncated": False,
}
# One operation of each protocol: its call, a parameter that arrives, and a good response.
CALLS: dict[str, tuple[Callable[[Any], Any], Mapping[str, Any], dict[str, Any]]] = {
    "backup:ListRecoveryPointsByBackupVault": (  # rest-json
        lambda client: client.list_recovery_points_by_backup_vault(BackupVaultName="my vault", MaxResults=5),
        {"BackupVaultName": "my vault", "MaxResults": 5},
        {"RecoveryPoints": [POINT]},
    ),
    "config:DescribeComplianceByConfigRule": (  # json
        lambda client: client.describe_compliance_by_config_rule(ConfigRuleNames=["a"]),
        {"ConfigRuleNames": ["a"]},
        {"ComplianceByConfigRules": [{"ConfigRuleName": "a", "Compliance": {"ComplianceType": "COMPLIANT"}}]},
    ),
    "iam:SimulatePrincipalPolicy": (  # query
        lambda client: client.simulate_principal_policy(PolicySourceArn=ARN, ActionNames=["s3:GetObject"]),
        {"PolicySourceArn": ARN, "ActionNames": ["s3:GetObject"]},
        SIMULATED,
    ),
    "ec2:DescribeFlowLogs": (  # ec2
        lambda client: client.describe_flow_logs(FlowLogIds=["fl-1"]),
        {"FlowLogIds": ["fl-1"]},
        {"FlowLogs": [{"FlowLogId": "fl-1", "FlowLogStatus": "ACTIVE"}]},
    ),
    "accessanalyzer:ListFindingsV2": (  # signed for another name
        lambda client: client.list_findings_v2(analyzerArn=ARN),
        {"analyzerArn": ARN},
        {"findings": []},
    ),
}


@pytest.mark.parametrize("operation", CALLS)
def test_an_answer_gets_the_parameters_and_is_returned(box_cloud: EmulatedAws, operation: str) -> None:
    """The parameters arrive under their names in the API, and the caller reads what was answered."""
    call, expected, response = CALLS[operation]
    asked: list[Mapping[str, Any]] = []

    def answer(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(parameters)
        return response

    with _answering(box_cloud, operation, answer):
        found = call(box_cloud.client(operation.partition(":")[0]))
    assert {name: value for name, value in found.items() if name != "ResponseMetadata"} == response
    assert expected.items() <= asked[0].items()


@pytest.mark.parametrize("operation", CALLS)
def test_a_refusal_is_the_error_of_the_service(box_cloud: EmulatedAws, operation: str) -> None:
    """An answer that refuses gives the caller its error code."""

    def refuse(_parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AwsRefusal("InvalidParameterValueException", "no")

    with _answering(box_cloud, operation, refuse), pytest.raises(ClientError) as caught:
        CALLS[operation][0](box_cloud.client(operation.partition(":")[0]))
    assert caught.value.response["Error"] == {"Code": "InvalidParameterValueException", "Message": "no"} | {
        name: value for name, value in caught.value.response["Error"].items() if name == "Type"
    }


def test_an_operation_that_aws_does_not_have_is_refused(box_cloud: EmulatedAws) -> None:
    """A misspelled operation is found when it is registered."""
    with pytest.raises(KeyError):
        box_cloud.answers.answer("backup:ListRestoreJob", lambda _parameters: {})


@contextmanager
def _answering(cloud: EmulatedAws, operation: str, answer: Answer) -> Iterator[None]:
    cloud.answers.answer(operation, answer)
    try:
        yield
    finally:
        cloud.answers.restore(operation)
