"""Evaluates the policies of IAM and of resources: who may do what, without asking AWS, and without guessing.

| question | answer |
|---|---|
| what a document says | `parse_policy(document, name)`: a `Policy` of `Statement`s |
| may this requester do this | `decide(Request(requester, action, resource, context), Policies(...))`: a `Decision` |
| the users and roles of an account | `account_identities(aws)`: each an `Identity`; it needs `DETAILS_NEEDS` |
| who may do this in the account | `who_may(identities, requests, resource_policy)`: each a `Permitted` |
| may strangers use this resource | `openings(policy, known_accounts=...)`: each an `Opening`; none is closed |
| does a bucket refuse requests without TLS | `allowed_without_tls(policy, bucket_arn)`: empty when it does |

A decision is `Truth.TRUE`, `FALSE`, or `UNKNOWN` with the context keys on which it depends: a condition on a key that
is neither known nor `free` is unknown, and never taken for met. `Context.free` are keys that a requester sets at will,
such as `aws:multifactorauthpresent`: they meet the condition of an Allow and escape that of a Deny. Keys are in lower
case.

In a request, a resource with wildcards means some of what it matches: `who_may(identities, [Request(requester=ANYBODY,
action="s3:DeleteObjectVersion", resource="arn:aws:s3:::logs/*")], bucket_policy)` finds who may delete any version
there. Policies of KMS keys and trust policies decide alone: `only_resource=True`. Organizations' policies are not read.
"""

from __future__ import annotations

from basewatch.policies.context import Context
from basewatch.policies.decision import Decision, Policies, Request, decide
from basewatch.policies.document import Policy, Statement, parse_policy
from basewatch.policies.identities import DETAILS_NEEDS, Identity, account_identities
from basewatch.policies.permitted import Permitted, who_may
from basewatch.policies.requesters import ANYBODY, Requester
from basewatch.policies.strangers import Opening, openings
from basewatch.policies.transport import allowed_without_tls
from basewatch.policies.truth import Truth

__all__ = [
    "ANYBODY",
    "DETAILS_NEEDS",
    "Context",
    "Decision",
    "Identity",
    "Opening",
    "Permitted",
    "Policies",
    "Policy",
    "Request",
    "Requester",
    "Statement",
    "Truth",
    "account_identities",
    "allowed_without_tls",
    "decide",
    "openings",
    "parse_policy",
    "who_may",
]
