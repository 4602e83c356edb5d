"""Who asks AWS: credentials as boto3 finds them, and the reader's role assumed when the caller is not it already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from basewatch.aws.errors import AwsRequest, botocore_errors, translate_error
from basewatch.aws.response import required
from basewatch.errors import ObservationError
from basewatch.model import Reason

if TYPE_CHECKING:
    from botocore.credentials import CredentialResolver, Credentials
    from botocore.session import Session

_SESSION_NAME = "basewatch"
BotocoreClientFactory = Callable[..., Any]


def botocore_session(environ: Mapping[str, str]) -> Session:
    """A botocore session that finds its keys and its profile in `environ`, and the rest where boto3 always does."""
    from botocore.credentials import EnvProvider  # noqa: PLC0415  # botocore takes 0.3 s, which --help has not
    from botocore.session import Session  # noqa: PLC0415

    session = Session(profile=environ.get("AWS_PROFILE"))
    resolver = session.get_component("credential_provider")
    resolver.remove(EnvProvider.METHOD)
    resolver.providers.insert(0, EnvProvider(dict(environ)))
    return session


def sign_in(
    session: Session, make_client: BotocoreClientFactory, *, account_id: str, region: str, role: str | None
) -> str:
    """The ARN of the principal as which `session` asks from now on: `role` of the account, or the caller itself.

    Raises: ObservationError with DENIED, when there are no credentials, the role may not be assumed, or the caller is
    in another account than the declared one; other reasons when STS cannot be asked.
    """
    asking = AwsRequest(action="sts:GetCallerIdentity", principal="the caller")
    try:
        source = _credentials(session)
        caller = _caller(make_client("sts", **_keys(source)))
        if role is not None and not _is_role(caller, account_id, role):
            arn = f"arn:{session.get_partition_for_region(region)}:iam::{account_id}:role/{role}"
            asking = AwsRequest(action="sts:AssumeRole", principal=f"{caller}, and let {arn} trust it")
            _assume(session, make_client, source, arn)
            caller = _caller(make_client("sts"))
    except botocore_errors() as error:
        raise translate_error(error, asking) from error
    account = caller.split(":")[4]
    if account != account_id:
        raise ObservationError(
            Reason.DENIED,
            f"{caller} is in account {account}, and the declared account is {account_id}",
            remedy="declare the account's `role`, or give credentials of that account",
        )
    return caller


def _credentials(session: Session) -> Credentials:
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415  # see session_reading

    source: Credentials | None = session.get_component("credential_provider").load_credentials()
    if source is None:
        raise NoCredentialsError
    return source


def _keys(credentials: Credentials) -> dict[str, str | None]:
    frozen = credentials.get_frozen_credentials()
    return {
        "aws_access_key_id": frozen.access_key,
        "aws_secret_access_key": frozen.secret_key,
        "aws_session_token": frozen.token,
    }


def _caller(sts: Any) -> str:
    return required(sts.get_caller_identity(), "Arn", kind=str)


def _is_role(arn: str, account_id: str, role: str) -> bool:
    """Whether `arn` is a session of `role`; the ARN of a session leaves the role's path out."""
    _, _, service, _, account, resource = arn.split(":", 5)
    name = role.rpartition("/")[2]
    return service == "sts" and account == account_id and resource.startswith(f"assumed-role/{name}/")


def _assume(session: Session, make_client: BotocoreClientFactory, source: Credentials, arn: str) -> None:
    """Make `session` ask as the role from now on, with credentials that renew themselves before they expire."""
    from botocore.credentials import (  # noqa: PLC0415  # see session_reading
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
    # Asked for here and now, so that a refusal is this one's and not the first check's.
    assumed.get_frozen_credentials()
    found = _Found(assumed, before=session.get_component("credential_provider"))
    session.register_component("credential_provider", CredentialResolver([found]))


def sign_out(session: Session) -> None:
    """Forgets all credentials of `session`, which is then the caller's own again and looks for them anew."""
    resolver = session.get_component("credential_provider")
    if isinstance(found := resolver.providers[0] if resolver.providers else None, _Found):
        session.register_component("credential_provider", found.before)
    session._credentials = None  # noqa: SLF001  # botocore has no other way to make it look again


def credentials_expiry(session: Session) -> datetime | None:
    """When the credentials that a session has at hand end, unless renewed before; None when they do not."""
    # Botocore tells it to nobody else, and would look for credentials if it were asked.
    expiry = getattr(getattr(session, "_credentials", None), "_expiry_time", None)
    return expiry.astimezone(UTC) if isinstance(expiry, datetime) else None


class _Found:
    """A credential provider that has already found what it provides."""

    METHOD = "basewatch-assumed-role"

    def __init__(self, credentials: Credentials, before: CredentialResolver) -> None:
        self._credentials = credentials
        self.before = before

    def load(self) -> Credentials:
        """The credentials, as botocore's resolver asks for them."""
        return self._credentials
