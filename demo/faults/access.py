"""Faults of who may do what in the account: users, roles and their policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from demo.account import ACCOUNT
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_access import BREAK_GLASS, FUNCTION_ROLE, account_summary, allowing, break_glass_trust

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_PROXY_ROLE = "securebase-production-rds"
_LOGIN_FUNCTION = "securebase-production-auth-v2"
_PARTNER = "210987654321"
_AUDIT_BUCKET = "securebase-production-audit-logs"
_RECORDS_AT_RISK = ExpectedFinding(check="retention.s3.bypass_principals", component=f"audit_bucket/{_AUDIT_BUCKET}")


def _on_account(check: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component="aws_account/production")


def _give_everything(sandbox: Sandbox) -> None:
    sandbox.aws.client("iam").put_role_policy(
        RoleName=_PROXY_ROLE, PolicyName="quick-fix", PolicyDocument=allowing("*", "*")
    )


def _take_everything(sandbox: Sandbox) -> None:
    sandbox.aws.client("iam").delete_role_policy(RoleName=_PROXY_ROLE, PolicyName="quick-fix")


def _trusted_by_proxy_role(*accounts: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        principal: dict[str, Any] = {"Service": "rds.amazonaws.com"}
        if accounts:
            principal["AWS"] = [f"arn:aws:iam::{account}:root" for account in accounts]
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        sandbox.aws.client("iam").update_assume_role_policy(
            RoleName=_PROXY_ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )

    return put


def _break_glass(operator: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        sandbox.aws.client("iam").update_assume_role_policy(
            RoleName=BREAK_GLASS, PolicyDocument=break_glass_trust(operator)
        )

    return put


def _policy(role: str, *actions: str, resource: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        document = allowing(list(actions), resource)
        sandbox.aws.client("iam").put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)

    return put


def _without_policy(role: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.aws.client("iam").delete_role_policy(RoleName=role, PolicyName="more")


def _create_user(sandbox: Sandbox) -> None:
    iam = sandbox.aws.client("iam")
    iam.create_user(UserName="temp")
    iam.create_login_profile(UserName="temp", Password="Demo-only-1234")


def _delete_user(sandbox: Sandbox) -> None:
    iam = sandbox.aws.client("iam")
    iam.delete_login_profile(UserName="temp")
    iam.delete_user(UserName="temp")


def _root_key(sandbox: Sandbox) -> None:
    sandbox.aws.answers.answer("iam:GetAccountSummary", account_summary(AccountAccessKeysPresent=1))


def _no_root_key(sandbox: Sandbox) -> None:
    sandbox.aws.answers.restore("iam:GetAccountSummary")


def _environment(**variables: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        sandbox.aws.client("lambda").update_function_configuration(
            FunctionName=_LOGIN_FUNCTION, Environment={"Variables": variables}
        )

    return put


ACCESS_FAULTS = (
    Fault(
        name="administrator-added",
        title="Someone gives the database proxy's role all permissions",
        apply=_give_everything,
        repair=_take_everything,
        expected_findings=(_on_account("access.iam.admin"), _RECORDS_AT_RISK),
    ),
    Fault(
        name="role-trusts-stranger",
        title="Someone lets another account assume the database proxy's role",
        apply=_trusted_by_proxy_role(ACCOUNT, _PARTNER),
        repair=_trusted_by_proxy_role(),
        expected_findings=(_on_account("access.iam.trust"),),
    ),
    Fault(
        name="break-glass-without-mfa",
        title="Access keys can use the break-glass role without MFA",
        apply=_break_glass("BoolIfExists"),
        repair=_break_glass("Bool"),
        expected_findings=(_on_account("access.iam.break_glass"),),
    ),
    Fault(
        name="user-without-mfa",
        title="Someone makes a user with a password and no MFA",
        apply=_create_user,
        repair=_delete_user,
        expected_findings=(_on_account("access.iam.credentials"),),
    ),
    Fault(
        name="root-has-key",
        title="Someone makes an access key for the root user",
        apply=_root_key,
        repair=_no_root_key,
        expected_findings=(_on_account("access.iam.root"),),
    ),
    Fault(
        name="records-can-be-deleted",
        title="Someone lets the database proxy's role delete audit records and bypass their lock",
        apply=_policy(
            _PROXY_ROLE,
            "s3:BypassGovernanceRetention",
            "s3:DeleteObjectVersion",
            resource=f"arn:aws:s3:::{_AUDIT_BUCKET}/*",
        ),
        repair=_without_policy(_PROXY_ROLE),
        expected_findings=(_RECORDS_AT_RISK,),
    ),
    Fault(
        name="function-role-too-wide",
        title="Someone lets the functions do everything with every table",
        apply=_policy(FUNCTION_ROLE, "dynamodb:*", resource="*"),
        repair=_without_policy(FUNCTION_ROLE),
        expected_findings=tuple(
            ExpectedFinding(
                check="access.lambda.least_privilege", component=f"function/securebase-production-{function}"
            )
            for function in ("auth-v2", "billing-worker", "metrics-aggregation")
        ),
    ),
    Fault(
        name="password-in-environment",
        title="Someone writes the database's password into the login function's environment",
        apply=_environment(DATABASE_URL="postgresql://app:example@db.securebase.example/securebase"),
        repair=_environment(),
        expected_findings=(
            ExpectedFinding(check="access.lambda.env_secrets", component=f"function/{_LOGIN_FUNCTION}"),
            # The variables are there, and no key of the platform's own encrypts them.
            ExpectedFinding(check="encryption.function.keys", component=f"function/{_LOGIN_FUNCTION}"),
        ),
    ),
)
