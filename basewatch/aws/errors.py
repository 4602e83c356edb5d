"""Translates AWS errors for observations. No other module knows the names of botocore's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from basewatch.aws.error_codes import (
    AWS_FAILURE,
    BAD_CREDENTIALS,
    DENIED,
    MEANING_OF_CODE,
    THROTTLED,
    TIMED_OUT,
    UNKNOWN_ANSWER,
    Meaning,
)
from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason

SIGN_IN = "sign in"
"""The action of an error that keeps a session from signing in, where no request was refused."""
_MAX_DETAIL_CHARS = 500
# HTTP statuses: 400 to 499 refuse a request, 500 and above failed at it.
_FIRST_REFUSAL = 400
_FIRST_FAILURE = 500
_NETWORK = TIMED_OUT.remedy
_CREDENTIALS = "provide credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the instance role"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRequest:
    """The IAM action that was requested, the principal, and the account and region, for the error of it."""

    action: str
    principal: str
    source: str = ""


# What a credential provider prints may hold a secret, so it is not quoted.
NO_CREDENTIALS = Meaning(reason=Reason.DENIED, text="found no usable credentials", remedy=_CREDENTIALS, quoted=False)
BAD_PROFILE = Meaning(
    reason=Reason.DENIED,
    text="found no usable credentials",
    remedy="correct AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, or what they name",
)
_SIGNED_OUT = Meaning(reason=Reason.DENIED, text="found no usable credentials", remedy="sign in again: aws sso login")
_MALFORMED_CREDENTIALS = Meaning(
    reason=Reason.DENIED,
    text="found credentials that cannot be sent",
    remedy="write the keys and the token without a line break, as AWS gave them",
    quoted=False,
)
_EXPIRED = Meaning(
    reason=Reason.DENIED,
    text="received credentials that have already expired",
    remedy="check this machine's clock: it is ahead by more than the lifetime of the credentials",
    quoted=False,
)
_UNREACHABLE = Meaning(reason=Reason.UNREACHABLE, text="did not reach AWS", remedy=_NETWORK)
BAD_ENDPOINT = Meaning(reason=Reason.UNREACHABLE, text="did not reach AWS", remedy="correct AWS_ENDPOINT_URL")
_NO_PROXY = Meaning(
    reason=Reason.UNREACHABLE,
    text="did not reach AWS through the proxy",
    remedy="correct HTTPS_PROXY, or name the endpoint in NO_PROXY",
)
_NO_TLS = Meaning(
    reason=Reason.UNREACHABLE,
    text="found no AWS that it may trust",
    remedy="correct AWS_CA_BUNDLE (or REQUESTS_CA_BUNDLE), the proxy and AWS_ENDPOINT_URL",
)
_NOT_FROM_AWS = Meaning(reason=Reason.UNREACHABLE, text="received an answer that is not one of AWS", remedy=_NETWORK)
_NOT_SENT = Meaning(
    reason=Reason.UNSUPPORTED,
    text="was not sent, because botocore rejects it as malformed",
    remedy="correct the component's name, or install the version of boto3 that Basewatch requires",
)

_BAD_SETTING = Meaning(
    reason=Reason.UNSUPPORTED,
    text="was not sent, because boto3 cannot be used as it is set up",
    remedy="correct what the message names, in the environment or in AWS_CONFIG_FILE",
)

_BY_STATUS = {401: BAD_CREDENTIALS, 403: DENIED, 429: THROTTLED}

# Looked up by name along the base classes, nearest first, so that botocore need not be imported.
_BY_CLASS = {
    "ClientError": UNKNOWN_ANSWER,
    "NoCredentialsError": NO_CREDENTIALS,
    "PartialCredentialsError": BAD_PROFILE,
    "CredentialRetrievalError": NO_CREDENTIALS,
    "NoAuthTokenError": NO_CREDENTIALS,
    "TokenRetrievalError": NO_CREDENTIALS,
    "UnknownCredentialError": NO_CREDENTIALS,
    "MetadataRetrievalError": NO_CREDENTIALS,
    "ProfileNotFound": BAD_PROFILE,
    "ConfigNotFound": BAD_PROFILE,
    "ConfigParseError": BAD_PROFILE,
    "InvalidConfigError": BAD_PROFILE,
    "InvalidIMDSEndpointError": _BAD_SETTING,
    "RefreshWithMFAUnsupportedError": NO_CREDENTIALS,
    "SSOError": _SIGNED_OUT,
    "LoginError": NO_CREDENTIALS,
    "ConnectTimeoutError": TIMED_OUT,
    "ReadTimeoutError": TIMED_OUT,
    "ProxyConnectionError": _NO_PROXY,
    "SSLError": _NO_TLS,
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "IncompleteReadError": _UNREACHABLE,
    "BaseEndpointResolverError": _UNREACHABLE,
    "EndpointProviderError": _UNREACHABLE,
    "InvalidEndpointConfigurationError": _UNREACHABLE,
    "ParamValidationError": _NOT_SENT,
    "ValidationError": _NOT_SENT,
    "ResponseParserError": _NOT_FROM_AWS,
    "RuntimeError": _EXPIRED,
    "PaginationError": UNKNOWN_ANSWER,
    "ChecksumError": _NOT_FROM_AWS,
    "FlexibleChecksumError": _NOT_FROM_AWS,
    "BotoCoreError": _BAD_SETTING,
}
_USERINFO = re.compile(r"://[^/\s]*@")


@cache
def botocore_errors() -> tuple[type[Exception], ...]:
    """The exceptions that botocore raises for AWS, the network and its settings. Imports botocore on first use."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # botocore takes 0.3 s to import
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    # botocore raises RuntimeError for credentials that are expired although they were just refreshed, and whatever
    # Python raises for a file that is missing or a URL or an answer that is malformed.
    return BotoCoreError, ClientError, ResponseParserError, RuntimeError, OSError, ValueError, LookupError


