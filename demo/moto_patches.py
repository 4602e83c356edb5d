"""Everything that is put right in moto before the box is served, service by service."""

from __future__ import annotations

from demo import moto_dynamodb, moto_lambda, moto_rds, moto_s3


def install() -> None:
    """Make moto answer as AWS does where the checks look; installing again makes no difference."""
    moto_rds.install()
    moto_dynamodb.install()
    moto_s3.install()
    moto_lambda.install()
