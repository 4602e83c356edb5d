"""The e-mail channel: its settings, and the delivery of a mail to an SMTP server."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from alerts.channel_settings import broken, is_loopback
from alerts.channels.email_message import email_message, message_id
from alerts.http_retry import connection_error, may_have_been_sent
from alerts.plain import cut, one_line
from basewatch.errors import DeliveryError, InvalidValueError, display_value
from basewatch.identifiers import HostPort
from basewatch.notifier import ALERTMANAGER_TITLE, Channel, Message, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore, resolve

TIMEOUT_SECONDS = 10.0
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*"
_TEMPORARY, _PERMANENT = 400, 500


def parse_address(text: str) -> str:
    """An address without a name, such as ops@example.com. Raises: InvalidValueError."""
    if not re.fullmatch(_ADDRESS, text):
        raise InvalidValueError(f"{display_value(text)} is not an address", "write it as ops@example.com")
    return text


MailAddress: TypeAlias = Annotated[
    str,
    AfterValidator(parse_address),
    WithJsonSchema({"type": "string", "format": "email", "examples": ["ops@example.com"]}),
]


class EmailChannel(Channel):
    """Mail through an SMTP server; without `username` the server has to accept mail from this machine as it is."""

    kind: Literal["email"]
    to: tuple[MailAddress, ...] = Field(min_length=1, max_length=50)
    sender: MailAddress
    smarthost: HostPort = Field(examples=["smtp.example.com:587"])
    tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="`implicit` is TLS from the first byte, mostly on port 465"
    )
    ca_file: Path | None = Field(default=None, description="the certificates to trust instead of the system's")
    username: str | None = None
    password: SecretReference | None = None

    @model_validator(mode="after")
    def _sends_no_password_in_the_clear(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise InvalidValueError("username and password belong together", "set both, or neither")
        if self.username and self.tls == "none" and not is_loopback(self.smarthost.rpartition(":")[0].strip("[]")):
            raise InvalidValueError("the password would be sent without TLS", "use tls: starttls or tls: implicit")
        return self

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Email:
        """The server, ready to send; the file of certificates has to be readable."""
        if self.ca_file is not None:
            try:
                ssl.create_default_context(cafile=self.ca_file)
            except (OSError, ssl.SSLError):
                raise broken(
                    self.name, f"{self.ca_file} has no certificates that can be read", "name a PEM file"
                ) from None
        host, _, port = self.smarthost.rpartition(":")
        return Email(
            name=self.name,
            to=self.to,
            sender=self.sender,
            host=host.strip("[]"),
            port=int(port),
            tls=self.tls,
            ca_file=self.ca_file,
            username=self.username or "",
            password=resolve(self.password, environ, store) if self.password else None,
        )

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Sends to the same addresses through the same server."""
        login = (
            {"auth_username": self.username, "auth_password_file": secret_file(self.password)} if self.password else {}
        )
        mail = {
            "to": ", ".join(self.to),
            "from": self.sender,
            "smarthost": self.smarthost,
            "require_tls": self.tls == "starttls",
            **login,
            "send_resolved": True,
            "headers": {"Subject": ALERTMANAGER_TITLE},
        }
        return {"email_configs": [mail]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An SMTP server and the addresses to send to."""

    name: str
    to: tuple[str, ...]
    sender: str
    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    username: str = ""
    password: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def send(self, message: Message) -> Receipt:
        """Sends one mail. Success is that the server accepts the text (250) for every address. Raises: DeliveryError.

        https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1: 4yz may succeed later, 5yz will not.
        """
        mail = email_message(message, self.sender, self.to)
        with self._errors():
            refused = self._deliver(mail)
        if refused:
            codes = {code for code, _ in refused.values()}
            words = "; ".join(f"{address}: {code} {_words(text)}" for address, (code, text) in refused.items())
            raise DeliveryError(f"{self._who} refused {words}", retryable=all(code < _PERMANENT for code in codes))
        return Receipt(channel=self.name, reference=message_id(message, self.sender))

    @property
    def _who(self) -> str:
        return f"the mail server of {self.name}"

    def _deliver(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """The addresses that were refused, with the server's answer."""
        # The name in EHLO; smtplib would ask the DNS for it, which may hang.
        own_name = self.sender.rpartition("@")[2]
        context = ssl.create_default_context(cafile=self.ca_file)
        smtp = (
            smtplib.SMTP_SSL(self.host, self.port, own_name, timeout=self.timeout_seconds, context=context)
            if self.tls == "implicit"
            else smtplib.SMTP(self.host, self.port, own_name, timeout=self.timeout_seconds)
        )
        try:
            if self.tls == "starttls":
                smtp.starttls(context=context)
            if self.password is not None:
                smtp.login(self.username, self.password.reveal())
            refused: dict[str, tuple[int, bytes]] = smtp.send_message(mail, self.sender, list(self.to))
            # The mail is accepted: a farewell without an answer changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()
        return refused

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of smtplib as DeliveryError. They are not chained: their text may contain what was sent."""
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            answers: dict[str, tuple[int, bytes]] = error.recipients
            words = "; ".join(f"{address}: {code} {_words(text)}" for address, (code, text) in answers.items())
            again = any(code < _PERMANENT for code, _ in answers.values())
            raise DeliveryError(f"{self._who} refused {words}", retryable=again, arrived=False) from None
        except smtplib.SMTPAuthenticationError as error:
            again = error.smtp_code < _PERMANENT
            text = f"{self._who} refused the user name or the password ({error.smtp_code})"
            raise DeliveryError(text, retryable=again, arrived=False) from None
        except smtplib.SMTPResponseException as error:
            text = f"{self._who} answered {error.smtp_code} {self._without_password(error.smtp_error)}"
            refused = error.smtp_code >= _TEMPORARY
            again = error.smtp_code < _PERMANENT
            raise DeliveryError(text, retryable=again, arrived=not refused) from None
        except smtplib.SMTPNotSupportedError as error:
            text = f"{self._who} does not offer what is configured: {_words(str(error))}"
            raise DeliveryError(text, retryable=False, arrived=False) from None
        except smtplib.SMTPServerDisconnected:
            # Also a timeout: after the text, the mail may be accepted.
            raise DeliveryError(f"{self._who} ended the connection or did not answer in time", retryable=True) from None
        except (OSError, smtplib.SMTPException) as error:
            arrived = may_have_been_sent(error)
            raise DeliveryError(f"{self._who} {connection_error(error)}", retryable=True, arrived=arrived) from None

    def _without_password(self, text: bytes | str) -> str:
        words = _words(text)
        return words.replace(self.password.reveal(), str(self.password)) if self.password else words


def _words(text: bytes | str) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return cut(one_line(decoded), 200)
