"""Who may do everything in an account, who may assume its roles, and how the glass is broken."""

from __future__ import annotations

from typing import Any

from basewatch.components import AwsAccount
from basewatch.model import Status
from checks.access.administrators import only_declared_administrators
from checks.access.break_glass import break_glass_needs_mfa
from checks.access.trusts import no_role_trusts_strangers
from tests.checks.situations.aws_answers import answer, judging
from tests.checks.situations.iam_accounts import (
    ALL,
    ARN,
    AWS_ADMINISTRATOR,
    DETAILS,
    allow,
    details,
    group,
    managed,
    role,
    trust,
    user,
)
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
ACCOUNT = AwsAccount.model_validate(
    {
        "name": "production",
        "administrators": ("role/break-glass", "role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"),
        "break_glass": ("role/break-glass",),
        "trusted_accounts": ("111111111111",),
    }
)
EMERGENCY = ACCOUNT.model_copy(update={"break_glass": ("user/ann",)})
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
GLASS = role("break-glass", ALL, trusts=trust({"AWS": f"{ARN}:root"}, MFA))
BOUNDARY = f"{ARN}:policy/boundary"
GITHUB = {"Federated": f"{ARN}:oidc-provider/token.actions.githubusercontent.com"}
AUDIENCE = "token.actions.githubusercontent.com:aud"
SUBJECT = "token.actions.githubusercontent.com:sub"


def admin(
    number: int, what: str, right: Status, why: str, *principals: dict[str, Any], says: str = "", **more: Any
) -> Situation:
    """An account with the break-glass role and these, judged for its administrators."""
    answers = {DETAILS: details(GLASS, *principals, **more)}
    return Situation(
        number=f"admin-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(only_declared_administrators, ACCOUNT, answers),
        says=says,
    )


def trusting(number: int, what: str, right: Status, why: str, policy: dict[str, Any], **more: Any) -> Situation:
    """An account with a role of this trust policy, judged for strangers."""
    answers = {DETAILS: details(GLASS, role("x", trusts=policy, **more))}
    return Situation(
        number=f"trust-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(no_role_trusts_strangers, ACCOUNT, answers),
    )


def glass(number: int, what: str, right: Status, why: str, *principals: dict[str, Any], **more: Any) -> Situation:
    """An account with these, judged for how the glass is broken."""
    account = more.pop("account", ACCOUNT)
    answers = {DETAILS: details(*principals), **{key.replace("_", ":"): value for key, value in more.items()}}
    return Situation(
        number=f"glass-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(break_glass_needs_mfa, account, answers),
    )


def devices(*serials: str) -> dict[str, Any]:
    """The MFA devices of a user."""
    found = [{"UserName": "ann", "SerialNumber": each, "EnableDate": "2025-01-01T00:00:00Z"} for each in serials]
    return answer("iam:ListMFADevices", MFADevices=found, IsTruncated=False)


