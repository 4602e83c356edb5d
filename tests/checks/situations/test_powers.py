"""Who may unlock, hide or expire audit records, what functions may do and hold, and the root user."""

from __future__ import annotations

import json
from typing import Any

from basewatch.components import AuditBucket, AwsAccount, Function
from basewatch.model import Status
from checks.access.env_secrets import no_variable_is_a_secret
from checks.access.function_role import role_is_not_broad
from checks.access.root_user import root_is_secured
from checks.retention.bypass_principals import only_guardians_touch_records
from tests.checks.situations.aws_answers import answer, judging
from tests.checks.situations.iam_accounts import ALL, ARN, DETAILS, allow, details, managed, role, user
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
LOGS = "arn:aws:s3:::logs"
BUCKET = AuditBucket.model_validate(
    {"name": "logs", "object_lock": {"retention": "7y"}, "guardians": ("role/break-glass",)}
)
GLASS = role("break-glass", ALL)
DELETES = allow("s3:DeleteObjectVersion", f"{LOGS}/*")
FUNCTION = Function.model_validate({"name": "auth", "least_privilege": True, "no_secrets_in_environment": True})
ACCOUNT = AwsAccount.model_validate({"name": "production", "root_secured": True})
BOUNDARY = f"{ARN}:policy/boundary"
NOT_GLASS = {"ArnNotLike": {"aws:PrincipalArn": f"{ARN}:role/break-glass"}}


