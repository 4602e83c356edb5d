"""Looks secrets up in AWS Secrets Manager and the SSM Parameter Store."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from basewatch.aws.session import Aws
from basewatch.errors import Absent
from basewatch.secrets import Reference, SecretUnset


class AwsSecrets:
    """The store behind `aws-secretsmanager:ARN#key` and `aws-ssm:NAME`; asked anew for each reference."""

    def __init__(self, look: Callable[[], Aws]) -> None:
        self._look = look

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`. Raises: SecretUnset, when there is none; CouldNotLook, when AWS does not say."""
        try:
            if reference.scheme == "aws-ssm":
                return self._parameter(reference.place)
            return self._secret(*reference.place.partition("#")[::2])
        except (Absent, KeyError, orjson.JSONDecodeError):
            # The cause may hold the secret's text, so it does not go into the error.
            raise SecretUnset(f"the secret {reference} is not set: create it, or correct its name and key") from None

    def _parameter(self, name: str) -> str:
        answer = self._look().call("ssm", "GetParameter", Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])

    def _secret(self, arn: str, key: str) -> str:
        text = str(self._look().call("secretsmanager", "GetSecretValue", SecretId=arn)["SecretString"])
        return str(orjson.loads(text)[key]) if key else text