def translate_error(error: Exception, request: AwsRequest, others: Meaning = _UNREACHABLE) -> BasewatchError:
    """Translates an error of botocore to NotFoundError, or to ObservationError with a reason and a remedy.

    `others` is the meaning of an error that is not botocore's own.
    """
    meaning = _meaning(error, others)
    quote = f": {_quoted(error)}" if meaning.quoted else _provider(error)
    detail = f"{request.action} {meaning.text}{quote}"
    if meaning.reason is None:
        return NotFoundError(detail)
    action = _refused_action(error) or request.action
    remedy = meaning.remedy.format(action=action, principal=request.principal)
    return ObservationError(
        meaning.reason, detail, remedy=remedy, code=error_code(error), source=request.source, action=action
    )


def is_lasting(error: Exception) -> bool:
    """Whether AWS refused the request itself, and would refuse it again: a denial, an absence, a wrong parameter."""
    status = error_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    meaning = _meaning(error, _UNREACHABLE)
    passing = meaning.reason in (Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT) or meaning is BAD_CREDENTIALS
    return _FIRST_REFUSAL <= status < _FIRST_FAILURE and not passing


def error_code(error: Exception) -> str:
    """The error code of AWS, empty when there is none."""
    return str(error_response(error).get("Error", {}).get("Code", ""))


def error_response(error: Exception) -> dict[str, Any]:
    """The answer of AWS as botocore parsed it; empty when there was no answer."""
    return getattr(error, "response", None) or {}


def _meaning(error: Exception, others: Meaning) -> Meaning:
    known = MEANING_OF_CODE.get(error_code(error))
    if known is not None:
        return known
    status = int(error_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _FIRST_FAILURE:
        return AWS_FAILURE
    if "Invalid header value" in str(getattr(error, "kwargs", {}).get("error", "")):
        return _MALFORMED_CREDENTIALS
    return next((_BY_CLASS[base.__name__] for base in type(error).__mro__ if base.__name__ in _BY_CLASS), others)


def _refused_action(error: Exception) -> str:
    """The missing action that AWS names: it may differ from the requested one, for example `kms:Decrypt`."""
    message = str(error_response(error).get("Error", {}).get("Message", ""))
    found = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)", message)
    return found[1] if found else ""


def _quoted(error: Exception) -> str:
    known: dict[str, Any] = error_response(error).get("Error", {})
    text = f"{known.get('Code', '')}: {known.get('Message', '')}" if known else _text(error)
    # A proxy and an endpoint can be set with a password.
    return _USERINFO.sub("://***@", " ".join(text.split()))[:_MAX_DETAIL_CHARS]


def _provider(error: Exception) -> str:
    """Which provider of credentials failed, if botocore says so; what it printed is left out."""
    provider = getattr(error, "kwargs", {}).get("provider")
    return f" from {provider}" if provider else ""


def _text(error: Exception) -> str:
    """The error's own text, as far as it can hold no header, no URL of a proxy and no other secret."""
    cause = getattr(error, "kwargs", {}).get("error")
    if type(error).__name__ == "HTTPClientError" and isinstance(cause, Exception):
        return type(cause).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    return str(error) if isinstance(error, botocore_errors()[:3]) else f"{type(error).__name__}: {error}"
