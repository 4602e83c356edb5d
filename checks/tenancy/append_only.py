"""The check that records of the audit table can be added and never changed or removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch import components
from basewatch.check import check
from basewatch.errors import Absent
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.postgres import Database, Parameters
from checks.sql import load
from checks.tenancy.catalogue import declared_name


class Fires(StrEnum):
    """PostgreSQL's letter for when a trigger fires; a session may make itself a replica only as a superuser."""

    ORIGIN = "O"
    ALWAYS = "A"
    REPLICA = "R"
    DISABLED = "D"


class Event(StrEnum):
    """What would change or remove a record."""

    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"


class Stops(StrEnum):
    """Whether a trigger's function stops the statement."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One trigger and its function; `rewritten_by` are principals who could replace the function's body."""

    table: str
    name: str
    fires: Fires
    events: tuple[Event, ...]
    conditional: bool
    function: str
    language: str
    body: str
    rewritten_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTable:
    """The audit table or a part of it; `rules` are those that replace what is asked of it."""

    schema: str
    name: str
    truncated_by: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """The audit table with its partitions, and every trigger that may guard them."""

    tables: tuple[AuditTable, ...]
    triggers: tuple[Trigger, ...]


def audit_trail(database: Database, component: components.Database) -> AuditTrail:
    """The audit table's guards. Raises: Absent, when there is no such table; CouldNotLook."""
    schema, _, name = component.audit.table.rpartition(".")
    schema = schema or component.tenancy.schemas[0]
    principals = component.tenancy.principals
    parameters: Parameters = {"schema": schema, "table": name, "principals": principals}
    tables = database.rows(load("audit_tables"), AuditTable, parameters)
    if not tables:
        raise Absent(f"there is no audit table {schema}.{name} in {database.source}")
    names = tuple(f"{table.schema}.{table.name}" for table in tables)
    triggers = database.rows(load("audit_triggers"), Trigger, {"tables": names, "principals": principals})
    return AuditTrail(tables=tables, triggers=triggers)


@check(
    "audit.table.append_only",
    component=components.Database,
    observe=audit_trail,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("audit.append_only",),
)
def audit_records_are_only_added(facts: AuditTrail, database: components.Database, now: datetime) -> Iterator[Verdict]:
    """Triggers stop every UPDATE, DELETE and TRUNCATE of the audit table, and no tenant-bound role may truncate it.

    Why: An audit trail that can be edited proves nothing, and the first thing an intruder edits is the trail.
    Reads: pg_trigger, pg_proc and pg_rewrite of the table and its partitions, and the TRUNCATE privilege.
    Unverified when: A guard's function is not one whose first statement is RAISE EXCEPTION.
    Fix: Create BEFORE triggers for the three statements on a function that raises, and ENABLE ALWAYS them; REVOKE
    TRUNCATE from the principals.
    Source: https://www.postgresql.org/docs/15/sql-altertable.html
    """
    for table in facts.tables:
        triggers = [trigger for trigger in facts.triggers if trigger.table == f"{table.schema}.{table.name}"]
        yield judge_table(declared_name(table.schema, table.name, database.tenancy), table, triggers)


def judge_table(name: str, table: AuditTable, triggers: list[Trigger]) -> Verdict:
    """The verdict on one table from its guards alone, in any order."""
    expected = "UPDATE, DELETE and TRUNCATE stopped by a trigger that is enabled"
    stopped = {event: _stopped(event, triggers) for event in Event}
    broken = [
        *(f"nothing stops {event}" for event, stops in stopped.items() if stops is Stops.NO),
        *(f"{role} may TRUNCATE" for role in sorted(table.truncated_by)),
        *(f"the rule {rule} replaces statements" for rule in sorted(table.rules)),
        *sorted({f"{role} may rewrite {t.function}()" for t in triggers for role in t.rewritten_by}),
    ]
    if broken:
        summary = f"Records of {name} can be changed, removed or lost"
        return failed(summary, subject=name, observed="; ".join(broken), expected=expected)
    unclear = [event for event, stops in stopped.items() if stops is Stops.UNKNOWN]
    if unclear:
        return unverified(
            Reason.UNSUPPORTED,
            f"whether the triggers of {name} stop {', '.join(unclear)} is not known",
            subject=name,
            observed=", ".join(sorted({f"{t.function}() in {t.language}" for t in triggers})),
            expected=expected,
            remedy="Make RAISE EXCEPTION the first statement of the guard's function.",
        )
    observed = ", ".join(sorted(trigger.name for trigger in triggers))
    return passed(f"Records of {name} are only ever added", subject=name, observed=observed, expected=expected)


def _stopped(event: Event, triggers: list[Trigger]) -> Stops:
    """Whether any trigger stops the event: one is enough, and a doubt is only one when nothing else does."""
    found = {
        stops(trigger)
        for trigger in triggers
        if event in trigger.events and trigger.fires in {Fires.ORIGIN, Fires.ALWAYS} and not trigger.conditional
    }
    return next((answer for answer in (Stops.YES, Stops.UNKNOWN) if answer in found), Stops.NO)


def stops(trigger: Trigger) -> Stops:
    """Whether the function raises whatever happens, as a first statement RAISE EXCEPTION that nobody catches does."""
    if trigger.language != "plpgsql":
        return Stops.UNKNOWN
    body = re.sub(r"--[^\n]*|/\*.*?\*/", " ", trigger.body, flags=re.DOTALL).lower()
    if not re.search(r"\braise\b", body):
        return Stops.NO
    caught = re.search(r"\bexception\s+when\b", body)
    first = re.match(r"\s*(?:declare\b(?:(?!\bbegin\b).)*)?begin\s+raise\s+exception\b", body, flags=re.DOTALL)
    return Stops.YES if first and not caught else Stops.UNKNOWN
