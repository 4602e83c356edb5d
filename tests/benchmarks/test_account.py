"""The measured account answers as AWS does, and a pass over it asks for each resource once."""

from __future__ import annotations

from benchmarks.account.growth import one_pass
from benchmarks.account.scan import services


def test_a_pass_over_the_synthetic_account_is_green() -> None:
    """Every promise is kept; a function takes three requests and a table two, whatever the number of their checks."""
    grown = one_pass(20)
    assert (grown.passed, grown.verdicts) == (30, 30)
    assert grown.requests == 10 * 3 + 10 * 2


def test_the_scanner_looks_at_the_same_services() -> None:
    """It is given what the checks ask, by its own names."""
    assert {"awslambda", "cloudwatch", "dynamodb", "kms", "rds", "s3"} <= set(services())
