"""A resource that was created again under its name fails where the day of its creation is declared."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from basewatch.components import AuroraCluster, BackupVault, Table
from basewatch.errors import InvalidValueError
from basewatch.identifiers import parse_date
from basewatch.model import Status
from checks.inventory.aurora import ClusterStatus, cluster_is_available
from checks.inventory.backup_vaults import VaultState, vault_is_available
from checks.inventory.dynamodb import TableState, table_is_active, table_state
from tests.checks.situations.aws_answers import answer
from tests.wire import Wire, offline

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CREATED = datetime(2026, 11, 28, 9, tzinfo=UTC)
BACKUP = {"retention": "35d", "rpo": "1h"}


@pytest.mark.parametrize(
    ("since", "created", "right"),
    [
        (None, CREATED, Status.PASS),
        ("2026-11-28", CREATED, Status.PASS),
        ("2026-12-01", CREATED, Status.PASS),
        ("2026-11-27", CREATED, Status.FAIL),
        ("2024-01-01", CREATED, Status.FAIL),
        ("2024-01-01", None, Status.UNVERIFIED),
    ],
)
def test_a_resource_younger_than_declared_was_created_again(
    since: str | None, created: datetime | None, right: Status
) -> None:
    """A young cluster or table is sound when nothing else is declared, and has lost its backups when it is."""
    cluster = AuroraCluster.model_validate({"name": "main", "backup": BACKUP, "since": since})
    facts = ClusterStatus(status="available", instances=1, created=created)
    (of_cluster,) = cluster_is_available.judge(facts, cluster, NOW)
    table = Table.model_validate({"name": "t", "since": since})
    (of_table,) = table_is_active.judge(TableState(status="ACTIVE", created=created), table, NOW)
    assert (of_cluster.status, of_table.status) == (right, right)


@pytest.mark.parametrize(
    ("since", "known", "found", "right"),
    [
        (None, "a", "a", Status.PASS),
        (None, "a", "b", Status.UNVERIFIED),
        (None, "", "b", Status.PASS),
        (None, "a", "", Status.PASS),
        ("2026-11-28", "a", "b", Status.PASS),
        ("2026-11-27", "a", "b", Status.FAIL),
    ],
)
def test_another_resource_of_the_name_is_noticed(since: str | None, known: str, found: str, right: Status) -> None:
    """The name of a resource that passed before does not make another one its equal, until its day is declared."""
    cluster = AuroraCluster.model_validate({"name": "main", "backup": BACKUP, "since": since})
    facts = ClusterStatus(status="available", instances=1, created=CREATED, resource_id=found, known_id=known)
    (of_cluster,) = cluster_is_available.judge(facts, cluster, NOW)
    table = Table.model_validate({"name": "t", "since": since})
    state = TableState(status="ACTIVE", created=CREATED, resource_id=found, known_id=known)
    (of_table,) = table_is_active.judge(state, table, NOW)
    vault = BackupVault.model_validate({"name": "v", "since": since})
    vault_facts = VaultState(state="AVAILABLE", created=CREATED, resource_id=found, known_id=known)
    (of_vault,) = vault_is_available.judge(vault_facts, vault, NOW)
    assert (of_cluster.status, of_table.status, of_vault.status) == (right, right, right)
    assert right is Status.PASS or "2026-11-28" in of_table.summary


def test_the_id_is_read_beside_the_one_of_before() -> None:
    """The facts of a run say which id was known, so they can be judged again."""
    wire = Wire()
    described = {"TableStatus": "ACTIVE", "TableId": "b", "CreationDateTime": CREATED}
    wire.answer("dynamodb:DescribeTable", answer("dynamodb:DescribeTable", Table=described))
    state = table_state(offline(wire).open_client("a"), Table(name="t"))
    assert (state.resource_id, state.known_id, state.created) == ("b", "a", CREATED)


def test_a_status_decides_before_the_creation() -> None:
    """A stopped cluster is stopped, whenever it was created."""
    cluster = AuroraCluster.model_validate({"name": "main", "backup": BACKUP, "since": "2024-01-01"})
    facts = ClusterStatus(status="stopped", instances=1, created=CREATED)
    (verdict,) = cluster_is_available.judge(facts, cluster, NOW)
    assert (verdict.status, "stopped" in verdict.summary) == (Status.FAIL, True)


def test_a_date_is_read_as_yaml_or_text_gives_it() -> None:
    """YAML reads a date by itself; everything else is refused with an example."""
    assert parse_date(date(2025, 10, 6)) == parse_date("2025-10-06") == date(2025, 10, 6)
    for wrong in ("yesterday", 7, None, datetime(2025, 10, 6, tzinfo=UTC)):
        with pytest.raises(InvalidValueError, match="is not a date"):
            parse_date(wrong)
