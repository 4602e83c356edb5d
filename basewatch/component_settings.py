"""The parts that components are declared with: strict, frozen, and each with its promises."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from basewatch.errors import InvalidValueError
from basewatch.identifiers import Digest
from basewatch.quantities import Duration, RateThreshold, RatioThreshold


class ConfigModel(BaseModel):
    """A frozen, strict part of the configuration: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Backup(ConfigModel):
    """What an Aurora cluster promises of its automated backups."""

    retention: Duration
    rpo: Duration
    rto: Duration | None = None
    deletion_protection: bool = True


class Capacity(ConfigModel):
    """The span of an Aurora Serverless v2 cluster's capacity, in Aurora capacity units."""

    min_acu: float = Field(gt=0)
    max_acu: float = Field(gt=0)

    @model_validator(mode="after")
    def _spans_upwards(self) -> Self:
        if self.min_acu > self.max_acu:
            raise InvalidValueError(
                f"min_acu {self.min_acu:g} is more than max_acu {self.max_acu:g}", "exchange the two"
            )
        return self


class Proxy(ConfigModel):
    """What the RDS Proxy in front of a cluster promises."""

    name: str
    require_tls: bool = True
    pool_use_below: RatioThreshold | None = None


class FailedLoginFilter(ConfigModel):
    """Which rows of an audit table are failed logins: `column` holds one of `values`; `at` says when."""

    column: str = "event_type"
    values: tuple[str, ...] = Field(default=("auth.failed",), min_length=1)
    at: str = "created_at"


class AuditTable(ConfigModel):
    """A table whose rows may be added and never changed or removed."""

    table: str
    append_only: bool = True
    failed_logins_below: RateThreshold | None = None
    failed_logins: FailedLoginFilter | None = None
    guards: dict[str, Digest] = Field(
        default={}, description="every trigger of the table, each with the digest of the function it runs"
    )


class ObjectLock(ConfigModel):
    """How long every object version is kept from change, and how strictly."""

    mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    retention: Duration
    sample: int = Field(default=59, ge=1, le=1000, description="how many versions are sampled in each pass")


class RetentionTiers(ConfigModel):
    """Grandfather-father-son tiers: how many of each a backup set keeps."""

    daily: int = Field(default=0, ge=0)
    weekly: int = Field(default=0, ge=0)
    monthly: int = Field(default=0, ge=0)
    yearly: int = Field(default=0, ge=0)


class RestoreDrill(ConfigModel):
    """How often a dump is restored for proof, and how fast that must be."""

    every: Duration
    within: Duration
