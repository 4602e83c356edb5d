"""Failed logins are counted in a real database, and a count that may be too low is UNVERIFIED."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.components import Database
from basewatch.errors import ObservationError
from basewatch.facts import from_json, to_json
from basewatch.model import Reason, Status, Verdict, Window
from basewatch.postgres import connect
from basewatch.secrets import Secret
from checks.service.logins import LoginCounts, failed_logins, failed_logins_below
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import SECUREBASE
from tests.checks.tenancy.probes.probing import broken

MINUTE = timedelta(minutes=1)
SECUREBASE_LOGINS = SECUREBASE.model_copy(
    update={
        "audit": SECUREBASE.audit.model_validate(
            {
                "table": "audit_events",
                "failed_logins": {"column": "action", "values": ["auth.failed"], "time_column": "occurred_at"},
                "failed_logins_below": "10/min for 5m",
            }
        )
        if SECUREBASE.audit
        else None
    }
)
REPAIR = (
    "ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change; "
    "DELETE FROM audit_events WHERE action = 'auth.failed'; "
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"
)


def failing(per_minute: int, minutes: int, end: datetime) -> str:
    """A statement that records this number of failed logins in each of the minutes before `end`."""
    return (
        "INSERT INTO audit_events (customer_id, occurred_at, actor, action, resource) "  # noqa: S608  # numbers of ours
        f"SELECT id, '{end.isoformat()}'::timestamptz - minute * interval '1 minute' + n * interval '1 second', "
        "'service/auth', 'auth.failed', 'login' "
        f"FROM generate_series(1, {minutes}) AS minute, generate_series(1, {per_minute}) AS n, "
        "(SELECT id FROM customers ORDER BY id LIMIT 1) AS customer"
    )


def window(length: timedelta = timedelta(hours=1)) -> Window:
    """The window up to the last complete minute."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    return Window(start=end - length, end=end)


def facts(url: str, judged: Window, component: Database = SECUREBASE_LOGINS) -> LoginCounts:
    """The counts of that window."""
    with connect(Secret("env:URL", url), run="test", judged_window=judged) as database:
        return failed_logins(database, component)


def judge(found: LoginCounts, component: Database = SECUREBASE_LOGINS) -> Verdict:
    """The verdict, from facts that were converted to JSON and back like evidence."""
    parsed = from_json(LoginCounts, to_json(LoginCounts, found))
    assert parsed == found
    (verdict,) = failed_logins_below.judge(parsed, component, datetime.now(UTC))
    return verdict


@contextmanager
def attacked(box: SandboxDatabase, per_minute: int, minutes: int, end: datetime) -> Iterator[None]:
    """The database during an attack on the logins."""
    with broken(box, failing(per_minute, minutes, end), REPAIR):
        yield


@pytest.mark.parametrize(
    ("per_minute", "minutes", "status"),
    [(11, 5, Status.FAIL), (11, 4, Status.PASS), (10, 30, Status.PASS), (0, 0, Status.PASS)],
)
def test_failed_logins_are_counted_minute_by_minute(
    box_database: SandboxDatabase, per_minute: int, minutes: int, status: Status
) -> None:
    """More than ten failed logins per minute for five minutes fail, and fewer pass."""
    judged = window()
    with attacked(box_database, per_minute, minutes, judged.end):
        found = facts(box_database.url, judged)
    assert sum(value or 0 for value in found.failed_logins.judged) == per_minute * minutes
    assert judge(found).status is status


def test_a_burst_at_the_start_of_the_window_is_counted_from_its_start(box_database: SandboxDatabase) -> None:
    """The minutes of the warm-up are counted too; its length is the duration of the limit."""
    hour = window()
    judged = Window(start=hour.end - 30 * MINUTE, end=hour.end)
    with attacked(box_database, 11, 5, judged.start + MINUTE):
        assert judge(facts(box_database.url, judged)).status is Status.FAIL
    with attacked(box_database, 11, 5, judged.start):
        assert judge(facts(box_database.url, judged)).status is Status.PASS


def test_a_table_without_records_is_unverified(box_database: SandboxDatabase) -> None:
    """The writer of the audit table may have stopped, so the absence of failed logins proves nothing."""
    long_ago = Window(start=datetime(2001, 1, 1, tzinfo=UTC), end=datetime(2001, 1, 1, 1, tzinfo=UTC))
    verdict = judge(facts(box_database.url, long_ago))
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)


@pytest.mark.parametrize(
    ("breaks", "repairs", "remedy"),
    [
        (
            "DROP POLICY basewatch_counts ON audit_events",
            "CREATE POLICY basewatch_counts ON audit_events FOR SELECT TO basewatch USING (true)",
            'CREATE POLICY basewatch_counts ON "public"."audit_events" FOR SELECT TO "basewatch" USING (true);',
        ),
        (
            "ALTER POLICY basewatch_counts ON audit_events USING (action <> 'auth.failed')",
            "ALTER POLICY basewatch_counts ON audit_events USING (true)",
            "CREATE POLICY basewatch_counts",
        ),
        (
            "CREATE POLICY narrow ON audit_events AS RESTRICTIVE FOR SELECT TO basewatch USING (actor = 'me')",
            "DROP POLICY narrow ON audit_events",
            "CREATE POLICY basewatch_counts",
        ),
        (
            "REVOKE SELECT (action) ON audit_events FROM basewatch",
            "GRANT SELECT (action) ON audit_events TO basewatch",
            'GRANT SELECT ("occurred_at", "action") ON "public"."audit_events" TO "basewatch";',
        ),
    ],
    ids=["no policy", "a policy that hides them", "a policy that narrows", "a column that is not granted"],
)
def test_a_count_that_may_be_too_low_is_denied(
    box_database: SandboxDatabase, breaks: str, repairs: str, remedy: str
) -> None:
    """Row-level security hides rows without an error, so a count that may be incomplete is denied, with the grant."""
    with broken(box_database, breaks, repairs), pytest.raises(ObservationError) as raised:
        facts(box_database.url, window())
    assert raised.value.reason is Reason.DENIED
    assert remedy in raised.value.remedy


def test_an_absent_table_raises_an_observation_error(box_database: SandboxDatabase) -> None:
    """A wrong table name does not count as zero failed logins."""
    audit = SECUREBASE_LOGINS.audit
    assert audit is not None
    elsewhere = SECUREBASE_LOGINS.model_copy(update={"audit": audit.model_copy(update={"table": "aegis.events"})})
    with pytest.raises(ObservationError, match=r'the table "aegis"\."events" does not exist'):
        facts(box_database.url, window(), elsewhere)


def test_without_a_window_nothing_is_counted(box_database: SandboxDatabase) -> None:
    """A client without a judged window raises ObservationError."""
    with connect(Secret("env:URL", box_database.url), run="test") as database, pytest.raises(ObservationError):
        failed_logins(database, SECUREBASE_LOGINS)
