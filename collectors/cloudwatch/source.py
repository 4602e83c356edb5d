"""The protocols of a metric source and of a signer of requests."""

from __future__ import annotations

from typing import Any, Protocol

from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call


class MetricSource(Protocol):
    """A source of metric values: CloudWatch, or any other API that takes the same queries. Thread-safe.

    `account_id` and `region` are where requests go; a monitoring account also answers for other accounts.
    """

    @property
    def account_id(self) -> str:
        """The account that receives the requests."""
        ...

    @property
    def region(self) -> str:
        """The region that receives the requests."""
        ...

    @property
    def principal(self) -> str:
        """The identity that sends the requests. Raises: ObservationError, when signing in fails."""
        ...

    def fetch(self, call: Call) -> FetchResult:
        """One answer for each query, in the order of the queries. Errors of the platform are returned, not raised."""
        ...


class Signer(Protocol):
    """An account and region, and the credentials for it; `basewatch.aws.AwsSession` is one."""

    account_id: str
    region: str

    @property
    def principal(self) -> str:
        """The ARN that signs the requests. Raises: ObservationError."""
        ...

    @property
    def ca_bundle(self) -> str | None:
        """The path of a file of trusted certificates; None for botocore's own."""
        ...

    def credentials(self) -> Any:
        """Valid credentials for botocore's signer. Raises: ObservationError."""
        ...

    def reset_credentials(self) -> None:
        """Discards credentials that AWS rejected; the next call gets new ones."""
        ...

    def endpoint(self, service: str) -> str:
        """The URL of a boto3 service. Raises: ObservationError."""
        ...
