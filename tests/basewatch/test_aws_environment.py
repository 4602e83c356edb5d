"""Whatever the environment says about AWS, a look is UNVERIFIED with a reason and a remedy, and shows no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from basewatch.aws import AwsSession
from basewatch.errors import ObservationError
from basewatch.model import Reason

ACCOUNT, REGION = "123456789012", "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x"}
DEAD = {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
BROKEN_INI = "no ini [\n[["
ROLE = "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/p\n"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine counts: no variable, no file, no instance, and an endpoint that nobody listens at."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr("basewatch.aws.session.SIGN_IN_SECONDS", 5.0)


def refusal(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> ObservationError:
    """The error of the sign-in under these variables of the process."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ObservationError) as caught:
        _ = AwsSession.open(ACCOUNT, REGION, None, environ=variables).principal
    assert caught.value.source == f"aws:{ACCOUNT}/{REGION}"
    assert caught.value.action
    return caught.value


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "The config profile (p) could not be found"),
        (BROKEN_INI, "Unable to parse config file"),
        ("[profile p]\ncredential_process = /bin/false\n", "no usable credentials from custom-process"),
        ("[profile p]\ncredential_process = /bin/echo hunter2\n", "no usable credentials"),
        ("[profile p]\ncredential_process = /bin/echo []\n", "no usable credentials"),
        ("[profile p]\ncredential_process = /no/such/program\n", "No such file or directory: /no/such/program"),
        (ROLE + "source_profile = p\n", "no usable credentials"),
        (ROLE + "source_profile = q\n", "no usable credentials"),
        (ROLE + "web_identity_token_file = /no/such/token\n", "No such file or directory: /no/such/token"),
        (
            (
                "[profile p]\nsso_session = x\nsso_account_id = 123456789012\nsso_role_name = r\n"
                "[sso-session x]\nsso_region = us-east-1\nsso_start_url = https://x.example/start\n"
            ),
            "Error loading SSO Token",
        ),
    ],
)
def test_a_profile_that_gives_no_credentials_says_why(
    config: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong profile is DENIED with a remedy, whatever Python raises on the way."""
    (tmp_path / "config").write_text(config, encoding="utf-8")
    error = refusal({"AWS_PROFILE": "p"}, monkeypatch)
    assert (error.reason, words in error.detail, bool(error.remedy)) == (Reason.DENIED, True, True), error.detail
    assert "hunter2" not in str(error)


def test_a_credential_program_that_hangs_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign-in ends after its time, and the looks that wait for it with it."""
    monkeypatch.setattr("basewatch.aws.session.SIGN_IN_SECONDS", 0.2)
    (tmp_path / "config").write_text("[profile p]\ncredential_process = /bin/sleep 20\n", encoding="utf-8")
    error = refusal({"AWS_PROFILE": "p"}, monkeypatch)
    assert (error.reason, error.action) == (Reason.TIMEOUT, "sign in")
    assert "credential_process" in error.remedy


@pytest.mark.parametrize(
    ("variables", "reason", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAX"}, Reason.DENIED, "missing: AWS_SECRET_ACCESS_KEY"),
        ({**DEAD, "AWS_SESSION_TOKEN": "hunter2\n"}, Reason.DENIED, "cannot be sent"),
        ({**KEYS, "AWS_ENDPOINT_URL": "nonsense"}, Reason.UNREACHABLE, "Invalid endpoint"),
        ({**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, Reason.UNREACHABLE, "Port out of range"),
        ({**KEYS, "AWS_ENDPOINT_URL": "http://[::1"}, Reason.UNREACHABLE, "Invalid IPv6 URL"),
        ({**KEYS, "AWS_ENDPOINT_URL": "http://u:hunter2@a b/"}, Reason.UNREACHABLE, "Invalid endpoint"),
        ({**KEYS, "HTTPS_PROXY": "http://u:hunter2@127.0.0.1:9"}, Reason.UNREACHABLE, "through the proxy"),
        ({**KEYS, "HTTPS_PROXY": "http://u:hunter2@127.0.0.1:99999"}, Reason.UNREACHABLE, "LocationParseError"),
        ({**DEAD, "AWS_STS_REGIONAL_ENDPOINTS": "x"}, Reason.UNSUPPORTED, "STS regional endpoints option x"),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "nonsense"}, Reason.UNSUPPORTED, "Invalid endpoint EC2"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"}, Reason.DENIED, "no usable credentials"),
        (
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/a"},
            Reason.DENIED,
            "No such file or directory: /no/such",
        ),
    ],
)
def test_a_variable_that_is_wrong_says_which(
    variables: Mapping[str, str], reason: Reason, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No setting of AWS's crashes a look, and no key, token or password of a proxy is repeated."""
    error = refusal(variables, monkeypatch)
    assert (error.reason, words in error.detail, bool(error.remedy)) == (reason, True, True), error.detail
    assert "hunter2" not in f"{error.detail} {error.remedy}"


@pytest.mark.parametrize("text", ["/no/such.pem", "garbage"])
def test_certificates_that_cannot_be_read_say_so(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CA bundle that is missing or holds no certificate names the variable to correct."""
    bundle = Path(text) if text.startswith("/") else tmp_path / "bundle.pem"
    if bundle.parent == tmp_path:
        bundle.write_text(text, encoding="utf-8")
    variables = {**KEYS, "AWS_CA_BUNDLE": str(bundle), "AWS_ENDPOINT_URL": "https://127.0.0.1:9"}
    error = refusal(variables, monkeypatch)
    assert error.reason is Reason.UNREACHABLE
