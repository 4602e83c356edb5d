"""One check judged on answers of AWS that have the shapes of AWS's own models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any, cast

from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.response import StreamingBody
from botocore.validate import ParamValidator

from basewatch.aws import AwsClient
from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import Component
from basewatch.model import Finding, Verdict
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines
from checks.engine.run import run_checks
from tests.wire import Answer, Wire, answered, looking_signed_in

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
_DEADLINES = Deadlines(per_observation=timedelta(seconds=60), total=timedelta(seconds=60), concurrency=1)

Answers = Mapping[str, Answer | Sequence[Answer]]
"""The answers by operation, such as `rds:DescribeDBClusters`: one that is repeated, or several in turn."""


def verdicts(check: AnyCheck, component: Component, answers: Answers) -> tuple[Verdict, ...]:
    """The verdicts of a check on a component when AWS gives these answers."""
    return tuple(_as_verdict(finding) for finding in findings(check, component, answers))


def judging(check: AnyCheck, component: Component, answers: Answers) -> Callable[[], tuple[Verdict, ...]]:
    """The same, judged when it is called: for a row of a table."""
    return lambda: verdicts(check, component, answers)


def findings(check: AnyCheck, component: Component, answers: Answers) -> tuple[Finding, ...]:
    """The findings of a check on a component when AWS gives these answers."""
    wire = Wire()
    for operation, answer in answers.items():
        wire.answer(operation, *(answer if isinstance(answer, Sequence) else [answer]))
    planned = PlannedCheck(check=check, component=component)
    return run_checks([planned], _Offline(looking_signed_in(wire)), _DEADLINES, NOW, lambda: NOW).findings


def answer(operation: str, **fields: Any) -> dict[str, Any]:
    """A good answer of AWS at NOW, with these fields. Raises: AssertionError, when AWS has no such answer."""
    streamed = {name: value for name, value in fields.items() if isinstance(value, StreamingBody)}
    plain = {name: value for name, value in fields.items() if name not in streamed}
    report = ParamValidator().validate(plain, _shape(operation))
    assert not report.has_errors(), f"{operation} has no such answer: {report.generate_report()}"
    found = answered(**fields)
    found["ResponseMetadata"]["HTTPHeaders"]["date"] = f"{NOW:%a, %d %b %Y %H:%M:%S} GMT"
    return found


def body(content: bytes) -> StreamingBody:
    """A body that is read in pieces."""
    return StreamingBody(BytesIO(content), len(content))


@dataclass(frozen=True, slots=True, kw_only=False)
class _Offline:
    client: AwsClient

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client whose calls are all answered by the wire."""
        del component
        assert client_type is AwsClient
        return cast("AbstractContextManager[K]", nullcontext(self.client))


def _as_verdict(finding: Finding) -> Verdict:
    return Verdict(
        status=finding.status,
        summary=finding.summary,
        subject=finding.subject,
        observed=finding.observed,
        expected=finding.expected,
        reason=finding.reason,
        remedy=finding.remedy,
    )


@cache
def _shape(operation: str) -> Any:
    service, _, name = operation.partition(":")
    return _model(service).operation_model(name).output_shape


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)
