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

_MAX_DETAIL_CHARS = 500
_NETWORK = TIMED_OUT.remedy
_CREDENTIALS = "provide credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the instance role"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRequest:
    """The IAM action that was requested, the principal, and the account and region, for the error of it."""

    action: str
    principal: str
    source: str = ""


# What a credential provider prints may hold a secret, so it is not quoted.
_NO_CREDENTIALS = Meaning(reason=Reason.DENIED, text="found no usable credentials", remedy=_CREDENTIALS, quoted=False)
_EXPIRED = Meaning(
    reason=Reason.DENIED,
    text="received credentials that have already expired",
    remedy="check this machine's clock: it is ahead by more than the lifetime of the credentials",
    quoted=False,
)
_UNREACHABLE = Meaning(reason=Reason.UNREACHABLE, text="did not reach AWS", remedy=_NETWORK)
_NOT_FROM_AWS = Meaning(reason=Reason.UNREACHABLE, text="received an answer that is not one of AWS", remedy=_NETWORK)
_NOT_SENT = Meaning(
    reason=Reason.UNSUPPORTED,
    text="was not sent, because botocore rejects it as malformed",
    remedy="correct the component's name, or install the version of boto3 that Basewatch requires",
)

_BY_STATUS = {401: BAD_CREDENTIALS, 403: DENIED, 429: THROTTLED}

# Looked up by name along the base classes, nearest first, so that botocore need not be imported.
_BY_CLASS = {
    "ClientError": UNKNOWN_ANSWER,
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "NoAuthTokenError": _NO_CREDENTIALS,
    "TokenRetrievalError": _NO_CREDENTIALS,
    "UnknownCredentialError": _NO_CREDENTIALS,
    "MetadataRetrievalError": _NO_CREDENTIALS,
    "ProfileNotFound": _NO_CREDENTIALS,
    "ConfigParseError": _NO_CREDENTIALS,
    "InvalidConfigError": _NO_CREDENTIALS,
    "RefreshWithMFAUnsupportedError": _NO_CREDENTIALS,
    "SSOError": _NO_CREDENTIALS,
    "LoginError": _NO_CREDENTIALS,
    "ConnectTimeoutError": TIMED_OUT,
    "ReadTimeoutError": TIMED_OUT,
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
    "BotoCoreError": UNKNOWN_ANSWER,
}


@cache
def botocore_errors() -> tuple[type[Exception], ...]:
    """The exceptions that botocore raises for AWS and for the network. Imports botocore on first use."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # botocore takes 0.3 s to import
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    # botocore raises RuntimeError for credentials that are expired although they were just refreshed.
    return BotoCoreError, ClientError, ResponseParserError, RuntimeError


def translate_error(error: Exception, request: AwsRequest) -> BasewatchError:
    """Translates an error of botocore to NotFoundError, or to ObservationError with a reason and a remedy."""
    meaning = _meaning(error)
    quote = f": {_quoted(error)}" if meaning.quoted else ""
    detail = f"{request.action} {meaning.text}{quote}"
    if meaning.reason is None:
        return NotFoundError(detail)
    action = _refused_action(error) or request.action
    remedy = meaning.remedy.format(action=action, principal=request.principal)
    return ObservationError(
        meaning.reason, detail, remedy=remedy, code=error_code(error), source=request.source, action=action
    )


def error_code(error: Exception) -> str:
    """The error code of AWS, empty when there is none."""
    return str(error_response(error).get("Error", {}).get("Code", ""))


def error_response(error: Exception) -> dict[str, Any]:
    """The answer of AWS as botocore parsed it; empty when there was no answer."""
    return getattr(error, "response", None) or {}


def _meaning(error: Exception) -> Meaning:
    known = MEANING_OF_CODE.get(error_code(error))
    if known is not None:
        return known
    status = int(error_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return AWS_FAILURE
    return next(
        (_BY_CLASS[base.__name__] for base in type(error).__mro__ if base.__name__ in _BY_CLASS), UNKNOWN_ANSWER
    )


def _refused_action(error: Exception) -> str:
    """The missing action that AWS names: it may differ from the requested one, for example `kms:Decrypt`."""
    message = str(error_response(error).get("Error", {}).get("Message", ""))
    found = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)", message)
    return found[1] if found else ""


def _quoted(error: Exception) -> str:
    known: dict[str, Any] = error_response(error).get("Error", {})
    text = f"{known.get('Code', '')}: {known.get('Message', '')}" if known else str(error)
    return " ".join(text.split())[:_MAX_DETAIL_CHARS]