ADMINISTRATORS = (
    admin(1, "the declared role alone", PASS, "it is declared"),
    admin(2, "an inline *:* on a role", FAIL, "it is not declared", role("app", ALL), says="role/app"),
    admin(3, "the same on a user", FAIL, "it is not declared", user("ann", ALL), says="user/ann"),
    admin(
        4,
        "by a group",
        FAIL,
        "the user is in it",
        user("ann", groups=("ops",)),
        group("ops", ALL),
        says="inline policy inline of group ops",
    ),
    admin(5, "a group of nobody", PASS, "no one has its policies", group("ops", ALL)),
    admin(
        6,
        "AWS's own policy",
        FAIL,
        "it allows everything",
        role("app", attached=(AWS_ADMINISTRATOR,)),
        policies=(managed(AWS_ADMINISTRATOR, ALL),),
    ),
    admin(
        7,
        "a policy that was one",
        PASS,
        "only the default version counts",
        role("app", attached=(f"{ARN}:policy/p",)),
        policies=(managed(f"{ARN}:policy/p", allow("s3:GetObject")),),
    ),
    admin(
        8,
        "an attached policy that is not listed",
        UNVERIFIED,
        "nobody knows what it allows",
        role("app", attached=(f"{ARN}:policy/p",)),
    ),
    admin(9, "every service one by one", FAIL, "iam:* gives the rest", role("app", allow(["iam:*", "s3:*"]))),
    admin(
        10,
        "NotAction of one service",
        FAIL,
        "iam is not left out",
        role("app", {"Effect": "Allow", "NotAction": "aws-portal:*", "Resource": "*"}),
    ),
    admin(
        11,
        "PowerUserAccess",
        PASS,
        "it has no iam",
        role("app", {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}),
    ),
    admin(12, "*:* with MFA", FAIL, "whoever has MFA may", role("app", {**ALL, "Condition": MFA})),
    admin(
        13,
        "*:* in one region",
        FAIL,
        "it is enough",
        role("app", {**ALL, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}),
    ),
    admin(
        14,
        "*:* on what has the role's tag",
        PASS,
        "what has no tag is out of reach",
        role("app", {**ALL, "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}),
    ),
    admin(
        15,
        "*:* under a boundary without iam",
        PASS,
        "the boundary limits it",
        role("app", ALL, boundary=BOUNDARY),
        policies=(managed(BOUNDARY, allow(["s3:*", "dynamodb:*"])),),
    ),
    admin(
        16,
        "*:* under a boundary that allows everything",
        FAIL,
        "it limits nothing",
        role("app", ALL, boundary=BOUNDARY),
        policies=(managed(BOUNDARY, ALL),),
    ),
    admin(
        17,
        "*:* and a denial of everything without MFA",
        FAIL,
        "with MFA it may",
        user("ann", ALL, {**ALL, "Effect": "Deny", "Condition": NO_MFA}),
    ),
    admin(18, "*:* and a denial of everything", PASS, "nothing is left", user("ann", ALL, {**ALL, "Effect": "Deny"})),
    admin(
        19,
        "roles are made under a boundary alone",
        PASS,
        "they have no more than it",
        role(
            "ci",
            allow(
                ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"],
                Condition={"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}},
            ),
        ),
    ),
    admin(
        20,
        "attaches any policy to any role",
        FAIL,
        "AdministratorAccess is one",
        role("ci", allow("iam:AttachRolePolicy", f"{ARN}:role/*")),
    ),
    admin(
        21,
        "attaches policies to its own roles",
        PASS,
        "no administrator among them",
        role("ci", allow("iam:AttachRolePolicy", f"{ARN}:role/app-*")),
    ),
    admin(
        22,
        "a service-linked role",
        PASS,
        "AWS alone uses it",
        role("AWSServiceRoleForSupport", ALL, path="/aws-service-role/support.amazonaws.com/"),
    ),
    admin(
        23,
        "single sign-on for administrators",
        PASS,
        "it is declared by a pattern",
        role("AWSReservedSSO_Admin_1a2b", ALL, path="/aws-reserved/sso.amazonaws.com/eu-west-1/"),
    ),
    admin(
        24,
        "an operator that is not known",
        UNVERIFIED,
        "it may limit the role",
        role("app", {**ALL, "Condition": {"BrandNewOperator": {"aws:SourceIp": "10.0.0.0/8"}}}),
    ),
    admin(25, "an element that is not known", UNVERIFIED, "it may limit the role", role("app", {**ALL, "Until": "x"})),
    admin(26, "a role of the same name in a path", FAIL, "it is another role", role("break-glass", ALL, path="/x/")),
)
PAGES = Situation(
    number="admin-27",
    what="a second page that is denied",
    right=(UNVERIFIED,),
    why="the page may have one",
    judged=judging(
        only_declared_administrators, ACCOUNT, {DETAILS: [details(GLASS, marker="m"), refusal("AccessDenied")]}
    ),
)
SECOND = Situation(
    number="admin-28",
    what="an administrator on the second page, by a policy of the first",
    right=(FAIL,),
    why="the pages are one listing",
    judged=judging(
        only_declared_administrators,
        ACCOUNT,
        {
            DETAILS: [
                details(GLASS, marker="m", policies=(managed(AWS_ADMINISTRATOR, ALL),)),
                details(role("app", attached=(AWS_ADMINISTRATOR,))),
            ]
        },
    ),
    says="role/app",
)
TRUSTS = (
    trusting(1, "a service", PASS, "it is AWS's own", trust({"Service": "lambda.amazonaws.com"})),
    trusting(2, "the account itself", PASS, "it is no stranger", trust({"AWS": f"{ARN}:root"})),
    trusting(3, "a declared account", PASS, "it is trusted", trust({"AWS": "arn:aws:iam::111111111111:root"})),
    trusting(4, "another account", FAIL, "it is not declared", trust({"AWS": "arn:aws:iam::222222222222:root"})),
    trusting(
        5, "a role of another account", FAIL, "its account decides", trust({"AWS": "arn:aws:iam::222222222222:role/x"})
    ),
    trusting(
        6,
        "another account with an external id",
        FAIL,
        "it is not declared",
        trust({"AWS": "222222222222"}, {"StringEquals": {"sts:ExternalId": "secret"}}),
    ),
    trusting(7, "everybody", FAIL, "everybody may", trust("*")),
    trusting(
        8,
        "everybody with a secret",
        FAIL,
        "a secret is no identity",
        trust({"AWS": "*"}, {"StringEquals": {"sts:ExternalId": "secret"}}),
    ),
    trusting(
        9,
        "everybody of the organization",
        PASS,
        "strangers are not in it",
        trust({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}}),
    ),
    trusting(
        10,
        "everybody of the account",
        PASS,
        "strangers are not in it",
        trust({"AWS": "*"}, {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}),
    ),
    trusting(
        11,
        "every repository of GitHub",
        FAIL,
        "everybody has one",
        trust(GITHUB, {"StringEquals": {AUDIENCE: "sts.amazonaws.com"}}, "sts:AssumeRoleWithWebIdentity"),
    ),
    trusting(
        12,
        "our repository at GitHub",
        PASS,
        "no stranger has its token",
        trust(GITHUB, {"StringLike": {SUBJECT: "repo:ours/infra:*"}}, "sts:AssumeRoleWithWebIdentity"),
    ),
    trusting(
        13,
        "our own cluster's service accounts",
        PASS,
        "its issuer is ours",
        trust(
            {"Federated": f"{ARN}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/1A2B"},
            None,
            "sts:AssumeRoleWithWebIdentity",
        ),
    ),
    trusting(
        14,
        "single sign-on",
        PASS,
        "the provider is ours",
        trust({"Federated": f"{ARN}:saml-provider/AWSSSO"}, None, "sts:AssumeRoleWithSAML"),
    ),
    trusting(15, "a user that was deleted", PASS, "nobody has this id", trust({"AWS": "AIDADELETED"})),
    trusting(
        16,
        "another account, and everything denied",
        PASS,
        "nobody may",
        {**trust({"AWS": "222222222222"}), "Effect": "Deny"},
    ),
)
BREAK_GLASS = (
    glass(1, "MFA is demanded", PASS, "a key alone is not enough", GLASS),
    glass(2, "no condition", FAIL, "a key is enough", role("break-glass", ALL, trusts=trust({"AWS": f"{ARN}:root"}))),
    glass(
        3,
        "if there is the key",
        FAIL,
        "an access key has none",
        role(
            "break-glass",
            trusts=trust({"AWS": f"{ARN}:root"}, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}),
        ),
    ),
    glass(
        4,
        "by the age of MFA",
        PASS,
        "without MFA there is no age",
        role(
            "break-glass", trusts=trust({"AWS": f"{ARN}:root"}, {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})
        ),
    ),
    glass(
        5,
        "the wrong way round",
        FAIL,
        "it demands that there is no MFA",
        role("break-glass", trusts=trust({"AWS": f"{ARN}:root"}, {"Bool": {"aws:MultiFactorAuthPresent": "false"}})),
    ),
    glass(
        6,
        "one named user with MFA",
        PASS,
        "it is demanded",
        role("break-glass", trusts=trust({"AWS": f"{ARN}:user/ann"}, MFA)),
    ),
    glass(
        7,
        "by single sign-on",
        UNVERIFIED,
        "the provider decides about MFA",
        role("break-glass", trusts=trust({"Federated": f"{ARN}:saml-provider/AWSSSO"}, None, "sts:AssumeRoleWithSAML")),
    ),
    glass(
        8,
        "a service may too",
        FAIL,
        "it has no MFA",
        role("break-glass", trusts=trust({"Service": "ec2.amazonaws.com"})),
    ),
    glass(9, "it does not exist", FAIL, "nobody can break the glass", role("other")),
    glass(
        10,
        "a user with a device",
        PASS,
        "it has MFA",
        user("ann"),
        account=EMERGENCY,
        iam_ListMFADevices=devices(f"{ARN}:mfa/ann"),
    ),
    glass(
        11, "a user without a device", FAIL, "it has none", user("ann"), account=EMERGENCY, iam_ListMFADevices=devices()
    ),
    glass(
        12,
        "a user whose devices are denied",
        UNVERIFIED,
        "nobody knows",
        user("ann"),
        account=EMERGENCY,
        iam_ListMFADevices=refusal("AccessDenied"),
    ),
    glass(
        13,
        "a user that was deleted meanwhile",
        UNVERIFIED,
        "look again",
        user("ann"),
        account=EMERGENCY,
        iam_ListMFADevices=refusal("NoSuchEntity", status=404),
    ),
    glass(
        14,
        "a role that a deleted user was to assume",
        FAIL,
        "nobody can break the glass",
        role("break-glass", trusts=trust({"AWS": "AIDADELETED"}, MFA)),
    ),
)


@each([*ADMINISTRATORS, PAGES, SECOND, *TRUSTS, *BREAK_GLASS])
def test_accounts_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
