"""Reads secrets from AWS Secrets Manager and the SSM Parameter Store."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from basewatch.aws.client import AwsClient
from basewatch.errors import NotFoundError
from basewatch.secrets import Reference, SecretNotFoundError


class AwsSecretStore:
    """The store behind `aws-secretsmanager:ARN#key` and `aws-ssm:NAME`; read again for each reference."""

    def __init__(self, open_client: Callable[[], AwsClient]) -> None:
        self._open_client = open_client

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`.

        Raises: SecretNotFoundError, when it does not exist; ObservationError, when AWS does not answer.
        """
        try:
            if reference.scheme == "aws-ssm":
                return self._parameter(reference.location)
            return self._secret(*reference.location.partition("#")[::2])
        except (NotFoundError, KeyError, orjson.JSONDecodeError):
            # Not chained: the cause may hold the secret's text.
            raise SecretNotFoundError(
                f"the secret {reference} is not set: create it, or correct its name and key"
            ) from None

    def _parameter(self, name: str) -> str:
        answer = self._open_client().call("ssm", "GetParameter", Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def _secret(self, arn: str, key: str) -> str:
        text = str(self._open_client().call("secretsmanager", "GetSecretValue", SecretId=arn)["SecretString"])
        return str(orjson.loads(text)[key]) if key else text
