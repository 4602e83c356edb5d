"""A check of the delete markers of an audit bucket: a marker hides a record although its version is locked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import AuditBucket
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.retention.calendar_years import retention_end
from checks.retention.inventory import INVENTORY_NEEDS, Inventory
from checks.retention.version_listing import VersionListing, list_versions

_MAX_LISTED = 5
_DRAWS = 59


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRecord:
    """A key whose current version is a delete marker of `hidden`, over a version that was written at `written`."""

    key: str
    written: datetime
    hidden: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRecords:
    """The records under a delete marker, of `versions_listed` versions and, if those are not all, `visited` others."""

    versions_listed: int
    listing_complete: bool
    visited: int
    inventory_made: datetime | None
    hidden: tuple[HiddenRecord, ...]


def hidden_records(aws: AwsClient, bucket: AuditBucket) -> HiddenRecords:
    """The hidden records of the bucket, by ListObjectVersions. Raises: ObservationError, NotFoundError."""
    found = list_versions(aws, bucket, _DRAWS)
    return HiddenRecords(
        versions_listed=len(found.versions),
        listing_complete=found.complete,
        visited=len(frozenset(found.visited) - frozenset(found.versions)),
        inventory_made=found.inventory.made
        if isinstance(found.inventory, Inventory) and found.inventory.complete
        else None,
        hidden=tuple(_hidden(found)),
    )


def _hidden(found: VersionListing) -> Iterator[HiddenRecord]:
    """The records under a delete marker, each with the newest version that it hides."""
    markers = {marker.key: marker.written for marker in found.markers if marker.is_latest}
    newest = dict[str, datetime]()
    for version in (*found.versions, *found.visited):
        if version.key in markers:
            newest[version.key] = max(version.last_modified, newest.get(version.key, version.last_modified))
    for key, written in sorted(newest.items()):
        yield HiddenRecord(key=key, written=written, hidden=markers[key])


@check(
    "retention.s3.delete_markers",
    component=AuditBucket,
    observe=hidden_records,
    severity=Severity.HIGH,
    proof=Proof.SAMPLE,
    needs=("s3:ListBucketVersions", *INVENTORY_NEEDS),
    promises=("object_lock",),
)
def no_record_is_hidden(records: HiddenRecords, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """No record of the audit bucket is hidden by a delete marker before its retention ends.

    Why: A delete without a version id succeeds on a locked object: it adds a marker, and every reader that names no
    version finds nothing. The record is still there, but an audit that lists the bucket does not see it.
    Reads: s3:ListObjectVersions: delete markers that are the latest of their keys, with the versions that they hide. Of
    a bucket with more than 20,000 versions, the first 20,000, the last, and the folders around 59 draws all over the
    keys, others on each day; or the newest S3 Inventory instead of draws, where there is one of all versions in CSV.
    Unverified when: The bucket holds no version, or a call is denied, throttled or fails.
    Fix: Delete the marker by its version id: aws s3api list-object-versions --query DeleteMarkers, then aws s3api
    delete-object --version-id; then deny s3:DeleteObject to every principal in the bucket policy.
    Source: Amazon S3 User Guide, Object Lock considerations,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    expected = "no delete marker over a record that has to be kept"
    promise = bucket.object_lock.retention
    early = [record for record in records.hidden if record.hidden < retention_end(record.written, promise)]
    seen = f"{records.versions_listed} versions listed"
    if records.inventory_made:
        seen = f"{seen}, and the S3 Inventory of {records.inventory_made:%Y-%m-%d}"
    elif not records.listing_complete:
        seen = f"{seen}, and {records.visited} more all over the other keys"
    if early:
        named = "; ".join(f"{record.key} since {record.hidden:%Y-%m-%d %H:%M}" for record in early[:_MAX_LISTED])
        more = f"; and {len(early) - _MAX_LISTED} more" if len(early) > _MAX_LISTED else ""
        summary = f"{len(early)} records are hidden by delete markers"
        yield failed(summary, observed=f"{named}{more}", expected=expected)
    elif not records.versions_listed:
        yield unverified(Reason.NOT_ENOUGH_DATA, "The bucket holds no object version", expected=expected)
    elif not records.listing_complete and not records.visited:
        yield unverified(Reason.NOT_ENOUGH_DATA, f"{seen}, and the bucket holds more", expected=expected)
    else:
        yield passed("No record is hidden by a delete marker", observed=seen, expected=expected)
