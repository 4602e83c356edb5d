"""Mail reaches a real SMTP server over TLS, as text and HTML, in one thread for each alert; names inject nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from syrupy.assertion import SnapshotAssertion

from alerts.channels.email import Email, EmailChannel
from alerts.channels.email_message import email_message
from basewatch.errors import ConfigError, DeliveryError
from basewatch.notifier import Action, Opening
from basewatch.secrets import Reference, Secret
from tests.alerts.mail_server import PASSWORD, USERNAME, a_mail_server, write_certificate
from tests.alerts.samples import EXAMPLES
from tests.alerts.test_slack import free_port
from tests.fakes import message_of

FAILS, PASSES = EXAMPLES["fails"], EXAMPLES["passes again"]
SENDER, TO = "basewatch@example.com", ("ops@example.com", "night@example.com")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1."""
    return write_certificate(tmp_path_factory.mktemp("mail"))


def email(port: int, certificate: Path | None = None, **changes: Any) -> Email:
    """A channel to a server on this machine."""
    channel = Email(
        name="mail",
        to=TO,
        sender=SENDER,
        host="127.0.0.1",
        port=port,
        ca_file=certificate,
        username=USERNAME,
        password=Secret("env:MAIL", PASSWORD),
        timeout_seconds=5,
    )
    return replace(channel, **changes)


# The server says so of TLS from the first byte too, which it does not know of.
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_arrives_over_tls_after_a_login(certificate: Path, tls: str) -> None:
    """Both forms of TLS work, and everybody gets the mail, with text and HTML."""
    with a_mail_server(certificate, implicit=tls == "implicit") as mailbox:
        receipt = email(mailbox.port, certificate, tls=tls).send(message_of(FAILS))

    (mail,), (envelope,) = mailbox.mails, mailbox.envelopes
    assert tuple(envelope.rcpt_tos) == TO
    assert receipt.reference == mail["Message-ID"]
    assert FAILS.alert.summary in mail["Subject"]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_mails_about_one_alert_are_one_thread() -> None:
    """A fire and its resolve refer to the same id, the resolve to the mail that it follows; a repetition has its id."""
    fire = email_message(message_of(replace(PASSES, action=Action.FIRE)), SENDER, TO)
    opening = Opening(reference=str(fire["Message-ID"]), notifications=(FAILS,))
    follows = replace(message_of(PASSES), id="n1-later", opening=opening)
    resolve = email_message(follows, SENDER, TO)

    assert fire["References"] == f"<{PASSES.dedup_key}@example.com>"
    assert resolve["References"] == f"<{PASSES.dedup_key}@example.com> {fire['Message-ID']}"
    assert resolve["In-Reply-To"] == fire["Message-ID"]
    assert email_message(follows, SENDER, TO)["Message-ID"] == resolve["Message-ID"] != fire["Message-ID"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_mail_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each sort of notification says what, where, since when, and what to do, in text and in HTML."""
    mail = email_message(message_of(EXAMPLES[example]), SENDER, TO)
    plain, page = (part.get_content() for part in mail.iter_parts())
    assert (dict(mail.items()), plain, page) == snapshot


texts = st.text(max_size=300) | st.sampled_from(
    ["a\r\nBcc: evil@example.com", "<script>alert(1)</script>", "x\r\n.\r\nMAIL FROM:<a@b>", "é" * 2000, "\ud800"]
)


@settings(max_examples=30)
@given(summary=texts, subject=texts, key=texts)
def test_no_text_becomes_a_header_or_markup(summary: str, subject: str, key: str) -> None:
    """Whatever a tenant may have named, the mail has the headers and the tags that it has for any other."""
    hostile = replace(FAILS, alert=replace(FAILS.alert, summary=summary, subject=subject, key=key))
    mail = email_message(message_of(hostile), SENDER, TO)
    usual = email_message(message_of(FAILS), SENDER, TO)
    page = [part.get_content() for part in mail.iter_parts()][1]
    raw = mail.as_bytes()

    assert set(mail.keys()) == set(usual.keys())
    assert b"\r\nBcc:" not in raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, raw.splitlines())) <= 998
    assert page.count("<script") == 0


@pytest.mark.parametrize(
    ("answer", "again"),
    [("451 try later", True), ("452 disk full", True), ("552 too much", False), ("554 5.7.1 rejected", False)],
)
def test_an_answer_says_whether_to_retry(certificate: Path, answer: str, *, again: bool) -> None:
    """A 4xx may succeed later, a 5xx will not; the server's words are in the error."""
    with a_mail_server(certificate) as mailbox:
        mailbox.answer = answer
        with pytest.raises(DeliveryError, match=f"answered {answer}") as caught:
            email(mailbox.port, certificate).send(message_of(FAILS))
    assert caught.value.retryable is again
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("refused", "again"),
    [
        ({TO[0]: "550 no such user"}, False),
        ({TO[0]: "450 greylisted"}, True),
        (dict.fromkeys(TO, "550 no such user"), False),
        (dict.fromkeys(TO, "450 greylisted"), True),
    ],
)
def test_an_address_that_is_refused_is_an_error(certificate: Path, refused: dict[str, str], *, again: bool) -> None:
    """The error names who gets nothing, even if the others got the mail."""
    with a_mail_server(certificate) as mailbox:
        mailbox.refused = refused
        with pytest.raises(DeliveryError, match=f"refused {TO[0]}: ") as caught:
            email(mailbox.port, certificate).send(message_of(FAILS))
    assert caught.value.retryable is again
    assert len(mailbox.mails) == (len(refused) < len(TO))


