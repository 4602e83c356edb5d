"""A secret is found where its reference says, and never prints."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.errors import InvalidValueError
from basewatch.secrets import (
    Reference,
    Secret,
    SecretNotFoundError,
    file_mode_remedy,
    parse_reference,
    resolve,
    resolve_text,
)

VALUE = "hunter2-is-not-a-password"
SECRET = Secret("env:TOKEN", VALUE)


@dataclass(frozen=True)
class Holder:
    """Something that holds a secret, as a channel does."""

    secret: Secret


class Store:
    """A secret store that holds one secret."""

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`."""
        return VALUE if reference.location == "platform/token" else ""


@pytest.mark.parametrize(
    "printed",
    [
        repr(SECRET),
        str(SECRET),
        format(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>80}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031  # old code and old libraries still print this way
        f"{SECRET!s} {[SECRET]} {Holder(SECRET)}",
        str(asdict(Holder(SECRET))),
        json.dumps(asdict(Holder(SECRET)), default=str),
    ],
)
def test_a_secret_prints_its_reference_alone(printed: str) -> None:
    """Whatever way it is printed."""
    assert VALUE not in printed
    assert "env:TOKEN" in printed


def test_a_secret_does_not_get_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """Logging is printing."""
    logging.getLogger(__name__).warning("using %s and %r", SECRET, Holder(SECRET))
    assert VALUE not in caplog.text
    assert "env:TOKEN" in caplog.text


def test_a_secret_is_not_pickled() -> None:
    """Writing it down is an error, which does not show it either."""
    with pytest.raises(TypeError) as refused:
        pickle.dumps(SECRET)
    assert VALUE not in str(refused.value)


def test_a_copy_of_a_secret_is_the_secret() -> None:
    """`asdict` and deep copies of what holds it work, and hold the same."""
    assert copy.deepcopy(Holder(SECRET)).secret is SECRET


def test_a_secret_has_no_other_attributes() -> None:
    """Nothing that walks over `__dict__` finds it."""
    assert not hasattr(SECRET, "__dict__")
    with pytest.raises(TypeError):
        vars(SECRET)


def test_a_secret_is_revealed_when_asked() -> None:
    """The one call that needs it gets it."""
    assert SECRET.reveal() == VALUE


def test_a_secret_is_found_in_the_environment() -> None:
    """`env:NAME` names a variable; space around its value is no part of it."""
    assert resolve(Reference("env", "TOKEN"), {"TOKEN": f" {VALUE}\n"}).reveal() == VALUE


def test_a_secret_is_found_in_a_file(tmp_path: Path) -> None:
    """`file:PATH` names a file, whose last line break is no part of the secret."""
    (tmp_path / "token").write_text(f"{VALUE}\n", encoding="utf-8")
    assert resolve(Reference("file", str(tmp_path / "token")), {}).reveal() == VALUE


@pytest.mark.parametrize("scheme", ["aws-secretsmanager", "aws-ssm"])
def test_a_secret_is_found_in_a_store(scheme: str) -> None:
    """Other references are looked up where the platform keeps them."""
    assert resolve(Reference(scheme, "platform/token"), {}, Store()).reveal() == VALUE


@pytest.mark.parametrize(
    ("reference", "remedy"),
    [
        ("env:TOKEN", "set the environment variable TOKEN"),
        ("env:EMPTY", "set the environment variable EMPTY"),
        ("file:/does/not/exist", "write the secret to /does/not/exist, readable by this user"),
        ("aws-ssm:/nothing/here", "create the secret, or grant the reader access to it"),
    ],
)
def test_an_unset_secret_is_an_error_that_says_what_to_do(reference: str, remedy: str) -> None:
    """An empty secret is never used for one."""
    with pytest.raises(SecretNotFoundError) as unset:
        resolve(parse_reference(reference), {"EMPTY": "  "}, Store())
    assert str(unset.value) == f"the secret {reference} is not set: {remedy}"


def test_a_secret_in_aws_needs_aws() -> None:
    """Without a store there is nothing to ask."""
    with pytest.raises(SecretNotFoundError, match="run where AWS can be reached"):
        resolve(Reference("aws-ssm", "token"), {})


def test_a_setting_may_be_a_secret_or_not() -> None:
    """A URL with a password is kept with the secrets, and one without stands in the configuration."""
    assert resolve_text("sqlite:///out/basewatch.db", {}) == "sqlite:///out/basewatch.db"
    assert resolve_text("env:HISTORY_URL", {"HISTORY_URL": f"postgresql://app:{VALUE}@db/x"}).endswith(f"{VALUE}@db/x")
    with pytest.raises(SecretNotFoundError):
        resolve_text("env:HISTORY_URL", {})


def test_a_file_readable_by_others_has_a_remedy(tmp_path: Path) -> None:
    """The hint is a command that closes it; a closed file, or no file, needs none."""
    path = tmp_path / "token"
    path.write_text(VALUE, encoding="utf-8")
    path.chmod(0o644)
    assert file_mode_remedy(Reference("file", str(path))) == f"other users can read {path}: chmod 600 {path}"
    path.chmod(0o600)
    assert file_mode_remedy(Reference("file", str(path))) == ""
    assert file_mode_remedy(Reference("file", str(tmp_path / "none"))) == ""
    assert file_mode_remedy(Reference("env", "TOKEN")) == ""


@given(st.text(min_size=8).filter(lambda text: ":" not in text))
def test_a_secret_in_the_clear_is_refused_unseen(text: str) -> None:
    """What stands where a reference should be may be the secret, so the error does not repeat it."""
    with pytest.raises(InvalidValueError) as refused:
        parse_reference(text)
    assert str(refused.value) == str(InvalidValueError(refused.value.message, refused.value.remedy))
    assert refused.value.message == "the configuration must not contain a secret, only a reference to it"


@pytest.mark.parametrize("text", ["env:", "env:TWO WORDS", "https://hooks.slack.com/x", "vault:token", 5, None])
def test_what_is_no_reference_is_refused(text: object) -> None:
    """Only the four schemes are places."""
    with pytest.raises(InvalidValueError, match="write env:NAME"):
        parse_reference(text)


def test_a_reference_survives_its_text() -> None:
    """It is written as it was read."""
    text = "aws-secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:slack#webhook"
    assert str(parse_reference(text)) == text
    assert parse_reference(parse_reference(text)) == parse_reference(text)
