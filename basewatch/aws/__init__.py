"""Asks AWS, and says what every answer and every refusal means."""

from basewatch.aws.session import Aws, AwsSession

__all__ = ["Aws", "AwsSession"]
