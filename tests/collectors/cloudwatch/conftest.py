"""A strict CloudWatch for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collectors.cloudwatch.fake import FakeCloudWatch


@pytest.fixture
def cloudwatch() -> Iterator[FakeCloudWatch]:
    """A CloudWatch for one test."""
    fake = FakeCloudWatch()
    server = fake.serve()
    yield fake
    fake.closing.set()
    server.shutdown()
    server.server_close()
