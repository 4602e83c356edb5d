"""Notification channels: their settings, the notifier that each opens, and the messages that a notifier sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, Protocol, get_args, get_origin, runtime_checkable

from pydantic import Field

from basewatch.alert import Alert
from basewatch.component_settings import ConfigModel
from basewatch.secrets import Reference, SecretStore

# The title of every message that Alertmanager sends, in its template language.
ALERTMANAGER_TITLE: Final = (
    '{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}: '
    "{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }})"
)


class Action(StrEnum):
    """The effect of a notification on an alert: FIRE opens or changes it, REMIND repeats it, RESOLVE closes it."""

    FIRE = "fire"
    REMIND = "remind"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where to read on: an absolute URL, or a path that is told as text."""

    label: str
    url: str

    @property
    def absolute(self) -> bool:
        """Whether it can be followed from anywhere."""
        return self.url.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one channel is told about one alert.

    `alert` is the alert as it is now; of a RESOLVE, the status is the new one. `fired_at` is when the channel was
    first notified of it. `reason` says in a few words why this is sent. `note` is a doubt that applies to the whole
    run, such as a history that is down; it is empty when there is none. `follows` is the id of the channel's last
    notification of this alert; it is empty for one that opens the alert, and for a resolve of an alert that may be open
    in the channel although no record says so. `was` is the summary of the alert in the notification that it follows.
    `dedup_key` is the identity of the alert outside: the same in all notifications of it, and another one for an equal
    alert of another platform or environment.
    """

    id: str
    channel: str
    action: Action
    alert: Alert
    reason: str
    fired_at: datetime
    at: datetime
    platform: str
    environment: str
    run: str
    dedup_key: str
    note: str = ""
    follows: str = ""
    was: str = ""
    links: tuple[Link, ...] = ()

    @property
    def key(self) -> str:
        """The key of the alert."""
        return self.alert.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The message by which a channel was first notified of alerts, and what has become of each of them since.

    `reference` is the channel's own id of that message.
    """

    reference: str
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent to a channel at once: at least one notification, the most severe first.

    `opening` is the earlier message that this one continues, for a channel that edits or threads its messages. It is
    None when this message opens its alerts, and when the channel gave no reference.
    """

    id: str
    channel: str
    notifications: tuple[Notification, ...]
    opening: Opening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Confirms that a channel accepted a message; `reference` is the channel's own id for it, if it has one."""

    channel: str
    reference: str = ""


class Notifier(Protocol):
    """An open channel, ready to send."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    def send(self, message: Message) -> Receipt:
        """Delivers one message within the channel's own timeout. Raises: DeliveryError."""
        ...


@runtime_checkable
class Forgetful(Protocol):
    """A notifier whose other side keeps alerts for a while only, so that the open ones are posted again and again."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    def refresh(self, open_alerts: Sequence[Notification]) -> None:
        """Posts the open alerts of this channel again. Raises: DeliveryError."""
        ...


@runtime_checkable
class Acknowledging(Protocol):
    """A notifier whose other side knows who has taken on an alert."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    def taken_by(self, reference: str) -> str:
        """The person who has taken on the alerts of the message with this reference; empty if nobody has.

        Raises: DeliveryError, when it cannot be read.
        """
        ...


class Channel(ConfigModel, ABC):
    """The settings of one notification channel; each kind of channel is a subclass.

    A subclass declares `kind` as a Literal, which selects it in the configuration, and its own settings.
    Raises: TypeError, when a subclass is defined without its kind.
    """

    pages: ClassVar[bool] = False
    """Whether the channel wakes a person; such channels are notified by default of what could not be observed."""
    groups: ClassVar[bool] = True
    """Whether one message may hold several notifications; otherwise each alert is a message of its own."""
    keyed: ClassVar[bool] = False
    """Whether the other side knows alerts by key, so that resolving one that it does not know is harmless."""
    min_interval: ClassVar[timedelta] = timedelta(0)
    """The shortest time between two messages that the channel's documented rate limit allows in the long run."""
    burst: ClassVar[int] = 1
    """How many messages the channel accepts at once, before `min_interval` counts."""

    name: str = Field(description="the name that routes refer to")
    fallback: str | None = Field(
        default=None, description="the channel that gets a message which this one does not accept"
    )

    @property
    def kept_for(self) -> timedelta | None:
        """How long the other side keeps an open alert that is not repeated; None means until it is resolved."""
        return None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Every subclass has a kind."""
        super().__pydantic_init_subclass__(**kwargs)
        kind = cls.model_fields.get("kind")
        if kind is None or get_origin(kind.annotation) is not Literal:
            raise TypeError(f'{cls.__name__} is a channel without a kind: add a field such as kind: Literal["webhook"]')

    @classmethod
    def kind_name(cls) -> str:
        """The `kind` that selects this class in the configuration."""
        kind: str = get_args(cls.model_fields["kind"].annotation)[0]
        return kind

    @abstractmethod
    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Notifier:
        """The open channel. `environ` and `store` resolve its secrets.

        Raises: SecretNotFoundError; ConfigError, when a secret cannot be what the channel needs.
        """

    @abstractmethod
    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """This channel as a receiver in alertmanager.yml, without its name.

        `secret_file` is the path at which Alertmanager finds a secret, so that no secret is written down.
        """
