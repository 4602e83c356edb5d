"""Migrates a history to the current schema. Alembic is loaded only when a migration is due."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from basewatch.errors import HistoryError
from basewatch.history.engine import read_transaction, redacted_url, write_transaction

HEAD = "0013"
MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Migrates the history to HEAD. Raises: HistoryError, also when a newer Basewatch wrote the history."""
    with read_transaction(engine) as connection:
        if _revision(connection) == HEAD:
            return
    with write_transaction(engine) as connection:
        # Read again under the lock: another process may have migrated first.
        revision = _revision(connection)
        if revision != HEAD:
            _upgrade(connection, revision, redacted_url(engine))


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection, revision: str, where: str) -> None:
    from alembic import command  # noqa: PLC0415  # takes 0.3 s to import, which a current history does not need
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision and revision not in known:
        raise HistoryError(
            f"the history {where} was written by a newer Basewatch (its schema is {revision}, this one knows {HEAD}); "
            "use that version, or set history.url to another place"
        )
    command.upgrade(config, HEAD)
