"""A check that nobody outside the account can invoke a function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, required
from basewatch.check import check
from basewatch.components import Function
from basewatch.model import Proof, Severity, Verdict, failed
from checks.access.shared_policy import expectation, of_policy, strangers

_NO_POLICY = "ResourceNotFoundException"


class _AuthType(StrEnum):
    """Who may use the URL of a function: signed requests, or every request."""

    AWS_IAM = "AWS_IAM"
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAccess:
    """The policy of a function, empty for none, and its URLs that need no authentication."""

    account: str
    policy: str
    open_urls: tuple[str, ...]


def function_access(aws: AwsClient, function: Function) -> FunctionAccess:
    """What lets anybody invoke the function, by ListFunctionUrlConfigs and GetPolicy of the declared alias or version.

    Raises: NotFoundError, when there is no such function.
    """
    open_urls = list[str]()
    # It comes first: GetPolicy reports a function without a policy as one that does not exist.
    for page in aws.pages("lambda", "ListFunctionUrlConfigs", FunctionName=function.unqualified_name):
        for each in required(page, "FunctionUrlConfigs", kind=list):
            if required(each, "AuthType", kind=_AuthType) is _AuthType.NONE:
                open_urls.append(required(each, "FunctionUrl", kind=str))
    answer = aws.call("lambda", "GetPolicy", accepted_errors=(_NO_POLICY,), FunctionName=function.name)
    policy = "" if accepted_error(answer) else required(answer, "Policy", kind=str)
    return FunctionAccess(account=aws.account_id, policy=policy, open_urls=tuple(open_urls))


@check(
    "access.function.strangers",
    component=Function,
    observe=function_access,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetPolicy", "lambda:ListFunctionUrlConfigs"),
    promises=("private",),
)
def nobody_else_invokes(access: FunctionAccess, function: Function, now: datetime) -> Iterator[Verdict]:
    """Neither a URL nor the policy of the function lets in anybody outside the account and those it is shared with.

    Why: A function that others invoke directly does what it may do, without the authorizer and the limits of the API.
    Reads: lambda:ListFunctionUrlConfigs: a URL with AuthType NONE is open to everybody. lambda:GetPolicy of the
    function, or of the declared alias or version: its statements are evaluated with their conditions. Services of AWS,
    such as API Gateway, are not judged.
    Unverified when: A call is denied, throttled or fails, or the policy cannot be read as one.
    Fix: aws lambda delete-function-url-config, or update-function-url-config --auth-type AWS_IAM; aws lambda
    remove-permission for the statement. To share the function on purpose, name the account in `shared_with`.
    Source: AWS Lambda Developer Guide, Control access to Lambda function URLs,
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    if access.open_urls and not strangers(access.policy, access.account, function):
        summary = f"{len(access.open_urls)} URLs of the function need no authentication"
        yield failed(summary, observed=", ".join(access.open_urls), expected=expectation(function))
    else:
        yield from of_policy(access.policy, access.account, function, "the function")