def test_what_cannot_work_says_why(certificate: Path) -> None:
    """A wrong password is permanent; an unknown certificate, a dead server and a wrong sort of TLS may be mended."""
    with a_mail_server(certificate) as mailbox:
        wrong = email(mailbox.port, certificate, password=Secret("env:MAIL", "wrong"))
        cases = [
            (wrong, "refused the user name or the password", False),
            (email(mailbox.port), r"could not be reached \(SSLCertVerificationError\)", True),
            (email(free_port(), certificate), r"could not be reached \(ConnectionRefusedError\)", True),
            (email(mailbox.port, certificate, tls="implicit"), "could not be reached", True),
            (email(mailbox.port, tls="none", password=None), "answered 530", False),
        ]
        for channel, words, again in cases:
            with pytest.raises(DeliveryError, match=words) as caught:
                channel.send(message_of(FAILS))
            assert caught.value.retryable is again, words
            assert caught.value.__suppress_context__


def test_the_password_appears_nowhere(
    certificate: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No error, log, output or representation shows the password, even if the server repeats it."""
    caplog.set_level(logging.DEBUG)
    with a_mail_server(certificate) as mailbox:
        mailbox.answer = f"554 no {PASSWORD} here"
        channel = email(mailbox.port, certificate)
        with pytest.raises(DeliveryError) as caught:
            channel.send(message_of(FAILS))
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail")]
    assert PASSWORD not in f"{channel!r} {caught.value} {caught.value!r} {ours}" + "".join(capfd.readouterr())


SETTINGS: dict[str, Any] = {
    "name": "mail",
    "kind": "email",
    "to": TO,
    "sender": SENDER,
    "smarthost": "mx.example.com:587",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": ["ops@example.com\r\nBcc: a@b"]}, "is not an address"),
        ({"to": []}, "at least 1"),
        ({"sender": "Ops <ops@example.com>"}, "is not an address"),
        ({"username": "me"}, "belong together"),
        ({"username": "me", "password": Reference("env", "P"), "tls": "none"}, "without TLS"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any], words: str) -> None:
    """An address that is none, half a login and a password in the clear are mistakes of the configuration."""
    with pytest.raises(ValidationError, match=words):
        EmailChannel.model_validate(SETTINGS | changes)


def test_a_file_without_certificates_stops_the_start(tmp_path: Path) -> None:
    """It is found before the first alert."""
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    channel = EmailChannel.model_validate(SETTINGS | {"ca_file": str(tmp_path / "ca.pem")})
    with pytest.raises(ConfigError, match=r"alerts\.channels\.mail: .*ca\.pem has no certificates"):
        channel.notifier({}, None)
