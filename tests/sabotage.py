"""Runs one check against the emulated AWS while chosen responses are replaced, and lists the responses it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.aws import AwsClient, AwsSession
from basewatch.aws.identity import botocore_session
from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import AuditBucket, Component
from basewatch.components.resources import declared_resources
from basewatch.config.loading import load
from basewatch.model import Finding
from checks import CHECKS
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import CheckResults, run_checks
from demo.emulated_aws import EmulatedAws
from tests.wire import ACCOUNT, REGION, Edit, RememberingWire

AWS_CHECKS = tuple(check for check in CHECKS if check.client_type is AwsClient)
_CONFIG = Path(__file__).parent.parent / "config.yaml"
_DEADLINES = Deadlines(per_observation=timedelta(seconds=60), total=timedelta(seconds=60), concurrency=1)
_UNKNOWN = "UNDOCUMENTED"


def drop(*fields: str) -> Edit:
    """An edit that removes these fields from a response."""

    def edit(answer: dict[str, Any]) -> None:
        for name in fields:
            answer.pop(name, None)

    return edit


# Calls that a check makes only when a field is missing from another response: that operation, and the edit of it.
CONDITIONAL_CALLS: dict[str, tuple[str, Edit]] = {
    "s3:GetObjectRetention": ("s3:HeadObject", drop("ObjectLockMode", "ObjectLockRetainUntilDate")),
}


@cache
def _components() -> tuple[Component, ...]:
    """Every declared component; audit buckets have a sample of 8 versions, which makes the tests faster."""
    return tuple(_with_small_sample(component) for component in load(_CONFIG, CHANNEL_TYPES).config.components)


@cache
def declared() -> frozenset[str]:
    """The AWS resources that config.yaml declares."""
    return declared_resources(_components())


def _with_small_sample(component: Component) -> Component:
    if not isinstance(component, AuditBucket):
        return component
    small: AuditBucket = component.model_copy(
        update={"object_lock": component.object_lock.model_copy(update={"sample": 8})}
    )
    return small


def component_of(check: AnyCheck, ref: str = "") -> Component:
    """The first declared component with the promise of the check, or the one with that ref."""
    promising = (each for each in _components() if isinstance(each, check.component) and check.applies_to(each))
    found: Component | None = next((each for each in promising if ref in ("", each.ref)), None)
    if found is not None:
        return found
    pytest.fail(f"declare {ref or f'a {check.component.__name__}'} with the promises of {check.id} in config.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """The emulated AWS behind a wire that can replace or edit responses; each run clears the wire."""

    wire: RememberingWire
    session: AwsSession
    recorded: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @classmethod
    def of(cls, cloud: EmulatedAws) -> Sabotage:
        """A clean wire to this account, signed in: no call of a later check is one of the sign-in."""
        wire = RememberingWire()
        botocore = wire.attach(botocore_session(cloud.environment))
        session = AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=cloud.environment, session=botocore)
        assert session.principal
        wire.clear()
        return cls(wire=wire, session=session)

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of the account for one observation, as the engine opens it."""
        del component
        assert client_type is AwsClient
        return cast("AbstractContextManager[K]", nullcontext(self.session.open_client(declared=declared())))

    def run(self, check: AnyCheck, component: Component | None = None) -> CheckResults:
        """The results of one check on its component over the wire; afterwards the wire is clear."""
        planned = PlannedCheck(check=check, component=component or component_of(check), severity=check.severity)
        now = datetime.now(UTC)
        try:
            return run_checks([planned], self, _DEADLINES, now, lambda: now)
        finally:
            self.wire.clear()

    def finding(self, check: AnyCheck, component: Component | None = None) -> Finding:
        """The one finding of that run."""
        (finding,) = self.run(check, component).findings
        return finding

    def cause_call(self, operation: str) -> None:
        """Make the next run call `operation`, if it calls it only under a condition."""
        if operation in CONDITIONAL_CALLS:
            edited, edit = CONDITIONAL_CALLS[operation]
            self.wire.edits[edited] = edit

    def operations(self, check: AnyCheck) -> tuple[str, ...]:
        """Every operation that the check calls, conditional calls included, in order of the first call."""
        if check.id not in self.recorded:
            called = list[str]()
            for operation in ("", *CONDITIONAL_CALLS):
                self.cause_call(operation)
                check.observe(self.session.open_client(declared=declared()), component_of(check))
                called += [name for name, _ in self.wire.asked]
                self.wire.clear()
            self.recorded[check.id] = tuple(dict.fromkeys(called))
        return self.recorded[check.id]

    def services(self, check: AnyCheck) -> frozenset[str]:
        """The services that the check asks."""
        return frozenset(operation.partition(":")[0] for operation in self.operations(check))

    def has_value(self, operation: str, path: str) -> bool:
        """Whether a response to the operation may have a value at the path; unknown for one that is not remembered."""
        known = self.wire.remembered(operation)
        return not known or any(_has(response, _steps(path)) for response in known)

    def model(self, operation: str) -> Any:
        """The model of an operation such as `s3:HeadObject`."""
        service, _, name = operation.partition(":")
        return self.session.service_client(service).meta.service_model.operation_model(name)


def enums(model: Any) -> Iterator[str]:
    """The paths of all fields in an operation's response whose possible values AWS documents."""
    yield from _enums(model.output_shape, "", ())


def _enums(shape: Any, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if shape.name in above:
        return
    above = (*above, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from _enums(member, f"{path}.{name}".lstrip("."), above)
    elif shape.type_name == "list":
        yield from _enums(shape.member, f"{path}[]", above)
    elif shape.type_name == "map":
        yield from _enums(shape.value, f"{path}{{}}", above)
    elif shape.metadata.get("enum"):
        yield path


def unknown_at(path: str) -> Edit:
    """An edit that sets an undocumented value wherever `path` is present in a response."""
    steps = _steps(path)

    def edit(answer: dict[str, Any]) -> None:
        _set_unknown(answer, steps)

    return edit


def _steps(path: str) -> list[str]:
    return path.replace("[]", ".[]").replace("{}", ".{}").split(".")


def _keys(value: Any, step: str) -> Iterable[Any]:
    """The keys of a value that a step of a path goes to."""
    return {"{}": list(value), "[]": range(len(value))}.get(step, [step] if step in value else [])


def _has(value: Any, steps: list[str]) -> bool:
    return not steps or any(_has(value[key], steps[1:]) for key in _keys(value, steps[0]))


def _set_unknown(value: Any, steps: list[str]) -> None:
    step, rest = steps[0], steps[1:]
    for key in _keys(value, step):
        if rest:
            _set_unknown(value[key], rest)
        else:
            value[key] = _UNKNOWN


_TOKENS = (
    "Marker",
    "LastEvaluatedTableName",
    "ContinuationToken",
    "NextContinuationToken",
    "NextKeyMarker",
    "NextVersionIdMarker",
    "NextMarker",
    "NextToken",
)


def truncate_page(answer: dict[str, Any]) -> None:
    """An edit that marks a page of a listing as truncated, in the way of each service."""
    answer["IsTruncated"] = answer["Truncated"] = True
    answer.update(dict.fromkeys(_TOKENS, "more"))
