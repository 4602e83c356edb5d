"""The bucket of pg_dump archives, filled as years of the hourly schedule would have left it."""

from __future__ import annotations

from demo import dumps
from demo.resources_audit import protect
from demo.resources_site import Site


def create(site: Site, *, key: str) -> None:
    """A versioned, private bucket with a dump for every hour of a day and for each tier kept."""
    s3 = site.client("s3")
    s3.create_bucket(Bucket=dumps.BUCKET)
    s3.put_bucket_versioning(Bucket=dumps.BUCKET, VersioningConfiguration={"Status": "Enabled"})
    protect(site, dumps.BUCKET, key)
    for at in dumps.times(site.now):
        dumps.put(site.dump, at)
