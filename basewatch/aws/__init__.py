"""Calls AWS through boto3, and translates its answers and errors."""

from basewatch.aws.client import AwsClient
from basewatch.aws.session import AwsSession
from basewatch.aws.shared_answers import SharedAnswers

__all__ = ["AwsClient", "AwsSession", "SharedAnswers"]
