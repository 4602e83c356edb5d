"""Functions: who outside the account can invoke them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from basewatch.components import Function
from basewatch.model import Status, Verdict
from checks.access.function_strangers import nobody_else_invokes
from tests.checks.situations.aws_answers import answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
PARTNER = "210987654321"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:login"


def invoked(*statements: dict[str, Any], urls: Iterable[str] = (), **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a function with this policy and with URLs of these authentications."""
    configured = [
        {
            "FunctionUrl": "https://abcdefgh.lambda-url.us-east-1.on.aws/",
            "FunctionArn": ARN,
            "AuthType": auth,
            "CreationTime": "2026-01-01",
            "LastModifiedTime": "2026-01-01",
        }
        for auth in urls
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return judging(
        nobody_else_invokes,
        Function.model_validate({"name": "login", **settings}),
        {
            "lambda:ListFunctionUrlConfigs": answer("lambda:ListFunctionUrlConfigs", FunctionUrlConfigs=configured),
            "lambda:GetPolicy": answer("lambda:GetPolicy", Policy=policy)
            if statements
            else refusal("ResourceNotFoundException", status=404),
        },
    )


def allow(principal: Any, condition: Any = None, action: str = "lambda:InvokeFunction") -> dict[str, Any]:
    """A statement of the function's policy."""
    more = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": ARN, **more}


def situation(number: str, what: str, right: Status, why: str, judged: Callable[[], Iterable[Verdict]]) -> Situation:
    """One row with one right status."""
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged)


URL = allow("*", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}, "lambda:InvokeFunctionUrl")
SITUATIONS = (
    situation("F1", "no policy and no URL", PASS, "nobody is named", invoked()),
    situation(
        "F1-api",
        "API Gateway may invoke it",
        PASS,
        "it is a service of AWS",
        invoked(allow({"Service": "apigateway.amazonaws.com"})),
    ),
    situation("F1-signed", "a URL that wants signed requests", PASS, "IAM decides", invoked(urls=["AWS_IAM"])),
    situation(
        "F1-declared",
        "a declared account may invoke it",
        PASS,
        "on purpose",
        invoked(allow({"AWS": f"arn:aws:iam::{PARTNER}:root"}), shared_with=[PARTNER]),
    ),
    situation(
        "F2",
        "a URL without authentication, with its permission",
        FAIL,
        "everybody can call it",
        invoked(URL, urls=["NONE"]),
    ),
    situation(
        "F2-url", "a URL without authentication alone", FAIL, "one permission is missing", invoked(urls=["NONE"])
    ),
    situation("F2-all", "everybody may invoke it", FAIL, "every AWS account can", invoked(allow("*"))),
    situation(
        "F2-other", "another account may invoke it", FAIL, "it is not declared", invoked(allow({"AWS": PARTNER}))
    ),
    situation(
        "F2-ours",
        "everybody of our account may invoke it",
        PASS,
        "the condition names the account",
        invoked(allow("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})),
    ),
    situation(
        "F3",
        "a URL with an authentication that AWS has added",
        UNVERIFIED,
        "its meaning is unknown",
        invoked(urls=["OIDC"]),
    ),
)


@each(SITUATIONS)
def test_a_function_is_judged_rightly(situation: Situation) -> None:
    """Each situation gets the verdict that is right."""
    situation.test()
