"""Translates AWS errors for observations. No other module knows the names of botocore's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason

_MAX_DETAIL_CHARS = 500
_GRANT = "grant {action} to {principal}"
_RENEW = "renew the credentials of {principal}: AWS does not accept them"
_REGION = "declare the account and the region in which the component lives"
_RETRY = "run again; if it persists, lower run.concurrency or request a higher quota from AWS"
_NETWORK = "check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs"
_CREDENTIALS = "provide credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the instance role"
_REPORT = "report this, with the version of Basewatch and of boto3"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRequest:
    """The IAM action that was requested and the principal, for the error's text and remedy."""

    action: str
    principal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """The meaning of an error; a `reason` of None means that the declared resource does not exist."""

    reason: Reason | None
    text: str
    remedy: str = ""
    quoted: bool = True


_DENIED = _Meaning(reason=Reason.DENIED, text="was denied", remedy=_GRANT)
_BAD_CREDENTIALS = _Meaning(
    reason=Reason.DENIED, text="was refused because the credentials are not accepted", remedy=_RENEW
)
_THROTTLED = _Meaning(reason=Reason.THROTTLED, text="was throttled after every retry", remedy=_RETRY)
_NOT_FOUND = _Meaning(reason=None, text="reports that the resource does not exist")
_GONE = _Meaning(reason=Reason.STALE, text="reports that a listed object is gone or has changed", remedy="run again")
_WRONG_REGION = _Meaning(reason=Reason.UNSUPPORTED, text="was sent to the wrong region", remedy=_REGION)
_AWS_FAILURE = _Meaning(reason=Reason.UNREACHABLE, text="failed inside AWS", remedy="run again, and check AWS Health")
_UNKNOWN_ANSWER = _Meaning(
    reason=Reason.UNSUPPORTED, text="returned an answer that Basewatch does not know", remedy=_REPORT
)
# What a credential provider prints may hold a secret, so it is not quoted.
_NO_CREDENTIALS = _Meaning(reason=Reason.DENIED, text="found no usable credentials", remedy=_CREDENTIALS, quoted=False)
_EXPIRED = _Meaning(
    reason=Reason.DENIED,
    text="received credentials that have already expired",
    remedy="check this machine's clock: it is ahead by more than the lifetime of the credentials",
    quoted=False,
)
_TIMED_OUT = _Meaning(reason=Reason.TIMEOUT, text="received no answer in time", remedy=_NETWORK)
_UNREACHABLE = _Meaning(reason=Reason.UNREACHABLE, text="did not reach AWS", remedy=_NETWORK)
_NOT_SENT = _Meaning(
    reason=Reason.UNSUPPORTED,
    text="was not sent, because botocore rejects it as malformed",
    remedy="correct the component's name, or install the version of boto3 that Basewatch requires",
)

# Codes as AWS documents them: each service's "Common Errors", and for S3
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. HEAD has no body: its code is the HTTP status.
_CODES: dict[_Meaning, tuple[str, ...]] = {
    _DENIED: (
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "KMSAccessDeniedException",
        "AllAccessDisabled",
        "403",
    ),
    _BAD_CREDENTIALS: (
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
        "401",
    ),
    _THROTTLED: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "429",
        # S3 sends SlowDown as 503, and a HEAD shows no more than that.
        "503",
    ),
    _NOT_FOUND: (
        "DBClusterNotFoundFault",
        "DBInstanceNotFound",
        "DBProxyNotFoundFault",
        "NoSuchBucket",
        "NotFoundException",
        "ParameterNotFound",
        "ResourceNotFoundException",
        "TableNotFoundException",
    ),
    _GONE: ("NoSuchKey", "NoSuchVersion", "PreconditionFailed", "404", "412"),
    _WRONG_REGION: (
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
        "301",
        "307",
    ),
    _TIMED_OUT: ("RequestTimeout", "RequestTimeoutException"),
}
_BY_CODE = {code: meaning for meaning, codes in _CODES.items() for code in codes}
_BY_STATUS = {401: _BAD_CREDENTIALS, 403: _DENIED, 429: _THROTTLED}

# Looked up by name along the base classes, nearest first, so that botocore need not be imported.
_BY_CLASS = {
    "ClientError": _UNKNOWN_ANSWER,
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
    "ConnectTimeoutError": _TIMED_OUT,
    "ReadTimeoutError": _TIMED_OUT,
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "IncompleteReadError": _UNREACHABLE,
    "BaseEndpointResolverError": _UNREACHABLE,
    "EndpointProviderError": _UNREACHABLE,
    "InvalidEndpointConfigurationError": _UNREACHABLE,
    "ParamValidationError": _NOT_SENT,
    "ValidationError": _NOT_SENT,
    "ResponseParserError": _UNKNOWN_ANSWER,
    "RuntimeError": _EXPIRED,
    "BotoCoreError": _UNKNOWN_ANSWER,
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
    remedy = meaning.remedy.format(action=_refused_action(error) or request.action, principal=request.principal)
    return ObservationError(meaning.reason, detail, remedy=remedy)


def error_code(error: Exception) -> str:
    """The error code of AWS, empty when there is none."""
    return str(error_response(error).get("Error", {}).get("Code", ""))


def error_response(error: Exception) -> dict[str, Any]:
    """The answer of AWS as botocore parsed it; empty when there was no answer."""
    return getattr(error, "response", None) or {}


def _meaning(error: Exception) -> _Meaning:
    known = _BY_CODE.get(error_code(error))
    if known is not None:
        return known
    status = int(error_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return _AWS_FAILURE
    return next(
        (_BY_CLASS[base.__name__] for base in type(error).__mro__ if base.__name__ in _BY_CLASS), _UNKNOWN_ANSWER
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
