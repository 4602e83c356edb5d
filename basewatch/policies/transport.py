"""Whether the policy of a bucket refuses every request that is made without TLS."""

from __future__ import annotations

from basewatch.policies.context import Context
from basewatch.policies.decision import Request, statement_applies
from basewatch.policies.document import Policy
from basewatch.policies.requesters import ANYBODY
from basewatch.policies.truth import Truth

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
_WITHOUT_TLS = Context(known={"aws:securetransport": ("false",), "s3:tlsversion": ()})


def allowed_without_tls(policy: Policy | None, bucket: str) -> tuple[str, ...]:
    """The resources of a bucket on which a request without TLS is not denied to everybody, for every action.

    Empty means that all is denied. A denial counts by what it does, whatever it looks like: for all principals and
    actions, under no other condition. Services of AWS itself, which use TLS, may be exempt. `bucket` is its ARN.
    """
    return tuple(
        resource
        for resource in (bucket, f"{bucket}/*")
        if not any(
            statement.effect == "Deny"
            and statement_applies(
                statement,
                Request(requester=ANYBODY, action="s3:*", resource=resource, context=_WITHOUT_TLS, all=True),
            ).truth
            is Truth.TRUE
            for statement in (policy.statements if policy else ())
        )
    )
