"""What each error code of AWS means: the reason why nothing could be read, or that the declared resource is absent."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.model import Reason

_RETRY = "run again; if it persists, lower run.concurrency or request a higher quota from AWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The meaning of an error; a `reason` of None means that the declared resource does not exist."""

    reason: Reason | None
    text: str
    remedy: str = ""
    quoted: bool = True


DENIED = Meaning(reason=Reason.DENIED, text="was denied", remedy="grant {action} to {principal}")
BAD_CREDENTIALS = Meaning(
    reason=Reason.DENIED,
    text="was refused because the credentials are not accepted",
    remedy="renew the credentials of {principal}: AWS does not accept them",
)
THROTTLED = Meaning(reason=Reason.THROTTLED, text="was throttled after every retry", remedy=_RETRY)
NOT_FOUND = Meaning(reason=None, text="reports that the resource does not exist")
GONE = Meaning(reason=Reason.STALE, text="reports that a listed object is gone or has changed", remedy="run again")
EXPIRED_PAGE = Meaning(reason=Reason.STALE, text="was answered only in part: the next page is gone", remedy="run again")
WRONG_REGION = Meaning(
    reason=Reason.UNSUPPORTED,
    text="was sent to the wrong region",
    remedy="declare the account and the region in which the component lives",
)
AWS_FAILURE = Meaning(reason=Reason.UNREACHABLE, text="failed inside AWS", remedy="run again, and check AWS Health")
ARCHIVED = Meaning(
    reason=Reason.UNSUPPORTED,
    text="cannot read an object that is archived: its storage class needs a restore first",
    remedy="restore the object, or keep what must be readable at once in a storage class that needs no restore",
)
KEY_UNUSABLE = Meaning(
    reason=Reason.UNSUPPORTED,
    text="cannot decrypt: the KMS key is disabled, pending deletion or gone",
    remedy="cancel the deletion of the key or enable it; what it encrypts cannot be read or restored without it",
)
REJECTED = Meaning(
    reason=Reason.UNSUPPORTED,
    text="was rejected as invalid",
    remedy="correct the component's name and its account in the configuration",
)
NOT_SUPPORTED = Meaning(
    reason=Reason.UNSUPPORTED,
    text="is not supported for this resource",
    remedy="Basewatch cannot read this kind of resource; remove the promise, or declare a resource of the usual kind",
)
UNKNOWN_ANSWER = Meaning(
    reason=Reason.UNSUPPORTED,
    text="returned an answer that Basewatch does not know",
    remedy="report this, with the version of Basewatch and of boto3",
)
TIMED_OUT = Meaning(
    reason=Reason.TIMEOUT,
    text="received no answer in time",
    remedy="check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs",
)

# Codes as AWS documents them: each service's "Common Errors", and for S3
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. HEAD has no body: its code is the HTTP status.
_CODES: dict[Meaning, tuple[str, ...]] = {
    DENIED: (
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ForbiddenException",
        "KMS.AccessDeniedException",
        "KMSAccessDeniedException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "403",
    ),
    BAD_CREDENTIALS: (
        "AccountProblem",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotSignedUp",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "SubscriptionRequiredException",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
        "401",
    ),
    THROTTLED: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMS.ThrottlingException",
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
    NOT_FOUND: (
        "AWS.SimpleQueueService.NonExistentQueue",
        "ClusterNotFoundFault",
        "DBClusterNotFoundFault",
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "DBProxyNotFoundFault",
        "DBProxyTargetGroupNotFoundFault",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "TableNotFoundException",
        "TrailNotFoundException",
    ),
    GONE: (
        "DBClusterSnapshotNotFoundFault",
        "NoSuchConfigurationRecorderException",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchVersion",
        "PreconditionFailed",
        "404",
        "412",
    ),
    EXPIRED_PAGE: ("ExpiredNextToken", "InvalidNextToken", "InvalidNextTokenException", "InvalidPaginationToken"),
    WRONG_REGION: (
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
        "301",
        "307",
    ),
    AWS_FAILURE: (
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceException",
        "InternalServiceFault",
        "KMS.DependencyTimeoutException",
        "KMS.InternalException",
        "OperationAborted",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ),
    ARCHIVED: ("InvalidObjectState",),
    KEY_UNUSABLE: (
        "EncryptionKeyNotAccessible",
        "InaccessibleKMSKey",
        "KMS.DisabledException",
        "KMS.InvalidKeyUsageException",
        "KMS.KMSInvalidStateException",
        "KMS.KeyUnavailableException",
        "KMS.NotFoundException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSKeyDisabledException",
        "KMSKeyNotAccessibleFault",
        "KMSNotFoundException",
        "KmsDisabled",
        "KmsInvalidKeyUsage",
        "KmsInvalidState",
        "KmsKeyDisabled",
        "KmsNotFound",
    ),
    REJECTED: (
        "InvalidArgument",
        "InvalidBucketName",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "InvalidRequest",
        "ValidationError",
        "ValidationException",
    ),
    NOT_SUPPORTED: (
        "405",
        "MethodNotAllowed",
        "NotImplemented",
        "UnknownOperationException",
        "UnsupportedOperation",
        "UnsupportedOperationException",
    ),
    TIMED_OUT: ("RequestTimeout", "RequestTimeoutException"),
}
MEANING_OF_CODE = {code: meaning for meaning, codes in _CODES.items() for code in codes}
