"""Asks AWS, and says what every answer and every refusal means."""

from basewatch.aws.session import AwsClient, AwsSession

__all__ = ["AwsClient", "AwsSession"]
