"""Checks that a CloudTrail trail records what is promised and delivers it, in log files that can be validated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from basewatch.check import FollowsFrom, check
from basewatch.components import Trail
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text
from checks.logging.event_selectors import Event, Selector, data_events, described, management_events, recorded
from checks.logging.trail_facts import RecordedTrail, TrailStatus, recorded_trail, selecting_trail

_NEEDS = ("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus")
# So many examples of a gap are told.
_EXAMPLES = 3
# arn:aws:dynamodb:us-east-1:123456789012:table/NAME
_REGION, _ACCOUNT = 3, 4


@check(
    "logging.cloudtrail.trail",
    component=Trail,
    observe=selecting_trail,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=_NEEDS,
    promises=("delivered_within", "multi_region", "management_events"),
)
def trail_records_and_delivers(facts: RecordedTrail, trail: Trail, now: datetime) -> Iterator[Verdict]:
    """The trail records all management events, in the promised regions, and delivers its log files.

    Why: Without a trail nobody can tell who changed or read what; one that is on and cannot write to its bucket
    records as little as one that is off.
    Reads: cloudtrail:DescribeTrails: the regions. cloudtrail:GetEventSelectors: basic and advanced selectors, each
    asked about reads and writes of several services and of every service that it names. cloudtrail:GetTrailStatus:
    whether it is recording, the time of the newest log file and the last error of S3. The log files themselves are not
    read.
    Unverified when: A call is denied, throttled or fails, as it may be for the trail of an organization that is seen
    from a member account; the trail was started less than the promised time ago and has delivered nothing yet; or a
    selector has a field that Basewatch does not know.
    Fix: aws cloudtrail start-logging; aws cloudtrail update-trail --is-multi-region-trail
    --include-global-service-events; aws cloudtrail put-event-selectors. After an error of S3, correct the policy of the
    bucket and that of its key.
    Source: AWS CloudTrail User Guide, https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trails.html
    """
    expected = ", ".join(_expected(trail))
    status, chosen = facts.status, facts.selectors
    missing, unsure = _gaps(chosen, management_events(chosen, excluded=trail.excluded_sources))
    if not (trail.management_events and chosen):
        missing, unsure = [], []
    breaches = [
        *(["it is not recording"] if status and not status.logging else []),
        *(["it records one region alone"] if trail.multi_region and not facts.multi_region else []),
        *(
            ["it records no events of global services such as IAM"]
            if trail.management_events and not facts.global_events
            else []
        ),
        *([f"it does not record {_some(missing)}"] if missing else []),
        *([f"S3 refuses its log files: {status.delivery_error}"] if status and status.delivery_error else []),
    ]
    observed = f"{facts.arn}, {_regions(facts)}, {_newest(facts, 'log file', now)}"
    late = _late(facts, trail.delivered_within, lambda each: each.delivered, now) if trail.delivered_within else None
    if breaches or late is True:
        lateness = [] if late is not True or breaches else ["its newest log file is too old"]
        yield failed(_sentence([*breaches, *lateness]), observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif unsure:
        summary, remedy = f"Whether it records {_some(unsure)} is not known", "Look at the fields of its selectors."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif late is None and trail.delivered_within:
        summary, remedy = "It has delivered no log file since it was started", "Run the check again later."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The trail records and delivers", observed=observed, expected=expected)


@check(
    "logging.cloudtrail.integrity",
    component=Trail,
    observe=recorded_trail,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    promises=("digests_within", "encrypted"),
)
def log_files_can_be_validated(facts: RecordedTrail, trail: Trail, now: datetime) -> Iterator[Verdict]:
    """Digests of the trail's log files arrive, and the log files are encrypted with a KMS key, as promised.

    Why: Only a digest that AWS signed shows that a log file was neither changed nor removed.
    Reads: cloudtrail:DescribeTrails: LogFileValidationEnabled and KmsKeyId. cloudtrail:GetTrailStatus: the time of the
    newest digest, and the last error of S3. The digests themselves are not verified: aws cloudtrail validate-logs does.
    Unverified when: A call is denied, throttled or fails, or the trail was started less than the promised time ago and
    has delivered no digest yet.
    Fix: aws cloudtrail update-trail --enable-log-file-validation --kms-key-id KEY. After an error of S3, correct the
    policy of the bucket.
    Source: AWS CloudTrail User Guide, Validating CloudTrail log file integrity,
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
    """
    within, status = trail.digests_within, facts.status
    promised = [f"a digest every {format_duration(within)}"] if within else []
    expected = ", ".join([*promised, *(["a KMS key"] if trail.encrypted else [])])
    observed = f"{facts.arn}, {_newest(facts, 'digest', now)}, {facts.key or 'no KMS key'}"
    late = _late(facts, within, lambda each: each.digest, now) if within and facts.validated else None
    breaches = [
        *(["its log files are not validated"] if within and not facts.validated else []),
        *(["its log files are not encrypted with a KMS key"] if trail.encrypted and not facts.key else []),
        *([f"S3 refuses its digests: {status.digest_error}"] if within and status and status.digest_error else []),
        *(["its newest digest is too old"] if late is True else []),
    ]
    if breaches:
        yield failed(_sentence(breaches), observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif within and late is None:
        summary, remedy = "It has delivered no digest since it was started", "Run the check again later."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The trail's log files can be validated", observed=observed, expected=expected)


@check(
    "logging.cloudtrail.data_events",
    component=Trail,
    observe=selecting_trail,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=_NEEDS,
    promises=("data_events",),
    follows_from=(FollowsFrom(check="logging.cloudtrail.trail"),),
)
def data_events_are_recorded(facts: RecordedTrail, trail: Trail, _now: datetime) -> Iterator[Verdict]:
    """The trail records reads and writes of the promised buckets, tables and functions.

    Why: Management events tell who made a bucket; only data events tell who read, replaced or deleted what is in it.
    Reads: cloudtrail:DescribeTrails, cloudtrail:GetTrailStatus, cloudtrail:GetEventSelectors: basic and advanced
    selectors, each asked about a read and a write of each resource, and of each part of a bucket that it leaves out.
    Other trails and event data stores are not looked at.
    Unverified when: A call is denied, throttled or fails, or a selector has a field that Basewatch does not know.
    Fix: aws cloudtrail put-event-selectors with AdvancedEventSelectors of the category Data.
    Source: AWS CloudTrail User Guide, Logging data events,
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
    """
    chosen = facts.selectors
    wanted = {_arn(each, facts): each for each in trail.data_events}
    missing, unsure = _gaps(chosen, (event for arn in wanted for event in data_events(chosen, arn)))
    expected = f"reads and writes of {', '.join(sorted(wanted.values()))}"
    observed = f"{facts.arn}, {len(chosen)} selectors, {_regions(facts)}"
    stopped = facts.status is not None and not facts.status.logging
    elsewhere = [] if facts.multi_region else [f"events in {each}" for each in _elsewhere(wanted, facts.home_region)]
    if stopped or elsewhere or (chosen and missing):
        what = "It is not recording" if stopped else f"It does not record {_some(elsewhere or missing)}"
        yield failed(what, observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif unsure:
        summary, remedy = f"Whether it records {_some(unsure)} is not known", "Look at the fields of its selectors."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The trail records the data events", observed=observed, expected=expected)


def _expected(trail: Trail) -> Iterator[str]:
    if trail.multi_region:
        yield "every region"
    if trail.management_events:
        excluded = f" but those of {', '.join(trail.excluded_sources)}" if trail.excluded_sources else ""
        yield f"every management event{excluded}"
    if trail.delivered_within:
        yield f"a log file every {format_duration(trail.delivered_within)}"


def _gaps(chosen: Iterable[Selector], events: Iterable[Event]) -> tuple[list[str], list[str]]:
    """The events that are not recorded, and those of which it is not known."""
    chosen = tuple(chosen)
    answers = [(described(event), recorded(chosen, event)) for event in events]
    return [what for what, known in answers if known is False], [what for what, known in answers if known is None]


def _late(
    facts: RecordedTrail, within: timedelta, newest_of: Callable[[TrailStatus], datetime | None], now: datetime
) -> bool | None:
    """Whether the newest file is too old; None, when that is not known, or it could not be due since the start."""
    if facts.status is None:
        return None
    at = facts.status.read_at or now
    newest, running = age(newest_of(facts.status), at), age(facts.status.started, at)
    if newest is not None and newest <= within:
        return False
    return None if running is None or running <= within else True


def _elsewhere(arns: Iterable[str], home: str) -> list[str]:
    """The other regions of these resources; an ARN of a bucket names none."""
    return sorted({region for arn in arns if (region := arn.split(":")[_REGION]) not in ("", home)})


def _arn(resource: str, facts: RecordedTrail) -> str:
    """The ARN of a resource in the region and account of the trail, unless it is one."""
    if resource.startswith("arn:"):
        return resource
    kind, _, name = resource.partition("/")
    partition, account = facts.arn.split(":")[1], facts.arn.split(":")[_ACCOUNT]
    here = f"{facts.home_region}:{account}"
    of_kind = {"audit_bucket": f"s3:::{name}", "table": f"dynamodb:{here}:table/{name}"}
    return f"arn:{partition}:{of_kind.get(kind, f'lambda:{here}:function:{name}')}"


def _some(what: Sequence[str]) -> str:
    more = f" and {len(what) - _EXAMPLES} more" if len(what) > _EXAMPLES else ""
    return ", ".join(what[:_EXAMPLES]) + more


def _regions(facts: RecordedTrail) -> str:
    return "every region" if facts.multi_region else f"{facts.home_region} alone"


def _newest(facts: RecordedTrail, what: str, now: datetime) -> str:
    if facts.status is None:
        return "its status is not known"
    newest = facts.status.digest if what == "digest" else facts.status.delivered
    old = age(newest, facts.status.read_at or now)
    recording = "recording" if facts.status.logging else "not recording"
    return f"{recording}, " + (f"no {what}" if old is None else f"newest {what} {minutes_text(old)} old")


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]
