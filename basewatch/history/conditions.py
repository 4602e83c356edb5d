"""The conditions of findings that a decision on alerts rests on; they belong to no run."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from basewatch.condition import Condition
from basewatch.facts import from_json
from basewatch.history.rotten import parsed
from basewatch.history.tables import conditions as table


def read_conditions(connection: Connection) -> tuple[Condition, ...]:
    """Every condition, in the order of their keys. A row that cannot be one is set aside."""
    query = select(table).order_by(table.c.key, table.c.status)
    return tuple(parsed(connection, query, table, _condition_of))


def write_conditions(connection: Connection, conditions: Iterable[Condition]) -> None:
    """Makes these the conditions that are known; only what differs is written."""
    before = {(each.key, each.status): each for each in read_conditions(connection)}
    after = {(each.key, each.status): each for each in conditions}
    same = (table.c.key == bindparam("of_key")) & (table.c.status == bindparam("of_status"))
    if gone := [{"of_key": key, "of_status": status} for key, status in before.keys() - after.keys()]:
        connection.execute(delete(table).where(same), gone)
    if changed := [each for key, each in after.items() if key in before and before[key] != each]:
        rows = [{**_columns(each), "of_key": each.key, "of_status": each.status} for each in changed]
        connection.execute(update(table).where(same), rows)
    if new := [_columns(each) for key, each in after.items() if key not in before]:
        connection.execute(insert(table), new)


def _condition_of(row: RowMapping) -> Condition:
    condition = from_json(Condition, {**row, "check": row["check_id"]})
    if any(change.tzinfo is None for change in condition.changes):
        raise ValueError("a time of a change has no zone")
    return condition


def _columns(condition: Condition) -> dict[str, object]:
    columns = {column.name: getattr(condition, column.name, None) for column in table.columns}
    changes = [change.isoformat() for change in condition.changes]
    return {**columns, "check_id": condition.check, "changes": changes}
