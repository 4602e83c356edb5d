"""Faults of who may do what in the account: users, roles and their policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from demo.account import ACCOUNT
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_access import BREAK_GLASS, allowing, break_glass_trust

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_PROXY_ROLE = "securebase-production-rds"
_PARTNER = "210987654321"


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


ACCESS_FAULTS = (
    Fault(
        name="administrator-added",
        title="Someone gives the database proxy's role all permissions",
        apply=_give_everything,
        repair=_take_everything,
        expected_findings=(_on_account("access.iam.admin"),),
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
)
