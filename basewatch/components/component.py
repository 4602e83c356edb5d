"""The base of every component kind: its kind, its name, and its promises."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from basewatch.component_settings import ConfigModel, KeptLogs, RecoveryPoints
from basewatch.identifiers import AccountId
from basewatch.quantities import Threshold

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}


class Component(ConfigModel):
    """One declared resource of the platform, identified by `kind` and `name`.

    `promises` are the paths of the settings that checks judge, such as `backup.rpo`; the other settings locate it.
    """

    kind: ClassVar[str] = "any"
    noun: ClassVar[str] = ""
    """What people call such a component in a sentence, such as `S3 bucket`; empty means the words of `kind`."""
    promises: ClassVar[tuple[str, ...]] = ()
    name: str = Field(min_length=1)
    depends_on: tuple[str, ...] = Field(
        default=(), description="the components, such as database/main, whose failure explains that of this one"
    )
    labels: dict[str, str] = Field(
        default={}, description="what routes and silences can match, such as the team: {team: payments}"
    )

    @property
    def ref(self) -> str:
        """The component's identity in findings, evidence and alerts, such as `function/auth-v2`."""
        return f"{self.kind}/{self.name}"

    @property
    def selectors(self) -> tuple[str, ...]:
        """The checks of other components whose findings its own checks are about, as in `held_by`."""
        return ()

    def promise_value(self, promise: str) -> object:
        """The value at the path of a promise, such as `proxy.pool_use_below`; None where a part is omitted."""
        value: object = self
        for key in promise.split("."):
            value = getattr(value, key) if value is not None else None
        return value

    def has_promise(self, promise: str) -> bool:
        """Whether this component makes the promise at a path: the setting is present, and not disabled."""
        value = self.promise_value(promise)
        return any(value.model_dump().values()) if isinstance(value, ConfigModel) else bool(value)

    @property
    def warm_up(self) -> timedelta:
        """How long before a window its metrics are read, so that a breach that lasts into the window is complete."""
        limits = [limit for limit in map(self.promise_value, self.promises) if isinstance(limit, Threshold)]
        return max((limit.sustained for limit in limits), default=timedelta())


class AwsComponent(Component):
    """A component in one AWS account and region; None means the only one that is declared."""

    account: str | None = None
    region: str | None = None


class PrivateComponent(AwsComponent):
    """An AWS component with a policy of its own. `private` promises that it lets in nobody outside the account.

    `shared_with` are the other accounts that it may let in.
    """

    promises: ClassVar[tuple[str, ...]] = ("private",)
    private: bool = True
    shared_with: tuple[AccountId, ...] = ()


class AlarmedComponent(AwsComponent):
    """An AWS component whose CloudWatch alarms can be promised to be quiet and to notify a person or a service."""

    promises: ClassVar[tuple[str, ...]] = ("alarms_quiet",)
    dimension: ClassVar[str]
    """The dimension that names such a component in CloudWatch."""
    alarms_quiet: bool = False

    @property
    def alarm_dimensions(self) -> tuple[tuple[str, str], ...]:
        """The dimensions, as names and values, of which a metric of this component has one in CloudWatch."""
        return ((self.dimension, self.name),)

    @property
    def alarm_part(self) -> tuple[str, str] | None:
        """A dimension of the declared part of the resource alone, such as its stage; None without one.

        A metric that has this dimension with another value is not of this component.
        """
        return None


class BackedUpComponent(AlarmedComponent):
    """An AWS component of which AWS Backup can be promised to keep recovery points."""

    promises: ClassVar[tuple[str, ...]] = ("recovery_points", "recovery_points.keep", "recovery_points.copies")
    arn_format: ClassVar[str]
    """The ARN with the names of its variable parts, such as `arn:{partition}:rds:{region}:{account}:cluster:{name}`."""
    recovery_points: RecoveryPoints | None = None

    def arn(self, *, account: str, region: str) -> str:
        """The ARN of the component in this account and region; a name that is an ARN stays as it is."""
        if self.name.startswith("arn:"):
            return self.name
        partition = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
        return self.arn_format.format(partition=partition, region=region, account=account, name=self.name)


class LoggedComponent(AlarmedComponent):
    """A component that writes to log groups of CloudWatch Logs; `logs` is how long they are kept."""

    promises: ClassVar[tuple[str, ...]] = (*AlarmedComponent.promises, "logs")
    logs: KeptLogs | None = None
