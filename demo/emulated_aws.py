"""The AWS of the box: moto in this process, put right where it is wrong, served over HTTP on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Any, ClassVar, Self

import boto3
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from demo import moto_list_metrics, moto_metric_data, moto_patches, resources
from demo.load import Load
from demo.moto_access import AccessMiddleware, Refusal
from demo.moto_backends import REGION
from demo.resources_access import AccessKey, create_user
from demo.resources_backups import DumpJob
from demo.resources_context import BuildContext


class _Quiet(MotoRequestHandler):
    """Serves requests without writing a line for each."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedAws:
    """A running AWS account 123456789012 in us-east-1, a context manager.

    One at a time in a process, as moto's state is the process's.
    """

    caller: AccessKey
    operator: boto3.Session
    access: AccessMiddleware
    server: BaseWSGIServer
    thread: Thread
    dump_job: DumpJob
    _running: ClassVar[Lock] = Lock()

    @classmethod
    def start(cls, *, now: datetime, dump: bytes, load: Load) -> EmulatedAws:
        """SecureBase's account as it is at `now`, with `dump` for every backup; `load` gives CloudWatch its numbers.

        Raises: RuntimeError, when one is running in this process already.
        """
        if not cls._running.acquire(blocking=False):
            raise RuntimeError("a Cloud is running in this process already: close it first")
        try:
            return cls._start(now, dump, load)
        except BaseException:
            cls._running.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    @classmethod
    def _start(cls, now: datetime, dump: bytes, load: Load) -> EmulatedAws:
        _reset()
        moto_patches.install()
        moto_metric_data.install(load)
        moto_list_metrics.install(load)
        operator, caller = create_user("operator"), create_user("basewatch-demo")
        gate = AccessMiddleware(DomainDispatcherApplication(create_backend_app), exempt=operator.id)
        server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=_Quiet)
        thread = Thread(target=server.serve_forever, args=(0.05,), name="demo-cloud", daemon=True)
        thread.start()
        url, session = f"http://127.0.0.1:{server.server_port}", operator.session()
        dumps = resources.create(
            BuildContext(client=lambda service: _client(session, service, url), now=now, dump=dump)
        )
        gate.before_request = lambda: dumps.run(datetime.now(UTC))
        return cls(caller=caller, operator=session, access=gate, server=server, thread=thread, dump_job=dumps)

    @property
    def endpoint_url(self) -> str:
        """Where every service of the account answers."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs in its environment to take this for AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.caller.id,
            "AWS_SECRET_ACCESS_KEY": self.caller.secret,
            "AWS_SESSION_TOKEN": "",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the operator, whom `deny` and `throttle` do not touch: for faults and repairs."""
        return _client(self.operator, service, self.endpoint_url)

    def deny(self, *actions: str) -> None:
        """Answer what these IAM actions grant, such as `rds:DescribeDBClusters` or `s3:*`, with access denied."""
        for action in actions:
            self.access.refuse(action, Refusal.DENIED)

    def throttle(self, *actions: str) -> None:
        """Answer what these IAM actions grant with the service's throttling error, every time."""
        for action in actions:
            self.access.refuse(action, Refusal.THROTTLED)

    def allow(self, *actions: str) -> None:
        """Take back what was denied or throttled under these very names."""
        if actions:
            self.access.allow(*actions)

    def allow_all(self) -> None:
        """Take back everything that was denied or throttled."""
        self.access.allow()

    def close(self) -> None:
        """Stop serving and forget the account; a closed cloud may be closed again."""
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        _reset()
        self._running.release()


def _client(session: boto3.Session, service: str, url: str) -> Any:
    return session.client(service, endpoint_url=url, region_name=REGION)


def _reset() -> None:
    """Forget all that moto holds, and start its random names anew so that every box is alike."""
    moto_api_backend.reset()
    mock_random.seed(1)
