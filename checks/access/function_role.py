"""A check that the execution role of a function has no permission over everything of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import Function
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import ANYBODY, DETAILS_NEEDS, Identity, Request, account_identities, who_may
from checks.access.administrators import ESCALATIONS
from checks.access.at_will import AT_WILL, is_bounded
from checks.access.named import named

# What no function needs on every resource of its kind in every region.
_ON_EVERYTHING = (
    ("iam:PassRole", "iam::{account}:role/*"),
    ("sts:AssumeRole", "iam::{account}:role/*"),
    ("secretsmanager:GetSecretValue", "secretsmanager:*:{account}:secret:*"),
    ("ssm:GetParameter", "ssm:*:{account}:parameter/*"),
    ("kms:Decrypt", "kms:*:{account}:key/*"),
    ("kms:ScheduleKeyDeletion", "kms:*:{account}:key/*"),
    ("s3:GetObject", "s3:::*"),
    ("s3:PutObject", "s3:::*"),
    ("s3:DeleteObject", "s3:::*"),
    ("dynamodb:GetItem", "dynamodb:*:{account}:table/*"),
    ("dynamodb:Scan", "dynamodb:*:{account}:table/*"),
    ("dynamodb:PutItem", "dynamodb:*:{account}:table/*"),
    ("dynamodb:DeleteTable", "dynamodb:*:{account}:table/*"),
    ("rds-db:connect", "rds-db:*:{account}:dbuser:*"),
    ("rds:DeleteDBCluster", "rds:*:{account}:cluster:*"),
    ("lambda:InvokeFunction", "lambda:*:{account}:function:*"),
    ("lambda:UpdateFunctionCode", "lambda:*:{account}:function:*"),
    ("sqs:SendMessage", "sqs:*:{account}:*"),
    ("sns:Publish", "sns:*:{account}:*"),
)
# Their permissions are for the whole account by the nature of the service.
_HARMLESS = frozenset({"logs", "xray", "cloudwatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRole:
    """The execution role of a function, and what it may do to everything of a kind.

    `unknown` are the actions that depend on conditions of which nothing is known.
    """

    arn: str
    broad: tuple[str, ...]
    through: str
    unknown: tuple[str, ...]


def function_role(aws: AwsClient, function: Function) -> FunctionRole:
    """The role of GetFunctionConfiguration, and its policies from GetAccountAuthorizationDetails."""
    arn = required(aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name), "Role", kind=str)
    identity = next((each for each in account_identities(aws) if each.requester.arn == arn), None)
    if identity is None:
        raise ObservationError(
            Reason.STALE, f"the role {arn} of the function is not in the account's listing", remedy="run again"
        )
    permitted = who_may([identity], _requests(identity))
    broad = [each for each in permitted if each.certain]
    unknown = [each.action for each in permitted if not each.certain and not is_bounded(each.missing)]
    return FunctionRole(
        arn=arn,
        broad=tuple(each.action for each in broad),
        through=broad[0].through[0] if broad and broad[0].through else "",
        unknown=tuple(unknown),
    )


def _requests(identity: Identity) -> Iterator[Request]:
    _, partition, _, _, account, _ = identity.requester.arn.split(":", 5)
    own = f"arn:{partition}:iam::{account}:"
    services = sorted(
        {
            action.partition(":")[0]
            for policy in identity.policies
            for statement in policy.statements
            if statement.effect == "Allow"
            for action in statement.actions.values
            if ":" in action and "*" not in action.partition(":")[0]
        }
        - _HARMLESS
    )
    asked = [("*", "*"), *((f"{service}:*", "*") for service in services)]
    asked += [(action, f"arn:{partition}:{resource.format(account=account)}") for action, resource in _ON_EVERYTHING]
    asked += [(action, f"{own}{resource}") for action, resource in ESCALATIONS]
    for action, resource in asked:
        yield Request(requester=ANYBODY, action=action, resource=resource, context=AT_WILL, all=True)


@check(
    "access.lambda.least_privilege",
    component=Function,
    observe=function_role,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=(*DETAILS_NEEDS, "lambda:GetFunctionConfiguration"),
    promises=("least_privilege",),
)
def role_is_not_broad(facts: FunctionRole, _function: Function, _now: datetime) -> Iterator[Verdict]:
    """The function's execution role may do nothing to every resource of a kind.

    Why: Code that a request can mislead has all the permissions of its role: with one over all tables, secrets or roles
    it reaches every tenant's data.
    Reads: lambda:GetFunctionConfiguration: Role. iam:GetAccountAuthorizationDetails: its policies and boundary,
    evaluated for all actions of each service that they name on all resources, and for reading, writing, deleting,
    invoking, passing roles and changing permissions on all resources of a kind. Logs, metrics and traces are left out.
    Whether the function uses what it may do is not known.
    Unverified when: A call is denied, throttled or fails, a policy cannot be read, the role is of another account, or
    permission depends on a condition that Basewatch does not know.
    Fix: Name the resources of the function in the statement, and its actions one by one.
    Source: AWS Lambda Developer Guide, Defining Lambda function permissions with an execution role,
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    expected = "no action on every resource of a kind"
    role = facts.arn.partition(":role/")[2]
    if facts.broad:
        observed = f"{role} may {', '.join(facts.broad)} on everything, by {facts.through}"
        summary = f"Its role may do {named(facts.broad)} to everything".replace("do * to", "do anything to")
        yield failed(summary, observed=observed, expected=expected)
    elif facts.unknown:
        observed = f"{role} may {', '.join(facts.unknown)} under a condition"
        summary, remedy = "A condition of its role is not known", "Write the condition in another way."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Its role is limited to what it names", observed=f"{role} has no such action", expected=expected)
