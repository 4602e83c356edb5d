"""What every declared component has in common: its kind, its name, and what it promises."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from basewatch.component_settings import ConfigModel
from basewatch.quantities import Threshold


class Component(ConfigModel):
    """One declared thing of the platform; `kind` and `name` together identify it everywhere.

    `promises` are the settings that claim something of it, such as `backup.rpo`; the others say what and where it is.
    """

    kind: ClassVar[str]
    section: ClassVar[str]
    promises: ClassVar[tuple[str, ...]]
    name: str = Field(min_length=1)

    @property
    def ref(self) -> str:
        """The component's identity in findings, evidence and alerts, such as `function/auth-v2`."""
        return f"{self.kind}/{self.name}"

    def promise_value(self, promise: str) -> object:
        """What stands at the path of a promise, such as `proxy.pool_use_below`; None where a part is left out."""
        value: object = self
        for key in promise.split("."):
            value = getattr(value, key) if value is not None else None
        return value

    def has_promise(self, promise: str) -> bool:
        """Whether this component makes the promise at a path: it is set, and not off."""
        value = self.promise_value(promise)
        return any(value.model_dump().values()) if isinstance(value, ConfigModel) else bool(value)

    @property
    def warm_up(self) -> timedelta:
        """How long before a window its metrics are read too, so that what goes on as it begins is seen whole."""
        limits = [limit for limit in map(self.promise_value, self.promises) if isinstance(limit, Threshold)]
        return max((limit.sustained for limit in limits), default=timedelta())


class AwsComponent(Component):
    """A component that lives in one AWS account and region; None means the only one declared."""

    account: str | None = None
    region: str | None = None
