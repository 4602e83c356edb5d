"""A check that AWS Config records every type of resource and delivers what it recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import check
from basewatch.components import Detection
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified


class RecorderStatus(StrEnum):
    """The lastStatus of a recorder."""

    PENDING = "Pending"
    SUCCESS = "Success"
    FAILURE = "Failure"
    NOT_APPLICABLE = "NotApplicable"


class DeliveryStatus(StrEnum):
    """The lastStatus of one way in which a channel delivers."""

    SUCCESS = "Success"
    FAILURE = "Failure"
    NOT_APPLICABLE = "Not_Applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """The customer's own recorder in the region: `name` is empty without one.

    `left_out` are the types of resources that it does not record, `types not listed` for all but some. `errors` are
    those of its last recording and deliveries.
    """

    name: str
    left_out: tuple[str, ...] = ()
    recording: bool = False
    status: str = ""
    channels: int = 0
    errors: tuple[str, ...] = ()


def recorder(aws: AwsClient, _detection: Detection) -> Recorder:
    """The recorder and its status, and the status of the delivery channel."""
    recorders = required(aws.call("config", "DescribeConfigurationRecorders"), "ConfigurationRecorders", kind=list)
    # Services such as Security Hub have recorders of their own, for their own use.
    own = [each for each in recorders if not optional(each, "servicePrincipal", kind=str)]
    if not own:
        return Recorder(name="")
    name = required(own[0], "name", kind=str)
    answer = aws.call("config", "DescribeConfigurationRecorderStatus", ConfigurationRecorderNames=[name])
    status = required(answer, "ConfigurationRecordersStatus", 0, kind=dict)
    answer = aws.call("config", "DescribeDeliveryChannelStatus")
    channels = required(answer, "DeliveryChannelsStatus", kind=list)
    last = optional(status, "lastStatus", kind=RecorderStatus)
    failure = [optional(status, "lastErrorCode", kind=str) or "Failure"] if last is RecorderStatus.FAILURE else []
    return Recorder(
        name=name,
        left_out=_left_out(own[0]),
        recording=required(status, "recording", kind=bool),
        status=last or "",
        channels=len(channels),
        errors=(*failure, *(error for each in channels for error in _errors(each))),
    )


def _left_out(recorder: Mapping[str, Any]) -> tuple[str, ...]:
    # https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
    if optional(recorder, "recordingGroup", "allSupported", kind=bool):
        return ()
    strategy = optional(recorder, "recordingGroup", "recordingStrategy", "useOnly", kind=str)
    if strategy == "ALL_SUPPORTED_RESOURCE_TYPES":
        return ()
    excluded = listed(recorder, "recordingGroup", "exclusionByResourceTypes", "resourceTypes")
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES" and excluded:
        return tuple(sorted(map(str, excluded)))
    _ = required(recorder, "recordingGroup", kind=dict)
    return ("types not listed",)


def _errors(channel: Mapping[str, Any]) -> Iterator[str]:
    for way in ("configHistoryDeliveryInfo", "configStreamDeliveryInfo", "configSnapshotDeliveryInfo"):
        if optional(channel, way, "lastStatus", kind=DeliveryStatus) is DeliveryStatus.FAILURE:
            yield optional(channel, way, "lastErrorCode", kind=str) or "Failure"


@check(
    "logging.config.recorder",
    component=Detection,
    observe=recorder,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=(
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannelStatus",
    ),
    promises=("config_recorder",),
)
def changes_are_recorded(facts: Recorder, detection: Detection, _now: datetime) -> Iterator[Verdict]:
    """AWS Config records every type of resource in the region, and delivers what it recorded.

    Why: Security Hub judges what AWS Config records; of the rest it says nothing, which looks like no finding.
    Reads: config:DescribeConfigurationRecorders, the customer's own: which types it records.
    config:DescribeConfigurationRecorderStatus and config:DescribeDeliveryChannelStatus: whether it records, and the
    last errors. Whether global types such as those of IAM are recorded is not looked at: one region is enough for them.
    Unverified when: A call is denied, throttled or fails, a status is unknown, or nothing has been recorded yet.
    Fix: aws configservice put-configuration-recorder with allSupported; start-configuration-recorder. After an error,
    correct the policy of the bucket or of the recorder's role.
    Source: AWS Config Developer Guide, Working with the configuration recorder,
    https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html
    """
    left_out = sorted(
        set(facts.left_out) - set(detection.config_recorder.excluded if detection.config_recorder else ())
    )
    state = f"{'recording' if facts.recording else 'not recording'}, {facts.status or 'no status'}"
    observed = f"{facts.name}, {state}, {facts.channels} delivery channels" if facts.name else "no recorder"
    expected = "every type recorded and delivered"
    if not facts.name:
        yield failed("AWS Config has no recorder", observed=observed, expected=expected)
    elif not facts.recording:
        yield failed("AWS Config is not recording", observed=observed, expected=expected)
    elif left_out:
        yield failed(f"AWS Config does not record {', '.join(left_out[:3])}", observed=observed, expected=expected)
    elif not facts.channels:
        yield failed("AWS Config has no delivery channel", observed=observed, expected=expected)
    elif facts.errors:
        yield failed(f"AWS Config cannot deliver: {', '.join(facts.errors)}", observed=observed, expected=expected)
    elif facts.status != RecorderStatus.SUCCESS:
        summary, remedy = "AWS Config has recorded nothing yet", "Run the check again later."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("AWS Config records and delivers", observed=observed, expected=expected)
