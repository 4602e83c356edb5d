"""A check that an Aurora cluster runs the declared engine version, and that AWS supports it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified

_STANDARD = "open-source-rds-standard-support"
_EXTENDED = "open-source-rds-extended-support"
_NOTICE = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSupport:
    """The version that the cluster runs, and what AWS says of it.

    `statuses` are those of the version, empty when AWS does not list it. `standard_until` is the end of standard
    support of its major version; None when AWS states none. `other_lifecycles` are support periods of another name.
    """

    engine: str
    version: str
    statuses: tuple[str, ...]
    standard_until: datetime | None
    other_lifecycles: tuple[str, ...]
    aws_time: datetime | None


def engine_support(aws: AwsClient, cluster: AuroraCluster) -> EngineSupport:
    """By DescribeDBClusters, DescribeDBEngineVersions and DescribeDBMajorEngineVersions."""
    found = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    engine = required(found, "DBClusters", 0, "Engine", kind=str)
    version = required(found, "DBClusters", 0, "EngineVersion", kind=str)
    listed = aws.call("rds", "DescribeDBEngineVersions", Engine=engine, EngineVersion=version, IncludeAll=True)
    major = version.partition(".")[0]
    majors = aws.call("rds", "DescribeDBMajorEngineVersions", Engine=engine, MajorEngineVersion=major)
    ends = dict[str, datetime]()
    for each in required(majors, "DBMajorEngineVersions", kind=list):
        for lifecycle in optional(each, "SupportedEngineLifecycles", kind=list) or []:
            name = required(lifecycle, "LifecycleSupportName", kind=str)
            ends[name] = required(lifecycle, "LifecycleSupportEndDate", kind=datetime)
    return EngineSupport(
        engine=engine,
        version=version,
        statuses=tuple(required(each, "Status", kind=str) for each in required(listed, "DBEngineVersions", kind=list)),
        standard_until=ends.get(_STANDARD),
        other_lifecycles=tuple(sorted(set(ends) - {_STANDARD, _EXTENDED})),
        aws_time=answered_at(found),
    )


@check(
    "availability.engine.support",
    component=AuroraCluster,
    observe=engine_support,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters", "rds:DescribeDBEngineVersions", "rds:DescribeDBMajorEngineVersions"),
    promises=("engine_version",),
)
def engine_is_supported(facts: EngineSupport, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The cluster runs the declared engine version, in standard support for 90 days at least.

    Why: AWS upgrades a deprecated version on its own day, and extended support is billed by the hour and vCPU.
    Reads: rds:DescribeDBClusters: Engine and EngineVersion; a declared `15` allows every minor version of it.
    rds:DescribeDBEngineVersions: whether the version is available or deprecated. rds:DescribeDBMajorEngineVersions: the
    end of standard support. Whether a minor version ends sooner is in no API.
    Unverified when: A call is denied, throttled or fails, AWS does not list the version or states no end of its
    support, or a status or a kind of support is not known.
    Fix: aws rds modify-db-cluster --engine-version ... after a test on a clone, or correct `engine_version`.
    Source: Amazon Aurora User Guide, Release calendars for Aurora PostgreSQL,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
    """
    declared = cluster.engine_version or ""
    until = f"standard support until {facts.standard_until:%Y-%m-%d}" if facts.standard_until else "no end of support"
    observed = f"{facts.engine} {facts.version}, {', '.join(facts.statuses) or 'not listed'}, {until}"
    expected = f"{declared}, available, in standard support for 90 days"
    unknown = sorted({*facts.statuses} - {"available", "deprecated"})
    if facts.version != declared and not facts.version.startswith(f"{declared}."):
        yield failed(f"The cluster runs another version: {facts.version}", observed=observed, expected=expected)
    elif "available" not in facts.statuses and "deprecated" in facts.statuses:
        yield failed("AWS has deprecated the version", observed=observed, expected=expected)
    elif facts.standard_until and facts.standard_until - (facts.aws_time or now) < _NOTICE:
        summary = f"Standard support ends on {facts.standard_until:%Y-%m-%d}"
        if facts.standard_until <= (facts.aws_time or now):
            summary = f"Standard support ended on {facts.standard_until:%Y-%m-%d}"
        yield failed(summary, observed=observed, expected=expected)
    elif facts.standard_until is None and facts.other_lifecycles:
        summary = f"AWS names a kind of support that Basewatch does not know: {', '.join(facts.other_lifecycles)}"
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected)
    elif unknown:
        summary = f"The version has a status that Basewatch does not know: {', '.join(unknown)}"
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected)
    elif not facts.statuses or facts.standard_until is None:
        summary = "AWS does not say whether it supports the version"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    else:
        yield passed("The cluster runs the declared version, and AWS supports it", observed=observed, expected=expected)
