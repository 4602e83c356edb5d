"""Runs one check on the box while chosen answers of AWS are spoilt on their way, and says which answers there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from basewatch.aws import AwsClient, AwsSession
from basewatch.aws.identity import botocore_session
from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import AuditBucket, Component
from basewatch.config.loading import load
from basewatch.model import Finding
from checks import CHECKS
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import CheckResults, run_checks
from demo.emulated_aws import EmulatedAws
from tests.wire import ACCOUNT, REGION, Edit, Wire

AWS_CHECKS = tuple(check for check in CHECKS if check.client_type is AwsClient)
_CONFIG = Path(__file__).parent.parent / "config.yaml"
_PATIENT = Deadlines(per_observation=timedelta(seconds=60), total=timedelta(seconds=60), concurrency=1)
_UNKNOWN = "SABOTAGED"


def drop(*fields: str) -> Edit:
    """An edit that takes these fields out of an answer."""

    def edit(answer: dict[str, Any]) -> None:
        for name in fields:
            answer.pop(name, None)

    return edit


# Calls that no check makes while all is well, and what must be missing from which answer to make it ask.
DETOURS: dict[str, tuple[str, Edit]] = {
    "s3:GetObjectRetention": ("s3:HeadObject", drop("ObjectLockMode", "ObjectLockRetainUntilDate")),
}


@cache
def _components() -> tuple[Component, ...]:
    """Every declared component; spoiling the locks of 8 versions proves what spoiling those of 59 would."""
    return tuple(_sampling_few(component) for component in load(_CONFIG).config.components)


def _sampling_few(component: Component) -> Component:
    if not isinstance(component, AuditBucket):
        return component
    few: AuditBucket = component.model_copy(
        update={"object_lock": component.object_lock.model_copy(update={"sample": 8})}
    )
    return few


def component_of(check: AnyCheck, ref: str = "") -> Component:
    """The first declared component that makes the check's promise, or the one of that ref."""
    promising = (each for each in _components() if isinstance(each, check.component) and check.applies_to(each))
    found: Component = next(each for each in promising if ref in ("", each.ref))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """The box's AWS behind a wire on which answers can be spoilt; a run leaves the wire clean."""

    wire: Wire
    session: AwsSession
    recorded: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @classmethod
    def of(cls, cloud: EmulatedAws) -> Sabotage:
        """The wire to this account, with nothing spoilt yet."""
        wire = Wire()
        botocore = wire.attach(botocore_session(cloud.environment))
        session = AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=cloud.environment, session=botocore)
        _ = session.principal
        return cls(wire=wire, session=session)

    def open(self, kind: type[K], component: Component) -> AbstractContextManager[K]:
        """A view of the account for one observation, as the runner asks for it."""
        del component
        assert kind is AwsClient
        return cast("AbstractContextManager[K]", nullcontext(self.session.open_client()))

    def run(self, check: AnyCheck, component: Component | None = None) -> CheckResults:
        """What the runner makes of one check on its component, over the wire as it is; then the wire is clean."""
        planned = PlannedCheck(check=check, component=component or component_of(check), severity=check.severity)
        now = datetime.now(UTC)
        try:
            return run_checks([planned], self, _PATIENT, now, lambda: now)
        finally:
            self.wire.clear()

    def finding(self, check: AnyCheck, component: Component | None = None) -> Finding:
        """The one finding of that run."""
        (finding,) = self.run(check, component).findings
        return finding

    def detour(self, operation: str) -> None:
        """Make the next run ask `operation`, if it would not by itself."""
        if operation in DETOURS:
            asked, edit = DETOURS[operation]
            self.wire.edits[asked] = edit

    def operations(self, check: AnyCheck) -> tuple[str, ...]:
        """Every operation the check really asks, in a clean run and on each detour, in order of first asking."""
        if check.id not in self.recorded:
            asked = list[str]()
            for operation in ("", *DETOURS):
                self.detour(operation)
                check.observe(self.session.open_client(), component_of(check))
                asked += [name for name, _ in self.wire.asked]
                self.wire.clear()
            self.recorded[check.id] = tuple(dict.fromkeys(asked))
        return self.recorded[check.id]

    def model(self, operation: str) -> Any:
        """The model of an operation such as `s3:HeadObject`."""
        service, _, name = operation.partition(":")
        return self.session.service_client(service).meta.service_model.operation_model(name)


def enums(model: Any) -> Iterator[str]:
    """The paths of all words in an operation's answer of which AWS documents the possible values."""
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
    """An edit that puts a word AWS does not know yet wherever `path` is present in an answer."""
    steps = path.replace("[]", ".[]").replace("{}", ".{}").split(".")

    def edit(answer: dict[str, Any]) -> None:
        _spoil(answer, steps)

    return edit


def _spoil(value: Any, steps: list[str]) -> None:
    step, rest = steps[0], steps[1:]
    keys = {"{}": list(value), "[]": range(len(value))}.get(step, [step] if step in value else [])
    for key in keys:
        if rest:
            _spoil(value[key], rest)
        else:
            value[key] = _UNKNOWN


def more_to_come(answer: dict[str, Any]) -> None:
    """An edit that makes a page of an S3 listing say that there is another."""
    answer["IsTruncated"] = True
    answer.update(dict.fromkeys(("NextContinuationToken", "NextKeyMarker", "NextVersionIdMarker"), "more"))
