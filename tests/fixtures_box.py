"""The whole box for tests of whole passes, made of the session's database, account and load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from basewatch.clients import PastPasses
from basewatch.history.store import History
from basewatch.restore_record import PastRestores
from demo.api_server import SandboxApi
from demo.database import SandboxDatabase
from demo.emulated_aws import EmulatedAws
from demo.load import Load
from demo.receivers import Receivers
from demo.restores import COMPONENT, DrillJob, sound_drill
from demo.sandbox import Sandbox
from workflows.commands import PreparedPlan, prepare
from workflows.demonstrate import DrilledHistory

CONFIG = Path(__file__).parent.parent / "config.yaml"
DRILLS = DrillJob(sound_drill(datetime.now(UTC)))
"""The drills of the session's box; a fault that adds one is repaired."""


def record_drills(url: str) -> None:
    """Records the drills of the box in the history at this URL, as `basewatch drill` would."""
    with History.open(url) as opened:
        for record in DRILLS.records:
            opened.add_restore_test(record)


def drilled() -> PastPasses:
    """What a history says that has the drills of the box and no pass."""
    records = tuple(DRILLS.records)
    return PastPasses(
        previous_end=None,
        known_ids={},
        restores={COMPONENT: PastRestores(expected_since=records[0].started, records=records)},
    )


@pytest.fixture(scope="session")
def box_api(box_database: SandboxDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxApi]:
    """SecureBase's API behind TLS; a test that breaks something repairs it."""
    with closing(SandboxApi(tmp_path_factory.mktemp("api"), box_database.app_url, now=datetime.now(UTC))) as api:
        yield api


@pytest.fixture(scope="session")
def box(box_database: SandboxDatabase, box_cloud: EmulatedAws, box_load: Load, box_api: SandboxApi) -> Sandbox:
    """SecureBase with every promise kept; a test that breaks something repairs it."""
    return Sandbox(database=box_database, aws=box_cloud, load=box_load, api=box_api, drills=DRILLS)


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """A Slack and a PagerDuty that listen, and have heard nothing yet."""
    with Receivers() as listening:
        yield listening


@pytest.fixture
def prepared(box: Sandbox, receivers: Receivers) -> PreparedPlan:
    """The committed configuration, ready to watch the box and to notify the receivers."""
    return prepare(CONFIG, {**box.environment, **receivers.environment})


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history with the drills of the box, and no pass."""
    with DrilledHistory.open(f"sqlite:///{tmp_path}/history.db") as opened:
        opened.drills = DRILLS
        yield opened
