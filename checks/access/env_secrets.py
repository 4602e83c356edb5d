"""A check that no environment variable of a function holds a secret."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Function
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed
from checks.access.named import named

# What a secret is written like, whatever the variable is called.
_FORMS: Mapping[str, re.Pattern[str]] = {
    "an access key of AWS": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@$]+@", re.IGNORECASE),
    "a token of GitHub": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,})"),
    "a token of Slack": re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
    "a key of Stripe": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "a signed token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
}
_SECRET_NAME = re.compile(
    r"(^|_)(pass(word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key|signing_?key|credentials?)(_|$)"
)
# The variable says where a secret is, or how it is used.
_ABOUT_A_SECRET = re.compile(
    r"_(arn|name|id|path|prefix|url|uri|endpoint|file|header|region|version|ttl|expiry|expiration|seconds|minutes|hours"
    r"|days|length|type|algorithm|issuer|audience|enabled|provider|table|bucket|key_id|cache\w*)$"
)
_REFERENCE = re.compile(
    r"^(arn:|/|\$\{|\{\{resolve:|alias/|https?://|ssm:|env:|projects/)|^([a-z0-9_.-]+|[A-Za-z]+)(/([a-z0-9_.-]+|[A-Za-z]+))+$"
)
_SHORTEST = 8
_LEAST_ENTROPY = 2.5
"""Bits per character: `production` has 2.8 and `changeme` 2.8, `aaaaaaaa` 0 and `true` is too short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousVariable:
    """A variable that holds a secret, and what it looks like. Neither its value nor a digest of it is kept."""

    name: str
    looks_like: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariables:
    """How many variables a function has, and those that hold a secret."""

    variables: int
    suspicious: tuple[SuspiciousVariable, ...]


def environment_variables(aws: AwsClient, function: Function) -> EnvironmentVariables:
    """The variables, from GetFunctionConfiguration; a function without any has no `Environment`.

    Raises: ObservationError with DENIED, when Lambda may not decrypt them.
    """
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    required(answer, "FunctionArn", kind=str)
    error = optional(answer, "Environment", "Error", "ErrorCode", kind=str)
    if error:
        raise ObservationError(
            Reason.DENIED,
            f"the environment variables cannot be decrypted: {error}",
            remedy="allow Basewatch's role kms:Decrypt with the key of the function's environment",
        )
    variables = optional(answer, "Environment", "Variables", kind=dict) or {}
    found = (
        SuspiciousVariable(name=name, looks_like=form)
        for name, value in sorted(variables.items())
        if (form := secret_form(str(name), str(value)))
    )
    return EnvironmentVariables(variables=len(variables), suspicious=tuple(found))


def secret_form(name: str, value: str) -> str:
    """What kind of secret a variable holds, in words; empty when it holds none."""
    for form, pattern in _FORMS.items():
        if pattern.search(value):
            return form
    is_named = bool(_SECRET_NAME.search(_snake_case(name))) and not _ABOUT_A_SECRET.search(_snake_case(name))
    is_value = len(value) >= _SHORTEST and not _REFERENCE.search(value) and _entropy(value) >= _LEAST_ENTROPY
    return "a secret by its name" if is_named and is_value else ""


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _entropy(text: str) -> float:
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


@check(
    "access.lambda.env_secrets",
    component=Function,
    observe=environment_variables,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
    promises=("no_secrets_in_environment",),
)
def no_variable_is_a_secret(facts: EnvironmentVariables, _function: Function, _now: datetime) -> Iterator[Verdict]:
    """No environment variable of the function holds a secret.

    Why: Everybody who may read the function's configuration reads its variables, and so do crash reports and consoles.
    Reads: lambda:GetFunctionConfiguration: the names and values of the variables. A value counts as a secret by its
    form, such as a private key or a URL with a password, or by the variable's name, unless it refers to where the
    secret is. Only names are kept. A secret in another form under another name is not found.
    Unverified when: The call is denied, throttled or fails, or Lambda may not decrypt the variables.
    Fix: Put the secret into AWS Secrets Manager, give the function its ARN, and let the role read it. Then change the
    secret: it has been seen.
    Source: AWS Lambda Developer Guide, Working with Lambda environment variables,
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    expected = "no secret in a variable"
    if facts.suspicious:
        observed = ", ".join(f"{each.name} looks like {each.looks_like}" for each in facts.suspicious)
        summary = f"Secrets in environment variables: {named([each.name for each in facts.suspicious])}"
        yield failed(summary, observed=observed, expected=expected)
    else:
        yield passed("No variable holds a secret", observed=f"{facts.variables} variables", expected=expected)
