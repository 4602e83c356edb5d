"""Buckets: whether every request without TLS is refused, by what the policy does."""

from __future__ import annotations

import json
from typing import Any

from basewatch.components import AuditBucket
from checks.encryption.bucket_tls import bucket_refuses_http
from tests.checks.situations.aws_answers import answer, judging
from tests.checks.situations.situation import Situation, each
from tests.checks.situations.test_keys import FAIL, PASS, UNVERIFIED, Judged, row
from tests.wire import refusal

BUCKET = AuditBucket.model_validate({"name": "b", "tls_only": True, "object_lock": {"retention": "7y"}})
BOTH = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]


def denying(*, partition: str = "aws", **changed: Any) -> Judged:
    """The verdict on a bucket whose policy has the usual denial, but for what is changed."""
    statement: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [each.replace("aws", partition) for each in BOTH],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **changed,
    }
    statement = {name: value for name, value in statement.items() if value is not None}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return judging(bucket_refuses_http, BUCKET, {"s3:GetBucketPolicy": answer("s3:GetBucketPolicy", Policy=document)})


def refused(code: str, status: int = 404) -> Judged:
    """The verdict when GetBucketPolicy is refused."""
    return judging(bucket_refuses_http, BUCKET, {"s3:GetBucketPolicy": refusal(code, status=status)})


ADDRESS = {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
SITUATIONS: tuple[Situation, ...] = (
    row("tls-1", "all actions denied to everybody", PASS, "as AWS recommends", denying()),
    row("tls-2", "everybody as AWS: *", PASS, "it is the same", denying(Principal={"AWS": "*"})),
    row("tls-3", "no policy", FAIL, "S3 answers over HTTP", refused("NoSuchBucketPolicy")),
    row("tls-4", "reads alone denied", FAIL, "writes go in the clear", denying(Action="s3:GetObject")),
    row("tls-5", "the objects alone", FAIL, "the listing goes in the clear", denying(Resource=BOTH[1])),
    row("tls-6", "one folder alone", FAIL, "the others do not", denying(Resource=[BOTH[0], "arn:aws:s3:::b/audit/*"])),
    row(
        "tls-7",
        "one role alone",
        FAIL,
        "the others may",
        denying(Principal={"AWS": "arn:aws:iam::123456789012:role/r"}),
    ),
    row("tls-8", "from one network alone", FAIL, "others may", denying(Condition=ADDRESS)),
    row(
        "tls-9",
        "the condition is the wrong way round",
        FAIL,
        "TLS is denied",
        denying(Condition={"Bool": {"aws:SecureTransport": "true"}}),
    ),
    row(
        "tls-10",
        "an Allow with TLS, and no Deny",
        FAIL,
        "IAM may allow the rest",
        denying(Effect="Allow", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    ),
    row(
        "tls-11",
        "TLS below 1.2 denied as well",
        PASS,
        "no TLS is below",
        denying(Condition={"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}),
    ),
    row("tls-12", "another partition", PASS, "its ARNs differ", denying(partition="aws-cn")),
    row("tls-13", "denied", UNVERIFIED, "not read", refused("AccessDenied", 403)),
    row("tls-14", "the bucket is gone", FAIL, "what is declared is not there", refused("NoSuchBucket")),
)


@each(SITUATIONS)
def test_requests_without_tls_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
