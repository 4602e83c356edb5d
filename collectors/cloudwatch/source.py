"""Who answers queries, who signs what is asked of CloudWatch, and how patiently it is asked."""

from __future__ import annotations

from typing import Any, Protocol

from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call


class MetricSource(Protocol):
    """Whoever knows the values of metrics: CloudWatch's own API, or any other that is given their names.

    `account_id` and `region` are who is asked; a monitoring account answers for others. Threads share it.
    """

    @property
    def account_id(self) -> str:
        """The account that is asked."""
        ...

    @property
    def region(self) -> str:
        """The region that is asked."""
        ...

    @property
    def principal(self) -> str:
        """As whom it is asked. Raises: ObservationError, when signing in fails."""
        ...

    def fetch(self, call: Call) -> FetchResult:
        """The answers to a call, one for each query and in their order; nothing that the platform does raises."""
        ...


class Signer(Protocol):
    """One account and region, and how to sign in to it; `basewatch.aws.AwsSession` is one."""

    account_id: str
    region: str

    @property
    def principal(self) -> str:
        """The ARN as which CloudWatch is asked. Raises: ObservationError."""
        ...

    @property
    def ca_bundle(self) -> str | None:
        """The certificates to trust, as a file's path; None is botocore's own."""
        ...

    def credentials(self) -> Any:
        """Keys and token for botocore's signer, fit for use now. Raises: ObservationError."""
        ...

    def reset_credentials(self) -> None:
        """Forgets credentials that AWS takes no longer; the next are got anew."""
        ...

    def endpoint(self, service: str) -> str:
        """The URL at which boto3's `service` is asked. Raises: ObservationError."""
        ...
