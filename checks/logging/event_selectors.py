"""Which events a CloudTrail trail records: its selectors, basic and advanced, asked about single events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from basewatch.aws.response import listed, optional, required
from basewatch.errors import ObservationError
from basewatch.model import Reason

Event = Mapping[str, str]
"""An event's fields by their names in selectors, such as `eventSource`."""

MANAGEMENT, DATA = "Management", "Data"
_CATEGORY, _READ_ONLY, _SOURCE = "eventCategory", "readOnly", "eventSource"
_TYPE, _ARN = "resources.type", "resources.ARN"
# Events of one source or resource have several values of these, so any condition on one leaves some events out.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
_NARROWING = frozenset(
    {"eventName", "eventType", "userIdentity.arn", "sessionCredentialFromConsole", "vpcEndpointId", "errorCode"}
)
_OTHER = "other services"
# A value that means every resource of the service, such as `arn:aws:lambda`, has no more parts than these.
_PARTS_OF_EVERY = 3


class ReadWrite(StrEnum):
    """The ReadWriteType of a basic selector."""

    ALL = "All"
    READ = "ReadOnly"
    WRITE = "WriteOnly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What one field must be: one of `equals`, `starts` and `ends`, where any is given, and none of the others."""

    field: str
    equals: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts: tuple[str, ...] = ()
    not_ends: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that the condition names."""
        return (*self.equals, *self.starts, *self.ends, *self.not_equals, *self.not_starts, *self.not_ends)

    def holds(self, event: Event) -> bool | None:
        """Whether the condition holds for the event; None, when it is on a field that Basewatch does not know.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html
        """
        value = event.get(self.field)
        if value is None:
            return False if self.field in _NARROWING or self.field in (_TYPE, _ARN) else None
        selected = value in self.equals or value.startswith(self.starts) or value.endswith(self.ends)
        refused = value in self.not_equals or value.startswith(self.not_starts) or value.endswith(self.not_ends)
        return (selected or not (self.equals or self.starts or self.ends)) and not refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One selector of a trail: it records the events for which every condition holds."""

    conditions: tuple[Condition, ...]

    def records(self, event: Event) -> bool | None:
        """Whether it records the event; None, when that depends on a field that Basewatch does not know."""
        answers = {condition.holds(event) for condition in self.conditions}
        return False if False in answers else None if None in answers else True


def selectors(answer: Mapping[str, Any]) -> tuple[Selector, ...]:
    """The selectors in an answer to GetEventSelectors; basic ones in the form of advanced ones.

    Raises: ObservationError, when it has none: every trail has some.
    """
    basic = (each for one in listed(answer, "EventSelectors") for each in _of_basic(one))
    found = (*basic, *(_of_advanced(one) for one in listed(answer, "AdvancedEventSelectors")))
    if not found:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "the answer of AWS has no event selectors")
    return found


def recorded(of: Iterable[Selector], event: Event) -> bool | None:
    """Whether any selector records the event; None, when that is not known."""
    answers = {selector.records(event) for selector in of}
    return True if True in answers else None if None in answers else False


def management_events(of: Iterable[Selector], *, excluded: Iterable[str]) -> Iterator[Event]:
    """Events of the control plane by which gaps show: reads and writes of every source that a selector names."""
    named = {
        value
        for selector in of
        for condition in selector.conditions
        if condition.field == _SOURCE
        for value in condition.values
    }
    usual = {f"{name}.amazonaws.com" for name in ("iam", "sts", "s3", "rds", "kms", "rdsdata")} | {_OTHER}
    for source in sorted((usual | named) - set(excluded)):
        for read_only in ("true", "false"):
            yield {_CATEGORY: MANAGEMENT, _SOURCE: source, _READ_ONLY: read_only}


def data_events(of: Iterable[Selector], arn: str) -> Iterator[Event]:
    """Reads and writes of a bucket's objects, a table or a function, also of each object that a selector names."""
    service = arn.split(":")[2]
    kind = {"s3": "AWS::S3::Object", "dynamodb": "AWS::DynamoDB::Table", "lambda": "AWS::Lambda::Function"}[service]
    arns = {arn}
    if service == "s3":
        conditions = [c for selector in of for c in selector.conditions if c.field == _ARN]
        within = {value for c in conditions for value in (*c.not_equals, *c.not_starts) if value.startswith(f"{arn}/")}
        arns = {f"{arn}/an-object", *within, *(f"{arn}/an-object{end}" for c in conditions for end in c.not_ends)}
    for one in sorted(arns):
        for read_only in ("true", "false"):
            fields = {_CATEGORY: DATA, _SOURCE: f"{service}.amazonaws.com", _READ_ONLY: read_only}
            yield {**fields, _TYPE: kind, _ARN: one}


def described(event: Event) -> str:
    """The event in words, such as `writes of kms.amazonaws.com`."""
    return f"{'reads' if event[_READ_ONLY] == 'true' else 'writes'} of {event.get(_ARN) or event[_SOURCE]}"


def _of_basic(selector: Mapping[str, Any]) -> Iterator[Selector]:
    kind = optional(selector, "ReadWriteType", kind=ReadWrite) or ReadWrite.ALL
    halves = {ReadWrite.ALL: ("true", "false"), ReadWrite.READ: ("true",), ReadWrite.WRITE: ("false",)}
    read_write = Condition(field=_READ_ONLY, equals=halves[kind])
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html: the default is true.
    if optional(selector, "IncludeManagementEvents", kind=bool) is not False:
        excluded = tuple(str(each) for each in listed(selector, "ExcludeManagementEventSources"))
        sources = (Condition(field=_SOURCE, not_equals=excluded),) if excluded else ()
        yield Selector(conditions=(Condition(field=_CATEGORY, equals=(MANAGEMENT,)), read_write, *sources))
    for resource in listed(selector, "DataResources"):
        kind_of = Condition(field=_TYPE, equals=(required(resource, "Type", kind=str),))
        values = tuple(str(each) for each in listed(resource, "Values"))
        # The value for S3 is a bucket with a prefix of keys; for others a whole ARN, or all of the service.
        every = tuple(v for v in values if v.startswith("arn:") and len(v.rstrip(":").split(":")) <= _PARTS_OF_EVERY)
        objects = tuple(v for v in values if ":s3:" in v)
        arn = Condition(field=_ARN, equals=tuple(set(values) - set(every)), starts=(*every, *objects))
        yield Selector(conditions=(Condition(field=_CATEGORY, equals=(DATA,)), read_write, kind_of, arn))


def _of_advanced(selector: Mapping[str, Any]) -> Selector:
    return Selector(
        conditions=tuple(
            Condition(
                field=required(one, "Field", kind=str),
                equals=_values(one, "Equals"),
                starts=_values(one, "StartsWith"),
                ends=_values(one, "EndsWith"),
                not_equals=_values(one, "NotEquals"),
                not_starts=_values(one, "NotStartsWith"),
                not_ends=_values(one, "NotEndsWith"),
            )
            for one in required(selector, "FieldSelectors", kind=list)
        )
    )


def _values(condition: Mapping[str, Any], operator: str) -> tuple[str, ...]:
    return tuple(str(each) for each in listed(condition, operator))
