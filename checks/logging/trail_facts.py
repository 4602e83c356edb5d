"""A CloudTrail trail: what it is set to record, and what it last delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.components import Trail
from basewatch.errors import NotFoundError, ObservationError
from checks.inventory.unread import Unread
from checks.logging.event_selectors import Selector, selectors

# arn:aws:cloudtrail:us-east-1:123456789012:trail/NAME
_ACCOUNT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailStatus:
    """What the trail does: whether it is recording and since when, and its newest log file and digest.

    The errors are codes of S3; empty without one. `read_at` is the time on the clock of AWS; None if it told none.
    """

    logging: bool
    started: datetime | None
    delivered: datetime | None
    delivery_error: str
    digest: datetime | None
    digest_error: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrail:
    """The trail's settings, status and selectors; `unread` is why a part of them is not known, which is then empty."""

    arn: str
    home_region: str
    multi_region: bool
    global_events: bool
    validated: bool
    key: str
    status: TrailStatus | None = None
    selectors: tuple[Selector, ...] = ()
    unread: Unread | None = None


def recorded_trail(aws: AwsClient, trail: Trail) -> RecordedTrail:
    """The trail and its status, by DescribeTrails and GetTrailStatus in its home region.

    Raises: NotFoundError, when the account sees no such trail in the region.
    """
    found = _described(aws, trail)
    try:
        answer = aws.in_region(found.home_region).call("cloudtrail", "GetTrailStatus", Name=found.arn)
        return replace(found, status=_status(answer))
    except ObservationError as error:
        return replace(found, unread=_unread(error, found, aws.account_id))


def selecting_trail(aws: AwsClient, trail: Trail) -> RecordedTrail:
    """The trail, its status and its selectors: the same, and GetEventSelectors in its home region.

    Raises: NotFoundError, when the account sees no such trail in the region.
    """
    found = recorded_trail(aws, trail)
    try:
        answer = aws.in_region(found.home_region).call("cloudtrail", "GetEventSelectors", TrailName=found.arn)
        return replace(found, selectors=selectors(answer))
    except ObservationError as error:
        return replace(found, unread=found.unread or _unread(error, found, aws.account_id))


def _described(aws: AwsClient, trail: Trail) -> RecordedTrail:
    answer = aws.call("cloudtrail", "DescribeTrails", includeShadowTrails=True)
    trails = required(answer, "trailList", kind=list)
    alike = [each for each in trails if trail.name in (each.get("TrailARN"), each.get("Name"))]
    if not alike:
        raise NotFoundError(f"no trail {trail.name} records in {aws.region}")
    # Trails of an organization and of other regions can have the same name.
    alike.sort(key=lambda each: (_owner(each) != aws.account_id, each.get("HomeRegion") != aws.region))
    found = alike[0]
    return RecordedTrail(
        arn=required(found, "TrailARN", kind=str),
        home_region=required(found, "HomeRegion", kind=str),
        multi_region=required(found, "IsMultiRegionTrail", kind=bool),
        global_events=required(found, "IncludeGlobalServiceEvents", kind=bool),
        validated=required(found, "LogFileValidationEnabled", kind=bool),
        key=optional(found, "KmsKeyId", kind=str) or "",
    )


def _owner(trail: Mapping[str, Any]) -> str:
    parts = required(trail, "TrailARN", kind=str).split(":")
    return parts[_ACCOUNT] if len(parts) > _ACCOUNT else ""


def _status(answer: Mapping[str, Any]) -> TrailStatus:
    return TrailStatus(
        logging=required(answer, "IsLogging", kind=bool),
        started=optional(answer, "StartLoggingTime", kind=datetime),
        delivered=optional(answer, "LatestDeliveryTime", kind=datetime),
        delivery_error=optional(answer, "LatestDeliveryError", kind=str) or "",
        digest=optional(answer, "LatestDigestDeliveryTime", kind=datetime),
        digest_error=optional(answer, "LatestDigestDeliveryError", kind=str) or "",
        read_at=answered_at(answer),
    )


def _unread(error: ObservationError, trail: RecordedTrail, account: str) -> Unread:
    unread = Unread.because_of(error)
    owner = trail.arn.split(":")[_ACCOUNT]
    if owner == account:
        return unread
    hint = f"or declare the trail in account {owner}, which owns it: a member of the organization may not see it"
    return replace(unread, remedy=f"{unread.remedy}; {hint}" if unread.remedy else hint)
