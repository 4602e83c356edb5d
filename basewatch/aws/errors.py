"""What an error of AWS means to an observation: the only place that knows the names of botocore's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason

_LONGEST_DETAIL = 500
_GRANT = "grant {action} to {principal}"
_RENEW = "renew the credentials of {principal}: AWS does not accept them"
_REGION = "declare the account and the region in which the component lives"
_LATER = "run again; if it stays, lower run.concurrency or ask AWS for a higher quota"
_NETWORK = "check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs"
_CREDENTIALS = "give credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the machine's own role"
_REPORT = "report this, with the version of Basewatch and of boto3"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRequest:
    """What was asked of AWS and by whom, for the error's text and its remedy."""

    action: str
    principal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What an error says: a `reason` of None means that the declared thing does not exist."""

    reason: Reason | None
    said: str
    remedy: str = ""
    quoted: bool = True


_REFUSED = _Meaning(reason=Reason.DENIED, said="was denied", remedy=_GRANT)
_UNKNOWN_CALLER = _Meaning(reason=Reason.DENIED, said="was refused: the credentials are not accepted", remedy=_RENEW)
_BUSY = _Meaning(reason=Reason.THROTTLED, said="was throttled after every retry", remedy=_LATER)
_MISSING = _Meaning(reason=None, said="found that it does not exist")
_GONE = _Meaning(reason=Reason.STALE, said="found that what was listed is gone or changed", remedy="run again")
_ELSEWHERE = _Meaning(reason=Reason.UNSUPPORTED, said="was asked in the wrong region", remedy=_REGION)
_BROKEN = _Meaning(reason=Reason.UNREACHABLE, said="failed inside AWS", remedy="run again, and look at AWS Health")
_STRANGE = _Meaning(reason=Reason.UNSUPPORTED, said="got an answer that Basewatch does not know", remedy=_REPORT)
# What a credential provider prints may hold a secret, so it is not quoted.
_NO_CREDENTIALS = _Meaning(reason=Reason.DENIED, said="found no usable credentials", remedy=_CREDENTIALS, quoted=False)
_OUTLIVED = _Meaning(
    reason=Reason.DENIED,
    said="got credentials that have expired already",
    remedy="check this machine's clock: it is ahead by more than the credentials last",
    quoted=False,
)
_SLOW = _Meaning(reason=Reason.TIMEOUT, said="got no answer in time", remedy=_NETWORK)
_CUT_OFF = _Meaning(reason=Reason.UNREACHABLE, said="did not reach AWS", remedy=_NETWORK)
_NEVER_SENT = _Meaning(
    reason=Reason.UNSUPPORTED,
    said="was never sent, as botocore takes it for malformed",
    remedy="correct the component's name, or install the boto3 that Basewatch asks for",
)

# Codes as AWS documents them: each service's "Common Errors", and for S3
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. HEAD has no body: its code is the HTTP status.
_CODES: dict[_Meaning, tuple[str, ...]] = {
    _REFUSED: (
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
    _UNKNOWN_CALLER: (
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
    _BUSY: (
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
    _MISSING: (
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
    _ELSEWHERE: (
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
        "301",
        "307",
    ),
    _SLOW: ("RequestTimeout", "RequestTimeoutException"),
}
_BY_CODE = {code: meaning for meaning, codes in _CODES.items() for code in codes}
_BY_STATUS = {401: _UNKNOWN_CALLER, 403: _REFUSED, 429: _BUSY}

# Looked up along the class's bases, nearest first, so that botocore need not be imported to name them.
_BY_CLASS = {
    "ClientError": _STRANGE,
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
    "ConnectTimeoutError": _SLOW,
    "ReadTimeoutError": _SLOW,
    "ConnectionError": _CUT_OFF,
    "HTTPClientError": _CUT_OFF,
    "IncompleteReadError": _CUT_OFF,
    "BaseEndpointResolverError": _CUT_OFF,
    "EndpointProviderError": _CUT_OFF,
    "InvalidEndpointConfigurationError": _CUT_OFF,
    "ParamValidationError": _NEVER_SENT,
    "ValidationError": _NEVER_SENT,
    "ResponseParserError": _STRANGE,
    "RuntimeError": _OUTLIVED,
    "BotoCoreError": _STRANGE,
}


@cache
def botocore_errors() -> tuple[type[Exception], ...]:
    """Everything that botocore raises for what AWS, or the way to it, did; botocore is imported only now."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # botocore takes 0.3 s to import
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    # RuntimeError is how it says that credentials were renewed and have expired nevertheless.
    return BotoCoreError, ClientError, ResponseParserError, RuntimeError


def translate_error(error: Exception, request: AwsRequest) -> BasewatchError:
    """`error`, one of botocore's, as what it means: NotFoundError, or ObservationError with a reason and a remedy."""
    meaning = _meaning(error)
    said = f": {_quoted(error)}" if meaning.quoted else ""
    detail = f"{request.action} {meaning.said}{said}"
    if meaning.reason is None:
        return NotFoundError(detail)
    remedy = meaning.remedy.format(action=_refused_action(error) or request.action, principal=request.principal)
    return ObservationError(meaning.reason, detail, remedy=remedy)


def error_code(error: Exception) -> str:
    """The code with which AWS answered, or empty when it gave none."""
    return str(error_response(error).get("Error", {}).get("Code", ""))


def error_response(error: Exception) -> dict[str, Any]:
    """What AWS answered, as botocore parsed it; empty when nothing was answered."""
    return getattr(error, "response", None) or {}


def _meaning(error: Exception) -> _Meaning:
    known = _BY_CODE.get(error_code(error))
    if known is not None:
        return known
    status = int(error_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return _BROKEN
    return next((_BY_CLASS[base.__name__] for base in type(error).__mro__ if base.__name__ in _BY_CLASS), _STRANGE)


def _refused_action(error: Exception) -> str:
    """The action that AWS itself says was missing: it may be another than was asked, such as `kms:Decrypt`."""
    message = str(error_response(error).get("Error", {}).get("Message", ""))
    found = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)", message)
    return found[1] if found else ""


def _quoted(error: Exception) -> str:
    known: dict[str, Any] = error_response(error).get("Error", {})
    text = f"{known.get('Code', '')}: {known.get('Message', '')}" if known else str(error)
    return " ".join(text.split())[:_LONGEST_DETAIL]
