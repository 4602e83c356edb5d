"""The emulated AWS behind an IAM policy: what the policy does not allow is denied as IAM denies it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from botocore.exceptions import ClientError

from basewatch.aws import AwsClient, AwsSession, SharedAnswers
from basewatch.aws.actions import iam_action
from basewatch.aws.identity import botocore_session
from basewatch.clients import K
from basewatch.components import Component
from basewatch.model import Finding
from basewatch.policies import Context, Policies, Policy, Request, Requester, Truth, decide, parse_policy
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import run_checks
from demo.emulated_aws import EmulatedAws
from tests.sabotage import declared
from tests.wire import ACCOUNT, REGION, RememberingWire, refusal

_DEADLINES = Deadlines(per_observation=timedelta(seconds=60), total=timedelta(seconds=600), concurrency=1)
_READER = Requester(kind="role", arn=f"arn:aws:iam::{ACCOUNT}:role/basewatch-reader")
# The resource on which AWS decides a request, by a parameter of it: the resource types of the service authorization
# reference. What is in no row is decided on no resource.
_RESOURCES = {
    ("rds", "DBClusterIdentifier"): "arn:aws:rds:{region}:{account}:cluster:{value}",
    ("rds", "DBClusterSnapshotIdentifier"): "arn:aws:rds:{region}:{account}:cluster-snapshot:{value}",
    ("rds", "DBInstanceIdentifier"): "arn:aws:rds:{region}:{account}:db:{value}",
    ("rds", "DBProxyName"): "arn:aws:rds:{region}:{account}:db-proxy:prx-0123456789abcdef0",
    ("rds", "DBClusterParameterGroupName"): "arn:aws:rds:{region}:{account}:cluster-pg:{value}",
    ("dynamodb", "TableName"): "arn:aws:dynamodb:{region}:{account}:table/{value}",
    ("dynamodb", "ResourceArn"): "{value}",
    ("lambda", "FunctionName"): "arn:aws:lambda:{region}:{account}:function:{value}",
    ("dax", "ClusterNames"): "arn:aws:dax:{region}:{account}:cache/{value}",
    ("events", "Name"): "arn:aws:events:{region}:{account}:rule/{value}",
    ("events", "Rule"): "arn:aws:events:{region}:{account}:rule/{value}",
    ("sqs", "QueueName"): "arn:aws:sqs:{region}:{account}:{value}",
    ("sqs", "QueueUrl"): "arn:aws:sqs:{region}:{account}:{last}",
    ("sns", "TopicArn"): "{value}",
    ("kms", "KeyId"): "arn:aws:kms:{region}:{account}:key/{last}",
    ("cloudwatch", "AlarmTypes"): "arn:aws:cloudwatch:{region}:{account}:alarm:*",
    ("cloudwatch", "AlarmName"): "arn:aws:cloudwatch:{region}:{account}:alarm:{value}",
    ("cloudwatch", "DashboardName"): "arn:aws:cloudwatch::{account}:dashboard/{value}",
    ("backup", "BackupVaultName"): "arn:aws:backup:{region}:{account}:backup-vault:{value}",
    ("backup", "BackupPlanId"): "arn:aws:backup:{region}:{account}:backup-plan:{value}",
    ("backup", "RestoreTestingPlanName"): "arn:aws:backup:{region}:{account}:restore-testing-plan:{value}",
    ("cloudtrail", "Name"): "arn:aws:cloudtrail:{region}:{account}:trail/{last}",
    ("cloudtrail", "TrailName"): "arn:aws:cloudtrail:{region}:{account}:trail/{last}",
    ("logs", "logGroupNamePrefix"): "arn:aws:logs:{region}:{account}:log-group:{value}",
    ("logs", "logGroupName"): "arn:aws:logs:{region}:{account}:log-group:{value}",
    ("iam", "RoleName"): "arn:aws:iam::{account}:role/{value}",
    ("iam", "UserName"): "arn:aws:iam::{account}:user/{value}",
    ("iam", "PolicyArn"): "{value}",
    ("secretsmanager", "SecretId"): "arn:aws:secretsmanager:{region}:{account}:secret:{value}-AbCdEf",
    ("guardduty", "DetectorId"): "arn:aws:guardduty:{region}:{account}:detector/{value}",
    ("access-analyzer", "analyzerArn"): "{value}",
    ("budgets", "AccountId"): "arn:aws:budgets::{value}:budget/*",
    ("cloudformation", "StackName"): "arn:aws:cloudformation:{region}:{account}:stack/{value}/*",
}
_API_PATHS = {"GetRestApis": "/restapis", "GetUsagePlans": "/usageplans", "GetDomainNames": "/domainnames"}


@dataclass(eq=False)
class GuardedAccount:
    """The account behind `policy`; `denied` are the requests that it does not allow, `used` the actions asked for."""

    session: AwsSession
    policy: Policy | None = None
    denied: list[str] = field(default_factory=list[str])
    allowed: list[Request] = field(default_factory=list[Request])

    @classmethod
    def of(cls, cloud: EmulatedAws) -> GuardedAccount:
        """The account without a policy yet, signed in. Each request reaches it once."""
        core = RememberingWire().attach(botocore_session(cloud.environment))
        session = AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=cloud.environment, session=core)
        assert session.principal
        guarded = cls(session=session)
        core.register("before-parameter-build", guarded._decide)
        return guarded

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of the account for one observation, as the engine opens it."""
        del component
        assert client_type is AwsClient
        return cast(
            "AbstractContextManager[K]",
            nullcontext(self.session.open_client(answers=SharedAnswers(), declared=declared())),
        )

    def findings(self, checks: tuple[PlannedCheck, ...], document: Mapping[str, Any]) -> tuple[Finding, ...]:
        """The findings of the checks when the reader has only the policy of this document."""
        self.policy = parse_policy(document, "the reader's policy")
        self.denied.clear()
        self.allowed.clear()
        now = datetime.now(UTC)
        try:
            return run_checks(checks, self, _DEADLINES, now, lambda: now).findings
        finally:
            self.policy = None

    def _decide(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if self.policy is None or model.service_model.service_name == "sts":
            return
        action = iam_action(model.service_model.service_name, model.name, params)
        region = str(context.get("client_region", REGION))
        request = _request(action, model.name, region, params)
        if is_allowed(request, self.policy):
            self.allowed.append(request)
            return
        self.denied.append(f"{action} on {request.resource}")
        answer = refusal("AccessDenied", f"not authorized to perform: {action}", status=403)
        raise ClientError(answer, model.name)


def is_allowed(request: Request, policy: Policy) -> bool:
    """Whether the policy alone allows the request, for certain."""
    return decide(request, Policies(identity=(policy,))).allowed is Truth.TRUE


def without(document: Mapping[str, Any], sid: str, action: str) -> Mapping[str, Any]:
    """The policy's document without one action in one statement."""
    statements = (
        {**each, "Action": [kept for kept in each["Action"] if (each["Sid"], kept) != (sid, action)]}
        for each in document["Statement"]
    )
    return {**document, "Statement": [each for each in statements if each["Action"]]}


def only(statement: Mapping[str, Any], resource: str) -> Policy:
    """The policy of one statement on one of its resources."""
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": resource}]}
    return parse_policy(json.loads(json.dumps(document)), "one resource")


def _request(action: str, operation: str, region: str, params: Mapping[str, Any]) -> Request:
    service = action.partition(":")[0]
    known = {
        "aws:requestedregion": (region,),
        "aws:resourceaccount": (ACCOUNT,),
        "s3:prefix": tuple(_texts(params.get("Prefix", ()))),
        "kms:viaservice": (),
    }
    return Request(
        requester=_READER,
        action=action,
        resource=_resource(service, operation, region, params),
        context=Context(known=known),
    )


def _resource(service: str, operation: str, region: str, params: Mapping[str, Any]) -> str:
    if service == "s3":
        key = f"/{params['Key']}" if "Key" in params else ""
        return f"arn:aws:s3:::{params['Bucket']}{key}" if "Bucket" in params else "*"
    if service == "apigateway":
        kind, identifier = ("apis", params["ApiId"]) if "ApiId" in params else ("restapis", params.get("restApiId"))
        path = f"/{kind}/{identifier}/{operation}" if identifier else _API_PATHS[operation]
        return f"arn:aws:apigateway:{region}::{path}"
    for (of, parameter), pattern in _RESOURCES.items():
        if of == service and params.get(parameter):
            value = next(_texts(params[parameter]))
            if value.startswith("arn:"):
                return value
            last = value.rpartition("/")[2]
            return pattern.format(region=region, account=ACCOUNT, value=value, last=last)
    return "*"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from map(str, value)
