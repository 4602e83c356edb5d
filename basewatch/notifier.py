"""Notification channels: their settings, the notifier that each opens, and the notification that a notifier sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, Protocol, get_args, get_origin

from pydantic import Field

from basewatch.component_settings import ConfigModel
from basewatch.model import Severity, Status
from basewatch.secrets import Reference, SecretStore

# The title of every message that Alertmanager sends, in its template language.
ALERTMANAGER_TITLE: Final = (
    '{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}: '
    "{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }})"
)


class Action(StrEnum):
    """The effect of a notification on an alert: FIRE opens it, RESOLVE closes it."""

    FIRE = "fire"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one channel about one finding's transition.

    `key` is the finding's key: the same for the fire and the resolve, independent of wording and routes. `fired_at` is
    when the alert first fired. `reason` says in a few words why the message is sent. `symptoms` lists the findings that
    this one explains, which are reported only here; it is empty when there are none.
    """

    id: str
    channel: str
    action: Action
    key: str
    check: str
    component: str
    subject: str
    status: Status
    severity: Severity
    summary: str
    observed: str
    expected: str
    remedy: str
    reason: str
    fired_at: datetime
    at: datetime
    platform: str
    environment: str
    run: str
    symptoms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Confirms that a channel accepted a notification; `reference` is the channel's own id for it, if it has one."""

    channel: str
    reference: str = ""


class Notifier(Protocol):
    """An open channel, ready to send."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    def send(self, notification: Notification) -> Receipt:
        """Delivers one notification within the channel's own timeout. Raises: DeliveryError."""
        ...


class Channel(ConfigModel, ABC):
    """The settings of one notification channel; each kind of channel is a subclass.

    A subclass declares `kind` as a Literal, which selects it in the configuration, and its own settings.
    Raises: TypeError, when a subclass is defined without its kind.
    """

    name: str = Field(description="the name that routes refer to")

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
