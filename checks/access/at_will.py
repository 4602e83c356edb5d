"""What a principal can make true of its own request, so that a condition on it takes no permission away."""

from __future__ import annotations

from basewatch.policies import Context
from basewatch.policies.patterns import covers

AT_WILL = Context(
    free=(
        "aws:multifactorauth*",
        "aws:sourceip",
        "aws:vpcsourceip",
        "aws:sourcevpc*",
        "aws:vpce*",
        "aws:requestedregion",
        "aws:currenttime",
        "aws:epochtime",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:referer",
        "aws:principaltag/*",
        "aws:principalorg*",
        "aws:federatedprovider",
        "aws:sourceidentity",
        "saml:*",
        "sts:*",
    )
)
"""What is true of a request that its principal prepares: from where, when, how and with which session it is made."""
# A permission for what has a tag, or of one service, is not one for everything.
_OF_WHAT_IS_ASKED = ("aws:resource*", "aws:request*", "aws:tagkeys")


def is_bounded(missing: tuple[str, ...]) -> bool:
    """Whether conditions on these keys limit what is asked for, so that a permission is not one for everything."""
    return any(not key.startswith("aws:") or any(covers(each, key) for each in _OF_WHAT_IS_ASKED) for key in missing)
