"""The SNS channel: publishes each message to a topic of Amazon SNS.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import Field

from alerts.digest import stories, title
from alerts.plain import cut, cut_bytes, one_line
from basewatch.aws import AwsSession
from basewatch.errors import DeliveryError, NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.notifier import ALERTMANAGER_TITLE, Channel, Message, Receipt
from basewatch.secrets import Reference, SecretStore

_ARN = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$"
# A message has 256 KB at most, with its attributes; a subject 100 characters of ASCII.
MAX_BYTES, SUBJECT_MAX_CHARS = 250_000, 100
_FACT_MAX_CHARS = 2000
# What a repetition can mend: it is not known whether AWS would have accepted the message.
_TRANSIENT = (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED)


class SnsChannel(Channel):
    """An SNS topic; the caller, or `role` of the topic's account, needs sns:Publish on it."""

    groups: ClassVar[bool] = True

    kind: Literal["sns"]
    topic: str = Field(
        pattern=_ARN,
    )
    role: str | None = Field(default=None, description="the role that may publish, in the account of the topic")

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Sns:
        """The topic, ready to send; credentials are found when it sends."""
        del store
        return Sns(name=self.name, topic=self.topic, role=self.role, environ=environ)

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Publishes to the same topic with the credentials that Alertmanager finds."""
        del secret_file
        region, account = _place(self.topic)
        role = {"role_arn": f"arn:{self.topic.split(':')[1]}:iam::{account}:role/{self.role}"} if self.role else {}
        return {
            "sns_configs": [
                {
                    "topic_arn": self.topic,
                    "sigv4": {"region": region, **role},
                    "subject": ALERTMANAGER_TITLE,
                    "send_resolved": True,
                }
            ]
        }


@dataclass(slots=True, kw_only=True)
class Sns:
    """An open topic. Its session signs in when it first sends, and again after a failure."""

    name: str
    topic: str
    role: str | None
    environ: Mapping[str, str] = field(repr=False)
    session: AwsSession | None = field(default=None, repr=False)

    def send(self, message: Message) -> Receipt:
        """Publishes one message. Success is an answer with a MessageId. Raises: DeliveryError."""
        try:
            answer = self._signed_in().open_client().call("sns", "Publish", **publication(self.topic, message))
        except NotFoundError as error:
            raise DeliveryError(f"SNS ({self.name}): {one_line(str(error))}", retryable=False, arrived=False) from None
        except ObservationError as error:
            words = ": ".join(filter(None, (f"SNS ({self.name})", one_line(error.detail), error.remedy)))
            again = error.reason in _TRANSIENT
            raise DeliveryError(words, retryable=again, arrived=again) from None
        if not answer.get("MessageId"):
            raise DeliveryError(f"SNS ({self.name}) answered without a MessageId", retryable=True)
        return Receipt(channel=self.name, reference=str(answer["MessageId"]))

    def _signed_in(self) -> AwsSession:
        if self.session is None or self.session.sign_in_failed:
            region, account = _place(self.topic)
            self.session = AwsSession.open(account, region, self.role, environ=self.environ)
        return self.session


def publication(topic: str, message: Message) -> dict[str, Any]:
    """The parameters of Publish. A FIFO topic drops a repetition of the same message within five minutes."""
    first = message.notifications[0]
    attributes = {
        "action": first.action.value,
        "severity": first.alert.severity.value,
        "status": first.alert.status.value,
        "check": first.alert.check,
        "component": first.alert.component,
        "key": first.dedup_key,
        "platform": first.platform,
        "environment": first.environment,
    }
    fifo = (
        {"MessageGroupId": _identifier(first.dedup_key), "MessageDeduplicationId": _identifier(message.id)}
        if topic.endswith(".fifo")
        else {}
    )
    return {
        "TopicArn": topic,
        "Subject": _subject(title(message.notifications)),
        "Message": cut_bytes(_text(message), MAX_BYTES),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": cut(one_line(text), 256)}
            for name, text in attributes.items()
            if one_line(text)
        },
        **fifo,
    }


def _text(message: Message) -> str:
    parts = list[str]()
    for told in stories(message.notifications):
        facts = [f"{name}: {cut(one_line(text), _FACT_MAX_CHARS)}" for name, text in (*told.facts, *told.links)]
        parts.append("\n".join((one_line(told.headline), one_line(told.context), *facts)))
    return "\n\n".join(parts)


def _subject(text: str) -> str:
    """ASCII that begins with a letter, as SNS requires of a subject."""
    shown = one_line(text).replace("…", "...").encode("ascii", "replace").decode()
    return cut(f"Basewatch: {shown}", SUBJECT_MAX_CHARS).replace("…", "...")[:SUBJECT_MAX_CHARS]


def _identifier(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)[:128]


def _place(topic: str) -> tuple[str, str]:
    """The region and the account in the ARN of a topic."""
    parts = topic.split(":")
    return parts[3], parts[4]
