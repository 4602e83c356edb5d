"""Calls AWS through boto3, and translates its answers and errors."""

from basewatch.aws.client import AwsClient
from basewatch.aws.session import AwsSession

__all__ = ["AwsClient", "AwsSession"]
