"""A check that the declared services may invoke a Lambda function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, required
from basewatch.check import check
from basewatch.components import Function
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import Context, Decision, Policies, Request, Requester, Truth, decide, parse_policy

_NO_POLICY = "ResourceNotFoundException"
_INVOKE = "lambda:InvokeFunction"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationPolicy:
    """The function's ARN with its alias or version, and its resource policy; empty when it has none."""

    arn: str
    account: str
    region: str
    policy: str


def invocation_policy(aws: AwsClient, function: Function) -> InvocationPolicy:
    """By GetFunctionConfiguration and GetPolicy, of the declared alias or version."""
    found = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    answer = aws.call("lambda", "GetPolicy", accepted_errors=(_NO_POLICY,), FunctionName=function.name)
    return InvocationPolicy(
        arn=required(found, "FunctionArn", kind=str),
        account=aws.account_id,
        region=aws.region,
        policy="" if accepted_error(answer) else required(answer, "Policy", kind=str),
    )


@check(
    "deploy.function.invoked_by",
    component=Function,
    observe=invocation_policy,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration", "lambda:GetPolicy"),
    promises=("invoked_by",),
)
def callers_may_invoke(facts: InvocationPolicy, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The services that are declared to invoke the function may do so.

    Why: A rule or a route whose function refuses it triggers as it should, and nothing happens: the function has no
    error, because it never runs.
    Reads: lambda:GetPolicy: the function's resource policy, evaluated for lambda:InvokeFunction by each declared
    service. Of `events rule/NAME`, the source is that rule; of a service alone, any source of it in the account counts.
    Unverified when: A call is denied, throttled or fails, the policy is no document of IAM, or the decision depends on
    a condition on something else.
    Fix: aws lambda add-permission --principal SERVICE.amazonaws.com --source-arn ARN, for the alias that is invoked.
    Source: AWS Lambda Developer Guide, Viewing resource-based IAM policies in Lambda,
    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    decisions = {caller: _decision(facts, caller) for caller in function.invoked_by}
    expected = f"{_INVOKE} allowed to {', '.join(function.invoked_by)}"
    refused = [caller for caller, decision in decisions.items() if decision.allowed is Truth.FALSE]
    unclear = {caller: decision for caller, decision in decisions.items() if decision.allowed is Truth.UNKNOWN}
    observed = f"allowed to {', '.join(c for c, d in decisions.items() if d.allowed is Truth.TRUE) or 'none of them'}"
    if refused:
        yield failed(f"May not invoke the function: {', '.join(refused)}", observed=observed, expected=expected)
    elif unclear:
        keys = sorted({key for decision in unclear.values() for key in decision.missing})
        summary = f"Whether {', '.join(unclear)} may invoke the function depends on {', '.join(keys)}"
        remedy = "Invoke the function through the service once, or simplify the condition."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Every declared service may invoke the function", observed=observed, expected=expected)


def _decision(facts: InvocationPolicy, caller: str) -> Decision:
    service, _, source = caller.partition(" ")
    known = {"aws:sourceaccount": (facts.account,)}
    if source:
        known["aws:sourcearn"] = (f"arn:aws:{service}:{facts.region}:{facts.account}:{source}",)
    request = Request(
        requester=Requester(kind="service", arn=f"{service}.amazonaws.com"),
        action=_INVOKE,
        resource=facts.arn,
        context=Context(known=known, free=() if source else ("aws:sourcearn",)),
    )
    policy = parse_policy(facts.policy, "the function's policy") if facts.policy else None
    return decide(request, Policies(resource=policy, resource_account=facts.account))
