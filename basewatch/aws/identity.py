"""Signs in to AWS with the credentials that boto3 finds, and assumes the reader's role unless the caller has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from basewatch.aws.errors import BAD_PROFILE, NO_CREDENTIALS, AwsRequest, botocore_errors, translate_error
from basewatch.aws.limited_reads import limit_reads
from basewatch.aws.response import required
from basewatch.aws.strict_parser import use_strict_parser
from basewatch.errors import ObservationError
from basewatch.model import Reason

if TYPE_CHECKING:
    from botocore.credentials import CredentialResolver, Credentials
    from botocore.session import Session

_SESSION_NAME = "basewatch"
_COLONS_OF_AN_ARN = 5
BotocoreClientFactory = Callable[..., Any]


def botocore_session(environ: Mapping[str, str]) -> Session:
    """A botocore session that takes keys and profile from `environ`, and everything else from where boto3 takes it.

    boto3 has no setting for a mapping of variables, so the provider is replaced in botocore, below boto3.
    """
    from botocore.credentials import EnvProvider  # noqa: PLC0415  # botocore takes 0.3 s to import, which --help must not
    from botocore.session import Session  # noqa: PLC0415

    limit_reads()
    session = Session(profile=environ.get("AWS_PROFILE"))
    resolver = session.get_component("credential_provider")
    resolver.remove(EnvProvider.METHOD)
    resolver.providers.insert(0, EnvProvider(dict(environ)))
    return use_strict_parser(session)


def endpoint_url(session: Session, environ: Mapping[str, str], service: str) -> str | None:
    """The endpoint URL in `environ`; None leaves it to boto3, which also reads its configuration file.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    service_id = str(session.get_service_model(service).service_id).upper().replace(" ", "_")
    return environ.get(f"AWS_ENDPOINT_URL_{service_id}") or environ.get("AWS_ENDPOINT_URL") or None


def sign_in(
    session: Session, make_client: BotocoreClientFactory, *, account_id: str, region: str, role: str | None
) -> str:
    """Signs in and returns the principal's ARN: `role` of the account, or the caller if `role` is None.

    Raises: ObservationError with DENIED, when there are no credentials, the role may not be assumed, or the caller is
    in another account than the declared one; other reasons when STS cannot be asked.
    """
    request = AwsRequest(action="sts:GetCallerIdentity", principal="the caller")
    source = _credentials(session, request)
    try:
        caller = _caller(make_client("sts", **_keys(source)))
        if role is not None and not _is_role(caller, account_id, role):
            arn = f"arn:{session.get_partition_for_region(region)}:iam::{account_id}:role/{role}"
            request = AwsRequest(action="sts:AssumeRole", principal=f"{caller}, and let {arn} trust it")
            _assume(session, make_client, source, arn)
            caller = _caller(make_client("sts"))
    except botocore_errors() as error:
        raise translate_error(error, request) from error
    account = caller.split(":")[4]
    if account != account_id:
        raise ObservationError(
            Reason.DENIED,
            f"{caller} is in account {account}, and the declared account is {account_id}",
            remedy="declare the account's `role`, or provide credentials of that account",
        )
    return caller


def _credentials(session: Session, request: AwsRequest) -> Credentials:
    """The caller's credentials, loaded. Raises: ObservationError, whatever a provider of credentials raises."""
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415  # see botocore_session

    try:
        source: Credentials | None = session.get_component("credential_provider").load_credentials()
        if source is None:
            raise NoCredentialsError  # noqa: TRY301  # translated with all others
        source.get_frozen_credentials()
    except Exception as error:
        raise translate_error(error, request, BAD_PROFILE if isinstance(error, OSError) else NO_CREDENTIALS) from error
    return source


def _keys(credentials: Credentials) -> dict[str, str | None]:
    frozen = credentials.get_frozen_credentials()
    return {
        "aws_access_key_id": frozen.access_key,
        "aws_secret_access_key": frozen.secret_key,
        "aws_session_token": frozen.token,
    }


def _caller(sts: Any) -> str:
    from botocore.parsers import ResponseParserError  # noqa: PLC0415  # see botocore_session

    arn = required(sts.get_caller_identity(), "Arn", kind=str)
    if arn.count(":") < _COLONS_OF_AN_ARN:
        raise ResponseParserError(f"{arn[:80]!r} is not an ARN")
    return arn


def _is_role(arn: str, account_id: str, role: str) -> bool:
    """Whether `arn` is a session of `role`; the ARN of a session omits the role's path."""
    _, _, service, _, account, resource = arn.split(":", 5)
    name = role.rpartition("/")[2]
    return service == "sts" and account == account_id and resource.startswith(f"assumed-role/{name}/")


def _assume(session: Session, make_client: BotocoreClientFactory, source: Credentials, arn: str) -> None:
    """Makes `session` use the role, with credentials that are refreshed before they expire."""
    from botocore.credentials import (  # noqa: PLC0415  # see botocore_session
        AssumeRoleCredentialFetcher,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=make_client,
        source_credentials=source,
        role_arn=arn,
        extra_args={"RoleSessionName": _SESSION_NAME},
    )
    assumed = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)
    # Requested now, so that a refusal is reported for the sign-in and not for the first check.
    assumed.get_frozen_credentials()
    provider = _AssumedRole(assumed, before=session.get_component("credential_provider"))
    session.register_component("credential_provider", CredentialResolver([provider]))


def sign_out(session: Session) -> None:
    """Discards the credentials of `session`; it then belongs to the caller again and loads them at the next use."""
    resolver = session.get_component("credential_provider")
    if isinstance(first := resolver.providers[0] if resolver.providers else None, _AssumedRole):
        session.register_component("credential_provider", first.before)
    session._credentials = None  # noqa: SLF001  # botocore has no public way to reload credentials


def credentials_expiry(session: Session) -> datetime | None:
    """When the loaded credentials of a session expire unless they are refreshed; None when they do not."""
    # botocore has no public attribute for this, and its public method would load credentials.
    expiry = getattr(getattr(session, "_credentials", None), "_expiry_time", None)
    return expiry.astimezone(UTC) if isinstance(expiry, datetime) else None


class _AssumedRole:
    """A credential provider that returns the credentials of the assumed role."""

    METHOD = "basewatch-assumed-role"

    def __init__(self, credentials: Credentials, before: CredentialResolver) -> None:
        self._credentials = credentials
        self.before = before

    def load(self) -> Credentials:
        """The credentials; botocore's resolver calls this."""
        return self._credentials
