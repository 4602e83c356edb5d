"""STS, IAM and RDS operations that exporters use, in AWS's query protocol."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.identities import Caller, role_keys
from benchmarks.cloudwatch.list_operations import ListOperations, RequestContext
from benchmarks.cloudwatch.metric_data_request import FakeAwsError

_ROLE_PARTS = 6
_NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "rds": "http://rds.amazonaws.com/doc/2014-10-31/",
}


def query_response(
    operation: str, parameters: Mapping[str, str], caller: Caller, listings: ListOperations, now: float
) -> bytes:
    """The XML response of one operation. Raises: FakeAwsError."""
    match operation:
        case "GetCallerIdentity":
            result = _xml({"Arn": caller.arn, "UserId": "AIDAFAKE", "Account": caller.account_id})
        case "AssumeRole":
            result = _assume_role(parameters, now, listings.settings)
        case "ListAccountAliases":
            result = "<AccountAliases><member>benchmark</member></AccountAliases><IsTruncated>false</IsTruncated>"
        case "DescribeDBClusters":
            result = "<DBClusters/>"
        case "DescribeDBInstances":
            context = RequestContext(account_id=caller.account_id, region=caller.region, now=now)
            names = (_xml({"DBInstanceIdentifier": name}) for name in listings.instances(context))
            result = f"<DBInstances>{''.join(f'<DBInstance>{name}</DBInstance>' for name in names)}</DBInstances>"
        case _:
            raise FakeAwsError("InvalidAction", f"Could not find operation {operation}.")
    answer = f"<{operation}Result>{result}</{operation}Result>"
    request = "<ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata>"
    namespace = _NAMESPACES.get(caller.service, "")
    return f'<{operation}Response xmlns="{namespace}">{answer}{request}</{operation}Response>'.encode()


def _assume_role(parameters: Mapping[str, str], now: float, settings: FakeSettings) -> str:
    parts = parameters.get("RoleArn", "").split(":")
    if len(parts) != _ROLE_PARTS or not parts[5].startswith("role/"):
        raise FakeAwsError("ValidationError", "RoleArn is not the ARN of a role.")
    role, session = parts[5].rpartition("/")[2], parameters.get("RoleSessionName", "session")
    keys = role_keys(parts[4], role, session, now)
    # A client compares this with its own clock, even when the fake's clock is stopped.
    ends = datetime.fromtimestamp(time.time() + settings.claimed_session_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    user = {"Arn": f"arn:aws:sts::{parts[4]}:assumed-role/{role}/{session}", "AssumedRoleId": f"AROAFAKE:{session}"}
    return (
        f"<Credentials>{_xml(keys | {'Expiration': ends})}</Credentials><AssumedRoleUser>{_xml(user)}</AssumedRoleUser>"
    )


def _xml(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
