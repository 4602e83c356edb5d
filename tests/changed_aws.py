"""The emulated AWS as a fault changes it: which services it has changed, so that only these are asked again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import moto.backends
import pytest

from demo.emulated_aws import EmulatedAws

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

# Services whose answers tell of the things of other services.
_TELL_OF_ALL = {"resourcegroupstaggingapi", "config", "securityhub"}
_TELL_OF = {"s3": {"s3control"}, "apigateway": {"apigatewayv2"}, "apigatewayv2": {"apigateway"}}


class ChangedAws:
    """The account for a fault and its repair, which records whose client, whose state or whose answers they use."""

    def __init__(self, cloud: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cloud = cloud
        self._used = set[str]()
        self._all = os.environ.get("BASEWATCH_FAULTS") == "all"
        state = cast("Callable[[str], Any]", moto.backends.get_backend)

        def get_backend(service: str) -> Any:
            self._used.add(service)
            return state(service)

        monkeypatch.setattr(moto.backends, "get_backend", get_backend)

    @property
    def as_sandbox(self) -> Sandbox:
        """What a fault gets: its AWS alone."""
        return cast("Sandbox", self)

    @property
    def aws(self) -> ChangedAws:
        """The account."""
        return self

    def services(self) -> frozenset[str]:
        """The services whose answers may have changed until now; empty when it may be all of them."""
        if self._all or not self._used:
            return frozenset()
        more = (_TELL_OF.get(service, set[str]()) for service in self._used)
        return frozenset(self._used.union(_TELL_OF_ALL, *more))

    def client(self, service: str) -> Any:
        """The operator's client of a service."""
        self._used.add(service)
        return self._cloud.client(service)

    @property
    def dump_job(self) -> Any:
        """The job that writes dumps to S3."""
        self._used.add("s3")
        return self._cloud.dump_job

    @property
    def answers(self) -> ChangedAws:
        """The operations that are answered from Python."""
        return self

    def answer(self, operation: str, answer: Any) -> None:
        """Answer an operation otherwise."""
        self._used.add(operation.partition(":")[0])
        self._cloud.answers.answer(operation, answer)

    def restore(self, operation: str) -> None:
        """Answer an operation as before."""
        self._used.add(operation.partition(":")[0])
        self._cloud.answers.restore(operation)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a fault uses, such as a denial: it may change every answer."""
        self._all = True
        return getattr(self._cloud, name)
