"""The settings within component kinds, as strict and frozen models."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from basewatch.errors import InvalidValueError
from basewatch.identifiers import CalendarDate, Digest
from basewatch.quantities import Duration, DurationThreshold, RateThreshold, RatioThreshold


class ConfigModel(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def parse_optional_section(value: object) -> object:
    """A section that `false` turns off."""
    return None if value is False else value


class Backup(ConfigModel):
    """The promises of an Aurora cluster's automated backups."""

    retention: Duration
    rpo: Duration
    rto: Duration | None = None
    deletion_protection: bool = True


class ThreatDetection(ConfigModel):
    """The promises of GuardDuty: its `features`, such as `S3_DATA_EVENTS`, and how soon high findings are archived."""

    features: tuple[str, ...] = ()
    triaged_within: Duration | None = None


class SecurityStandards(ConfigModel):
    """The standards that Security Hub assesses, such as `aws-foundational-security-best-practices`."""

    standards: tuple[str, ...] = Field(min_length=1)


class RecordedTypes(ConfigModel):
    """The recorder of AWS Config: it records every type of resource but the `excluded`, such as `AWS::Config::X`."""

    recording: Literal[True] = True
    excluded: tuple[str, ...] = ()


class KeptLogs(ConfigModel):
    """How long CloudWatch keeps log events, and whether a KMS key encrypts them.

    A group that keeps them for ever breaks `at_most`.
    """

    at_least: Duration | None = None
    at_most: Duration | None = None
    encrypted: bool = False

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise InvalidValueError("logs.at_least is more than logs.at_most", "exchange the two")
        return self


class Capacity(ConfigModel):
    """The capacity range of an Aurora Serverless v2 cluster, in Aurora capacity units."""

    min_acu: float = Field(gt=0)
    max_acu: float = Field(gt=0)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min_acu > self.max_acu:
            raise InvalidValueError(
                f"min_acu {self.min_acu:g} is more than max_acu {self.max_acu:g}", "exchange the two"
            )
        return self


class Proxy(ConfigModel):
    """The promises of the RDS Proxy in front of a cluster."""

    name: str
    require_tls: bool = True
    pool_use_below: RatioThreshold | None = None
    borrow_latency_below: DurationThreshold | None = None


class FailedLoginFilter(ConfigModel):
    """The rows of an audit table that are failed logins: `column` has one of `values`, `time_column` the time."""

    column: str = "event_type"
    values: tuple[str, ...] = Field(default=("auth.failed",), min_length=1)
    time_column: str = "created_at"


class AuditTable(ConfigModel):
    """A table to which rows may be added; no row may be changed or removed."""

    table: str
    append_only: bool = True
    failed_logins_below: RateThreshold | None = None
    failed_logins: FailedLoginFilter | None = None
    triggers: dict[str, Digest] = Field(
        default={}, description="every trigger of the table, each with the digest of the function it runs"
    )


class ObjectLock(ConfigModel):
    """The Object Lock mode and retention of every object version."""

    mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    retention: Duration
    sample: int = Field(default=59, ge=1, le=1000, description="how many versions are sampled in each pass")


DumpLayer: TypeAlias = Literal[
    "custom",
    "directory",
    "tar",
    "plain",
    "gzip",
    "bzip2",
    "xz",
    "zstd",
    "lz4",
    "zip",
    "7z",
    "openssl",
    "age",
    "openpgp",
    "kms",
]


def _layers(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


_LAYER_SCHEMA = {"enum": list(get_args(DumpLayer)), "type": "string"}
# A format of pg_dump, then what compresses and encrypts it, from the inside out; one name alone is a list of one.
DumpFormat: TypeAlias = Annotated[
    tuple[DumpLayer, ...],
    BeforeValidator(_layers),
    WithJsonSchema({"anyOf": [_LAYER_SCHEMA, {"type": "array", "items": _LAYER_SCHEMA}]}),
]


class RetentionTiers(ConfigModel):
    """Grandfather-father-son retention: how many backups of each tier are kept."""

    daily: int = Field(default=0, ge=0, le=100_000)
    weekly: int = Field(default=0, ge=0, le=100_000)
    monthly: int = Field(default=0, ge=0, le=100_000)
    yearly: int = Field(default=0, ge=0, le=100_000)


class TimeToLive(ConfigModel):
    """The attribute of a DynamoDB table's items that holds when they expire; the application sets it."""

    attribute: str = Field(min_length=1)


class VaultLock(ConfigModel):
    """The lock of a backup vault, and for how long it keeps every recovery point at least.

    In COMPLIANCE mode nobody can remove it; in GOVERNANCE mode, those who may delete the lock's configuration can.
    """

    mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    retention: Duration


class PointCopies(ConfigModel):
    """Where each recovery point is copied to: another region, another account, or both."""

    region: str | None = None
    account: str | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.region is None and self.account is None:
            raise InvalidValueError("copies say neither where nor whose they are", "add region: or account:, or both")
        return self


class RecoveryPoints(ConfigModel):
    """The recovery points that AWS Backup keeps of a resource in a vault of the same account and region.

    The newest is never older than `stale_after`. `sizes_since` is the day since which their sizes can be compared,
    after one on which the resource shrank on purpose.
    """

    vault: str = Field(min_length=1)
    stale_after: Duration
    sizes_since: CalendarDate | None = None
    since: CalendarDate | None = None
    keep: RetentionTiers = RetentionTiers()
    copies: PointCopies | None = None
