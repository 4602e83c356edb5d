"""Calls AWS through boto3, and translates its answers and errors."""

from basewatch.aws.session import AwsClient, AwsSession

__all__ = ["AwsClient", "AwsSession"]
