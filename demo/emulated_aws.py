"""The emulated AWS of the sandbox: moto in this process, with corrections, over HTTP on the loopback interface."""

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
from demo.account import REGION, BuildContext
from demo.answered_operations import AnsweredOperations
from demo.load import Load
from demo.moto_access import AccessMiddleware, Refusal
from demo.resources_access import AccessKey, create_user
from demo.resources_backups import DumpJob


class _QuietRequests(MotoRequestHandler):
    """Serves requests without an access log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedAws:
    """The running AWS account 123456789012 in us-east-1, as a context manager.

    A process can have one at a time, because moto's state is global.
    """

    caller: AccessKey
    operator: boto3.Session
    access: AccessMiddleware
    answers: AnsweredOperations
    server: BaseWSGIServer
    thread: Thread
    dump_job: DumpJob
    _running: ClassVar[Lock] = Lock()

    @classmethod
    def start(cls, *, now: datetime, dump: bytes, load: Load) -> EmulatedAws:
        """SecureBase's account at `now`; every backup is `dump`, and CloudWatch's datapoints come from `load`.

        Raises: RuntimeError, when an account is already running in this process.
        """
        if not cls._running.acquire(blocking=False):
            raise RuntimeError("an emulated AWS account is already running in this process: close it first")
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
        answers = AnsweredOperations(DomainDispatcherApplication(create_backend_app))
        access = AccessMiddleware(answers, exempt=operator.id)
        server = make_server("127.0.0.1", 0, access, threaded=True, request_handler=_QuietRequests)
        thread = Thread(target=server.serve_forever, args=(0.05,), name="demo-aws", daemon=True)
        thread.start()
        url, session = f"http://127.0.0.1:{server.server_port}", operator.session()
        dump_job = resources.create(
            BuildContext(
                client=lambda service: _client(session, service, url), answer=answers.answer, now=now, dump=dump
            )
        )
        access.before_request = lambda: dump_job.run(datetime.now(UTC))
        return cls(
            caller=caller,
            operator=session,
            access=access,
            answers=answers,
            server=server,
            thread=thread,
            dump_job=dump_job,
        )

    @property
    def endpoint_url(self) -> str:
        """The URL of every service of the account."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which a program uses this account as AWS."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.caller.id,
            "AWS_SECRET_ACCESS_KEY": self.caller.secret,
            "AWS_SESSION_TOKEN": "",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the operator, whose calls are never denied or throttled, for faults and repairs."""
        return _client(self.operator, service, self.endpoint_url)

    def deny(self, *actions: str) -> None:
        """Deny every call that needs these IAM actions, such as `rds:DescribeDBClusters` or `s3:*`."""
        for action in actions:
            self.access.refuse(action, Refusal.DENIED)

    def throttle(self, *actions: str) -> None:
        """Answer every call that needs these IAM actions with the throttling error of the service."""
        for action in actions:
            self.access.refuse(action, Refusal.THROTTLED)

    def allow(self, *actions: str) -> None:
        """Remove the denials and throttles of exactly these names."""
        if actions:
            self.access.allow(*actions)

    def allow_all(self) -> None:
        """Remove every denial and throttle."""
        self.access.allow()

    def close(self) -> None:
        """Stop serving and discard the account; a second call does nothing."""
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
    """Discard moto's state, and seed its random names, so that every sandbox is equal."""
    moto_api_backend.reset()
    mock_random.seed(1)