def bucket_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """The bucket's policy."""
    return answer("s3:GetBucketPolicy", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


NO_POLICY = refusal("NoSuchBucketPolicy", status=404)


def records(
    number: int, what: str, right: Status, why: str, *principals: dict[str, Any], policy: Any = NO_POLICY, **more: Any
) -> Situation:
    """An account with these users and roles, and a bucket of audit records with this policy."""
    answers = {DETAILS: details(GLASS, *principals, **more), "s3:GetBucketPolicy": policy}
    return Situation(
        number=f"records-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(only_guardians_touch_records, BUCKET, answers),
    )


def function(number: int, what: str, right: Status, why: str, *statements: dict[str, Any], **more: Any) -> Situation:
    """A function whose role has these statements."""
    policies = more.pop("policies", ())
    configuration = answer("lambda:GetFunctionConfiguration", FunctionName="auth", Role=f"{ARN}:role/app")
    answers = {
        "lambda:GetFunctionConfiguration": configuration,
        DETAILS: details(role(more.pop("name", "app"), *statements, **more), policies=policies),
    }
    return Situation(
        number=f"function-role-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(role_is_not_broad, FUNCTION, answers),
    )


def variable(number: int, what: str, right: Status, why: str, *, error: str = "", **variables: str) -> Situation:
    """A function with these environment variables."""
    environment: dict[str, Any] = {"Error": {"ErrorCode": error}} if error else {"Variables": variables}
    given = {"Environment": environment} if error or variables else {}
    found = answer("lambda:GetFunctionConfiguration", FunctionArn="arn:aws:lambda:::function:auth", **given)
    return Situation(
        number=f"environment-{number}",
        what=what,
        right=(right,),
        why=why,
        judged=judging(no_variable_is_a_secret, FUNCTION, {"lambda:GetFunctionConfiguration": found}),
    )


def root(number: int, what: str, right: Status, why: str, **counts: int) -> Situation:
    """An account whose summary has these counts."""
    answers = {"iam:GetAccountSummary": answer("iam:GetAccountSummary", SummaryMap=counts)}
    return Situation(
        number=f"root-{number}", what=what, right=(right,), why=why, judged=judging(root_is_secured, ACCOUNT, answers)
    )


def deny(actions: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    """A statement of the bucket's policy that denies actions to everybody."""
    given = {"Condition": condition} if condition else {}
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": [LOGS, f"{LOGS}/*"],
        **given,
        **more,
    }


RECORDS = (
    records(1, "the guardian alone", PASS, "it is declared"),
    records(2, "a role deletes versions", FAIL, "it is not declared", role("app", DELETES)),
    records(3, "of one prefix", FAIL, "records are there too", role("app", allow("s3:Delete*", f"{LOGS}/a/*"))),
    records(4, "of another bucket", PASS, "it is not this one", role("app", allow("s3:*", "arn:aws:s3:::other/*"))),
    records(5, "a role reads and writes", PASS, "neither hides nor deletes", role("app", allow("s3:PutObject", "*"))),
    records(6, "a user puts delete markers", FAIL, "they hide records", user("ann", allow("s3:DeleteObject"))),
    records(
        7,
        "a role changes the lifecycle",
        FAIL,
        "records expire",
        role("app", allow("s3:PutLifecycle*", LOGS)),
    ),
    records(
        8,
        "denied by the bucket to all but the guardian",
        PASS,
        "a denial wins",
        role("app", allow("s3:*")),
        policy=bucket_policy(deny("s3:*", NOT_GLASS)),
    ),
    records(
        9,
        "denied without TLS alone",
        FAIL,
        "with TLS it may",
        role("app", DELETES),
        policy=bucket_policy(deny("s3:*", {"Bool": {"aws:SecureTransport": "false"}})),
    ),
    records(
        10,
        "denied without MFA alone",
        FAIL,
        "with MFA it may",
        user("ann", DELETES),
        policy=bucket_policy(deny("s3:Delete*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})),
    ),
    records(
        11,
        "allowed by the bucket alone",
        FAIL,
        "the bucket's policy is enough",
        role("app"),
        policy=bucket_policy({**DELETES, "Principal": {"AWS": f"{ARN}:role/app"}}),
    ),
    records(
        12,
        "another account, by the bucket's policy",
        FAIL,
        "it is a stranger",
        policy=bucket_policy({**DELETES, "Principal": {"AWS": "210987654321"}}),
    ),
    records(
        13,
        "another account reads",
        PASS,
        "it hides nothing",
        policy=bucket_policy({**allow("s3:GetObject", f"{LOGS}/*"), "Principal": {"AWS": "210987654321"}}),
    ),
    records(
        14,
        "CloudTrail writes",
        PASS,
        "it is a service that writes",
        policy=bucket_policy({**allow("s3:PutObject", f"{LOGS}/*"), "Principal": CLOUDTRAIL}),
    ),
    records(
        15,
        "of objects with a tag",
        UNVERIFIED,
        "the records' tags are not known",
        role("app", {**DELETES, "Condition": {"StringEquals": {"s3:ExistingObjectTag/kind": "tmp"}}}),
    ),
    records(
        16,
        "under a boundary without deletes",
        PASS,
        "the boundary limits it",
        role("app", allow("s3:*"), boundary=BOUNDARY),
        policies=(managed(BOUNDARY, allow(["s3:GetObject", "s3:PutObject"])),),
    ),
    records(
        17,
        "a policy that cannot be read",
        UNVERIFIED,
        "it may deny",
        role("app"),
        policy=bucket_policy({"Effect": "No"}),
    ),
    records(
        18, "the bucket's policy is denied", UNVERIFIED, "it may allow", policy=refusal("AccessDenied", status=403)
    ),
    records(
        19,
        "the guardian's namesake in a path",
        FAIL,
        "it is another role",
        role("break-glass", DELETES, path="/team/"),
    ),
)
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/customers"
FUNCTIONS = (
    function(1, "its own table", PASS, "it is named", allow(["dynamodb:GetItem", "dynamodb:Query"], TABLE)),
    function(2, "everything", FAIL, "it is an administrator", ALL),
    function(3, "every action of one table", PASS, "one table is not every table", allow("dynamodb:*", TABLE)),
    function(4, "every action of every table", FAIL, "it reads all tenants", allow("dynamodb:*")),
    function(5, "reading every table", FAIL, "it reads all tenants", allow(["dynamodb:GetItem", "dynamodb:Scan"])),
    function(6, "every secret", FAIL, "other's passwords too", allow("secretsmanager:GetSecretValue")),
    function(7, "passing every role", FAIL, "an administrator's too", allow("iam:PassRole")),
    function(
        8,
        "logs, traces and network interfaces",
        PASS,
        "AWS's own policies do so",
        allow(["logs:*", "xray:PutTraceSegments", "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces"]),
    ),
    function(9, "all tables of one prefix", PASS, "they are the platform's", allow("dynamodb:*", f"{TABLE}-*")),
    function(
        10,
        "tables that have its tag",
        PASS,
        "not every table has it",
        allow("dynamodb:*", Condition={"StringEquals": {"aws:ResourceTag/app": "auth"}}),
    ),
    function(
        11,
        "keys for one service",
        PASS,
        "the service limits it",
        allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}),
    ),
    function(
        12,
        "everything but changing permissions",
        FAIL,
        "it reads all tenants",
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ),
    function(
        13,
        "all tables, and all is denied",
        PASS,
        "a denial wins",
        allow("dynamodb:*"),
        {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"},
    ),
    function(
        14,
        "everything under a boundary",
        PASS,
        "it limits the role",
        ALL,
        boundary=BOUNDARY,
        policies=(managed(BOUNDARY, allow("dynamodb:GetItem", TABLE)),),
    ),
    function(15, "a role that is not listed", UNVERIFIED, "it was just made, or is elsewhere", name="other"),
)
SOUND = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1}
ROOT = (
    root(1, "MFA and no key", PASS, "it is as promised", **SOUND),
    root(2, "no MFA", FAIL, "a password is enough", **SOUND | {"AccountMFAEnabled": 0}),
    root(3, "an access key", FAIL, "it may do everything", **SOUND | {"AccountAccessKeysPresent": 1}),
    root(
        4,
        "no credentials at all",
        PASS,
        "nobody can sign in, as an organization can make it",
        **SOUND | {"AccountMFAEnabled": 0, "AccountPasswordPresent": 0},
    ),
    root(
        5,
        "no MFA, and nothing of the password",
        FAIL,
        "root users have one unless AWS says otherwise",
        AccountMFAEnabled=0,
        AccountAccessKeysPresent=0,
    ),
    root(6, "nothing of MFA", UNVERIFIED, "it is not said", AccountAccessKeysPresent=0),
)
VARIABLES = (
    variable(1, "none", PASS, "there is no secret"),
    variable(2, "the ARN of a secret", PASS, "it says where it is", DB_SECRET="arn:aws:secretsmanager:::secret:x"),
    variable(3, "the name of a secret", PASS, "it says where it is", JWT_SECRET="securebase/production/jwt_secret"),
    variable(4, "a password", FAIL, "it is one", DB_PASSWORD="correct-horse-battery"),
    variable(5, "a URL with a password", FAIL, "it is in it", DATABASE_URL="postgresql://app:hunter2@db/x"),
    variable(6, "a URL without one", PASS, "IAM logs in", DATABASE_URL="postgresql://app@db/x"),
    variable(7, "a private key", FAIL, "it is one", CERT="-----BEGIN RSA PRIVATE KEY-----\nMIIE"),
    variable(8, "an access key", FAIL, "it is one", OTHER="AKIAIOSFODNN7EXAMPLE"),
    variable(9, "how long a token lives", PASS, "it is a number", TOKEN_TTL="86400000000"),
    variable(10, "a table of tokens", PASS, "it is a name", TOKEN_TABLE="securebase-production-tokens"),
    variable(11, "whether a secret is cached", PASS, "it is a word", SECRET_CACHE_ENABLED="enabled-always"),
    variable(12, "in the words of Java", FAIL, "it is a password", dbPassword="correct-horse-battery"),
    variable(13, "what passes a test", PASS, "compass is no password", COMPASS_MODE="north-north-west"),
    variable(
        15, "a secret key of AWS", FAIL, "its slashes are no path", AWS_SECRET_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCY9"
    ),
    variable(14, "what cannot be decrypted", UNVERIFIED, "nobody knows", error="AccessDeniedException"),
)


@each([*RECORDS, *FUNCTIONS, *ROOT, *VARIABLES])
def test_powers_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
