"""Accounts as IAM describes them: users, groups and roles with their policies."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tests.checks.situations.aws_answers import NOW, answer
from tests.wire import ACCOUNT

ARN = f"arn:aws:iam::{ACCOUNT}"
DETAILS = "iam:GetAccountAuthorizationDetails"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
AWS_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_MADE = NOW - timedelta(days=400)


def document(*statements: dict[str, Any]) -> str:
    """A policy document as IAM answers it: percent-encoded JSON."""
    return quote(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows an action."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, condition: Any = None, action: str = "sts:AssumeRole") -> dict[str, Any]:
    """A statement of a trust policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": action} | (
        {"Condition": condition} if condition else {}
    )


def role(
    name: str,
    *statements: dict[str, Any],
    trusts: dict[str, Any] | None = None,
    attached: tuple[str, ...] = (),
    boundary: str = "",
    path: str = "/",
    **more: Any,
) -> dict[str, Any]:
    """A role with an inline policy of these statements."""
    return {
        "Path": path,
        "RoleName": name,
        "RoleId": f"AROA{name.upper()[:12]:0<12}",
        "Arn": f"{ARN}:role{path}{name}",
        "CreateDate": _MADE,
        "AssumeRolePolicyDocument": document(trusts or trust({"Service": "lambda.amazonaws.com"})),
        **_policies("Role", statements, attached, boundary),
        **more,
    }


def user(
    name: str,
    *statements: dict[str, Any],
    groups: tuple[str, ...] = (),
    attached: tuple[str, ...] = (),
    boundary: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A user with an inline policy of these statements."""
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper()[:12]:0<12}",
        "Arn": f"{ARN}:user/{name}",
        "CreateDate": _MADE,
        "GroupList": list(groups),
        **_policies("User", statements, attached, boundary),
        **more,
    }


def group(name: str, *statements: dict[str, Any], attached: tuple[str, ...] = ()) -> dict[str, Any]:
    """A group with an inline policy of these statements."""
    return {
        "Path": "/",
        "GroupName": name,
        "Arn": f"{ARN}:group/{name}",
        **_policies("Group", statements, attached, ""),
    }


def managed(arn: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A managed policy whose first version, which is no longer the default, allowed everything."""
    versions = [
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": document(*statements)},
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": document(ALL)},
    ]
    return {"Arn": arn, "PolicyName": arn.rpartition("/")[2], "DefaultVersionId": "v2", "PolicyVersionList": versions}


def details(*principals: dict[str, Any], policies: tuple[dict[str, Any], ...] = (), marker: str = "") -> dict[str, Any]:
    """The answer with these users, groups and roles; with a `marker`, there is another page."""
    return answer(
        DETAILS,
        # botocore decodes the policies in place.
        UserDetailList=[deepcopy(each) for each in principals if "UserName" in each],
        GroupDetailList=[deepcopy(each) for each in principals if "GroupName" in each],
        RoleDetailList=[deepcopy(each) for each in principals if "RoleName" in each],
        Policies=deepcopy(list(policies)),
        IsTruncated=bool(marker),
        **({"Marker": marker} if marker else {}),
    )


def _policies(
    kind: str, statements: tuple[dict[str, Any], ...], attached: tuple[str, ...], boundary: str
) -> dict[str, Any]:
    inline = [{"PolicyName": "inline", "PolicyDocument": document(*statements)}] if statements else []
    arns = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached]
    limits = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    return {
        f"{kind}PolicyList": inline,
        "AttachedManagedPolicies": arns,
        **({"PermissionsBoundary": limits} if boundary else {}),
    }
