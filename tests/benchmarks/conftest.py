"""One fake in its own process for the tests of a module, and botocore clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.session import Session

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.identities import user_key
from benchmarks.cloudwatch.processes import ACCOUNT, FakeProcess

NOW = 1_767_225_600
FAKE_SETTINGS = FakeSettings(functions=1200, latency_ms=0, now=NOW)
MakeClient = Callable[..., Any]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    """A fast fake whose clock is stopped."""
    with FakeProcess(FAKE_SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def client(fake: FakeProcess) -> MakeClient:
    """A factory of botocore clients of the fake, by service; `cbor` selects CloudWatch's CBOR protocol."""
    loader = create_loader()
    models = loader.load_service_model

    def make(service: str, *, cbor: bool = False, region: str = "us-east-1", **keys: Any) -> Any:
        def load(name: str, kind: str, *args: Any, **options: Any) -> Any:
            model = models(name, kind, *args, **options)
            if (name, kind) == ("cloudwatch", "service-2"):
                model["metadata"]["protocols"] = ["smithy-rpc-v2-cbor" if cbor else "json"]
            return model

        session = Session()
        setattr(loader, "load_service_model", load)  # noqa: B010  # botocore has no other way to choose
        session.register_component("data_loader", loader)
        keys = {"aws_access_key_id": user_key(ACCOUNT), "aws_secret_access_key": "fake"} | keys
        once = Config(retries={"total_max_attempts": 1})
        return session.create_client(service, region_name=region, endpoint_url=fake.url, config=once, **keys)

    return make
