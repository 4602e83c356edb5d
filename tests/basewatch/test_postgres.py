"""PostgreSQL is asked without a trace, within limits, and its refusals come back as reasons and remedies."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

import psycopg
import pytest
from psycopg import conninfo

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Endpoints, Statement, Timeouts, connect
from basewatch.postgres.login import SingleConnection
from basewatch.postgres.tenant_probe import Canary, NoTenant, ProbedRelation, ProbeOutcome, TenantProbe
from basewatch.postgres.write_probe import WriteProbe
from basewatch.secrets import Secret
from basewatch.tenancy import Canaries, Tenancy
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B

TENANCY = Tenancy(
    context=("app.current_customer_id",),
    root="customers",
    key=("customer_id",),
    principals=("app",),
    tables=7,
    canaries=Canaries(a=(CANARY_A,), b=(CANARY_B,)),
)
TICKETS = ProbedRelation(schema="public", name="support_tickets", key=("customer_id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A row of one word and a list."""

    word: str
    parts: tuple[str, ...]


SAY = Statement(name="say", text="SELECT %(word)s::text AS word, %(parts)s::text[] AS parts")


@contextmanager
def opened(url: str, limits: Timeouts | None = None) -> Generator[DatabaseClient, None, None]:
    """A client for one URL."""
    with connect(Secret("env:BASEWATCH_DATABASE_URL", url), run="r1", timeouts=limits) as database:
        yield database


def refusal(url: str, limits: Timeouts | None = None) -> BasewatchError:
    """What connecting to a URL is refused with."""
    with pytest.raises(BasewatchError) as refused, opened(url, limits):
        pass
    return refused.value


def say(database: DatabaseClient, text: str) -> str:
    """The one word that a statement answers with."""
    statement = Statement(name="word", text=f"SELECT ({text})::text AS word, '{{}}'::text[] AS parts")
    (row,) = database.query(statement, Word, {})
    return row.word


def test_rows_are_values_of_the_kind_asked_for(box_database: SandboxDatabase) -> None:
    """Columns become fields, and a tuple goes out and comes back as an array."""
    with opened(box_database.url) as database:
        assert database.query(SAY, Word, {"word": "x", "parts": ("a", "b")}) == (Word(word="x", parts=("a", "b")),)


def test_an_answer_of_another_shape_is_not_guessed_at(box_database: SandboxDatabase) -> None:
    """A column that is not understood is UNSUPPORTED, not a crash and not a fact."""
    statement = Statement(name="odd", text="SELECT 'x' AS word, NULL AS parts")
    with opened(box_database.url) as database, pytest.raises(ObservationError) as refused:
        database.query(statement, Word, {})
    assert refused.value.reason is Reason.UNSUPPORTED


def test_evidence_says_where_who_and_what(box_database: SandboxDatabase) -> None:
    """The source has no password, the principal is the role, and requests are in order."""
    about = conninfo.conninfo_to_dict(box_database.url)
    with opened(box_database.url) as database:
        say(database, "1")
        with database.probe_as("app", TENANCY, new_connection=True):
            pass
        with database.probe_as("analytics", TENANCY):
            pass
        assert database.source == f"postgresql:127.0.0.1:{about['port']}/securebase"
        assert database.principal == "basewatch"
        assert database.requests == ("word", "probe app on a fresh session", "probe analytics")


def test_the_server_can_tell_whose_session_it_is(box_database: SandboxDatabase) -> None:
    """The run shows as the application's name, and every limit is set on the server."""
    limits = Timeouts(statement=timedelta(seconds=3), lock=timedelta(milliseconds=200), idle=timedelta(seconds=9))
    settings = ("application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with opened(box_database.url, limits) as database:
        found = [say(database, f"current_setting('{name}')") for name in settings]
    assert found == ["basewatch/r1", "3s", "200ms", "9s"]


def test_settings_leave_no_trace_on_a_pooled_session(box_database: SandboxDatabase) -> None:
    """Outside its transactions the session has the role, limits and search path it came with."""
    settings = "SELECT current_user, current_setting('search_path'), current_setting('statement_timeout')"
    doors = SingleConnection(Endpoints(writer=lambda: Secret("env:X", box_database.url)), "r1", Timeouts())
    database = DatabaseClient(doors, Timeouts())
    connection = doors.open(doors.endpoints.writer)
    before = connection.execute(settings).fetchone()
    connection.rollback()
    say(database, "1")
    with database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
    assert doors.open(doors.endpoints.writer) is connection
    assert connection.execute(settings).fetchone() == before
    connection.rollback()
    doors.close()


def test_what_a_statement_sets_for_the_session_is_undone(box_database: SandboxDatabase) -> None:
    """Every transaction is rolled back, so not even a session's own setting outlives the question."""
    with opened(box_database.url) as database:
        assert say(database, "SELECT set_config('app.current_customer_id', 'somebody', false)") == "somebody"
        assert say(database, "current_setting('app.current_customer_id', true)") == ""


def test_a_statement_cannot_write(box_database: SandboxDatabase) -> None:
    """Rows are read in a read-only transaction, whatever the statement says."""
    write = Statement(
        name="write", text="INSERT INTO public.regions VALUES ('x', 'y') RETURNING code AS word, '{}' AS parts"
    )
    with opened(box_database.superuser_url) as database, pytest.raises(ObservationError, match="read-only"):
        database.query(write, Word, {})


def test_a_probe_changes_nothing(box_database: SandboxDatabase) -> None:
    """Even where every write succeeds, the rows afterwards are the rows before."""
    query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM support_tickets t"
    with psycopg.connect(box_database.superuser_url, autocommit=True) as watcher:
        before = watcher.execute(query).fetchone()
        with opened(box_database.superuser_url) as database, database.write_probe_as("postgres", TENANCY) as probe:
            rows = 5
            assert probe.rows_of([TICKETS], Canary.B) == (ProbeOutcome(rows=1),)
            assert probe.update_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
            assert probe.reassign(TICKETS, of=Canary.A, to=Canary.B) == ProbeOutcome(rows=rows)
            assert probe.delete_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
            # Undone already: each attempt finds what the one before found.
            assert probe.delete_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
        assert watcher.execute(query).fetchone() == before


def test_row_security_is_asked_before_the_table(box_database: SandboxDatabase) -> None:
    """As app, a row for another tenant is refused by the policy, and one's own by NOT NULL: the probe can tell."""
    with opened(box_database.url) as database, database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
        assert probe.insert_for(TICKETS, Canary.B) == ProbeOutcome(sqlstate="42501")
        assert probe.insert_for(TICKETS, Canary.A) == ProbeOutcome(sqlstate="23502")


# Typed as a canary and none: what a mistake in the code would hand over.
REAL_TENANT = cast("Canary", "00000000-0000-4000-8000-000000000001")
ATTEMPTS: dict[str, Callable[[WriteProbe], object]] = {
    "act": lambda probe: probe.set_context(REAL_TENANT),
    "insert": lambda probe: probe.insert_for(TICKETS, REAL_TENANT),
    "update": lambda probe: probe.update_of(TICKETS, REAL_TENANT),
    "move": lambda probe: probe.reassign(TICKETS, of=Canary.A, to=REAL_TENANT),
    "take": lambda probe: probe.reassign(TICKETS, of=REAL_TENANT, to=Canary.A),
    "delete": lambda probe: probe.delete_of(TICKETS, REAL_TENANT),
    "read": lambda probe: probe.rows_of([TICKETS], REAL_TENANT),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_probe_refuses_every_tenant_but_the_canaries(box_database: SandboxDatabase, attempt: str) -> None:
    """A real customer's key never reaches the database, in whichever place it is given."""
    with (
        opened(box_database.superuser_url) as database,
        pytest.raises(TypeError, match="canaries alone"),
        database.write_probe_as("app", TENANCY) as probe,
    ):
        ATTEMPTS[attempt](probe)


def test_nobody_is_a_tenant_that_does_not_exist(box_database: SandboxDatabase) -> None:
    """A stranger has a fresh id of the canaries' form each time; the others are what they say."""
    with opened(box_database.url) as database, database.probe_as("app", TENANCY) as probe:
        seen = list[str | None]()
        for who in (NoTenant.UNKNOWN, NoTenant.UNKNOWN, NoTenant.EMPTY, NoTenant.WILDCARD, Canary.B):
            probe.set_context(who)
            seen.extend(probe.context_values())
    first, second, *others = seen
    assert UUID(first) != UUID(second)
    assert others == ["", "%", CANARY_B]


def test_names_are_quoted(box_database: SandboxDatabase) -> None:
    """A relation's name is a name, whatever is in it."""
    evil = ProbedRelation(schema="public", name='x"; DELETE FROM support_tickets; --')
    with opened(box_database.url) as database, database.probe_as("app", TENANCY) as probe:
        (outcome,) = probe.any_rows([evil])
        assert outcome == ProbeOutcome(sqlstate="42P01")
        assert not outcome.conclusive


def test_a_fresh_session_never_had_a_tenant_and_a_used_one_had(box_database: SandboxDatabase) -> None:
    """The two states in which fail-open policies differ can both be had: unset, and empty."""
    with opened(box_database.url) as database:
        with database.probe_as("app", TENANCY) as probe:
            probe.set_context(Canary.A)
            assert probe.context_values() == (CANARY_A,)
        with database.probe_as("app", TENANCY) as probe:
            assert probe.context_values() == ("",)
        with database.probe_as("app", TENANCY, new_connection=True) as probe:
            assert probe.context_values() == (None,)


def test_a_role_that_may_not_be_taken_names_the_grant(box_database: SandboxDatabase) -> None:
    """Without membership the probe is denied, and the remedy is the statement to run."""
    with (
        opened(box_database.url) as database,
        pytest.raises(ObservationError) as refused,
        database.probe_as("admin", TENANCY),
    ):
        pass
    assert refused.value.reason is Reason.DENIED
    assert refused.value.remedy.startswith("GRANT admin TO basewatch")


def test_a_role_that_does_not_exist_is_absent(box_database: SandboxDatabase) -> None:
    """The server says that there is no such role: a fact."""
    with opened(box_database.url) as database, pytest.raises(NotFoundError), database.probe_as("nobody_here", TENANCY):
        pass


def test_a_database_that_does_not_exist_is_absent(box_database: SandboxDatabase) -> None:
    """The server says that there is no such database: a fact."""
    error = refusal(conninfo.make_conninfo(box_database.url, dbname="gone"))
    assert isinstance(error, NotFoundError)
    assert "gone" in str(error)


def test_a_wrong_password_is_denied(box_database: SandboxDatabase) -> None:
    """Denied, with what to correct."""
    error = refusal(conninfo.make_conninfo(box_database.url, password="wrong"))
    assert isinstance(error, ObservationError)
    assert (error.reason, error.remedy) == (Reason.DENIED, "Correct the user and the password in the database's url.")


@pytest.mark.parametrize(
    ("breaking", "repairing", "reason", "remedy"),
    [
        (
            "REVOKE CONNECT ON DATABASE securebase FROM basewatch",
            "GRANT CONNECT ON DATABASE securebase TO basewatch",
            Reason.DENIED,
            "GRANT CONNECT ON DATABASE securebase TO basewatch",
        ),
        ("ALTER ROLE basewatch NOLOGIN", "ALTER ROLE basewatch LOGIN", Reason.DENIED, "ALTER ROLE basewatch LOGIN"),
        (
            "ALTER ROLE basewatch CONNECTION LIMIT 0",
            "ALTER ROLE basewatch CONNECTION LIMIT -1",
            Reason.THROTTLED,
            "Free connections, or raise the limit of the role.",
        ),
    ],
)
def test_a_log_in_that_is_refused_says_what_would_allow_it(
    box_database: SandboxDatabase, breaking: str, repairing: str, reason: Reason, remedy: str
) -> None:
    """Each way the server keeps us out has its reason and its remedy."""
    box_database.execute(breaking)
    try:
        error = refusal(box_database.url)
    finally:
        box_database.execute(repairing)
    assert isinstance(error, ObservationError)
    assert (error.reason, error.remedy) == (reason, remedy)


def test_a_closed_port_is_unreachable() -> None:
    """Nobody listens: unreachable, in few words."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refusal(f"postgresql://basewatch:hidden@127.0.0.1:{port}/securebase")
    assert isinstance(error, ObservationError)
    assert error.reason is Reason.UNREACHABLE
    assert str(error) == f"127.0.0.1:{port} could not be reached: Connection refused"


def test_a_server_that_never_answers_is_a_timeout() -> None:
    """A port that accepts and stays silent is given up after the limit."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://basewatch:hidden@127.0.0.1:{silent.getsockname()[1]}/securebase"
        # libpq waits two seconds at the least.
        error = refusal(url, Timeouts(connect=timedelta(seconds=2)))
    assert isinstance(error, ObservationError)
    assert error.reason is Reason.TIMEOUT


@pytest.mark.parametrize("url", ["hidden", "postgresql://u:hidden@127.0.0.1:x/db", "https://u:hidden@example.com"])
def test_a_url_that_is_none_is_told_by_its_reference(url: str) -> None:
    """The error names where the URL is kept and never repeats it."""
    error = refusal(url)
    told = "".join(traceback.format_exception(error))
    assert isinstance(error, ObservationError)
    assert "hidden" not in told


def test_a_failed_log_in_never_tells_the_password(box_database: SandboxDatabase) -> None:
    """Neither the error nor its chain of causes holds it."""
    box_database.stop()
    try:
        told = "".join(traceback.format_exception(refusal(box_database.url)))
    finally:
        box_database.start()
    assert str(conninfo.conninfo_to_dict(box_database.url)["password"]) not in told


def test_a_slow_statement_is_a_timeout(box_database: SandboxDatabase) -> None:
    """The server ends what takes longer than the limit."""
    limits = Timeouts(statement=timedelta(milliseconds=50))
    with opened(box_database.url, limits) as database, pytest.raises(ObservationError) as refused:
        say(database, "pg_sleep(5)")
    assert refused.value.reason is Reason.TIMEOUT


def test_a_locked_table_is_asked_once_and_says_nothing(box_database: SandboxDatabase) -> None:
    """A lock is waited for no longer than the limit, by no later attempt, and the tables beside it are answered."""
    limits = Timeouts(lock=timedelta(milliseconds=50))
    busy, invoices = (
        ProbeOutcome(sqlstate="55P03"),
        ProbedRelation(schema="public", name="invoices", key=("customer_id",)),
    )
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE support_tickets IN ACCESS EXCLUSIVE MODE")
        with opened(box_database.url, limits) as database:
            with database.probe_as("app", TENANCY) as probe:
                probe.set_context(Canary.A)
                assert probe.rows_of([TICKETS, invoices], Canary.A) == (busy, ProbeOutcome(rows=1))
            migration.rollback()
            with database.write_probe_as("app", TENANCY) as probe:
                probe.set_context(Canary.A)
                assert probe.rows_of([TICKETS, invoices], Canary.A) == (busy, ProbeOutcome(rows=1))
                assert probe.delete_of(TICKETS, Canary.B) == busy
    assert not busy.conclusive


def _look_on(probe: TenantProbe, queued: Future[psycopg.Cursor]) -> None:
    while not queued.done():
        probe.stop_if_blocking()


def test_a_probe_steps_aside_for_whoever_waits_for_it(box_database: SandboxDatabase) -> None:
    """With a migration queued behind a lock of the probe's, it stops; with nobody waiting, it goes on."""
    with opened(box_database.url) as database, database.write_probe_as("app", TENANCY) as probe:
        probe._connection.execute("LOCK TABLE invoices IN ROW EXCLUSIVE MODE")  # pyright: ignore[reportPrivateUsage]  # the lock must be the probe's own
        probe.stop_if_blocking()
        with psycopg.connect(box_database.superuser_url) as migration, ThreadPoolExecutor(1) as thread:
            queued = thread.submit(migration.execute, "LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
            try:
                with pytest.raises(ObservationError, match="another session waits"):
                    _look_on(probe, queued)
            finally:
                probe._connection.close()  # pyright: ignore[reportPrivateUsage]  # the lock must be the probe's own
                queued.result(5)


def test_a_role_that_logs_in_itself_is_nobody_elses_session(box_database: SandboxDatabase) -> None:
    """A declared login is a session of the role, new each time, and shows what the role's sessions start with."""
    box_database.execute("ALTER ROLE app SET app.current_customer_id = 'preset'")
    endpoints = Endpoints(
        writer=lambda: Secret("env:X", box_database.url), logins={"app": lambda: Secret("env:Y", box_database.app_url)}
    )
    try:
        with connect(endpoints, run="r1") as database:
            assert database.has_login("app")
            assert not database.has_login("app", through_proxy=True)
            with database.login_session("app", TENANCY) as session, session.probe() as probe:
                assert session.own_login
                assert probe.context_values() == ("preset",)
            with database.probe_as("app", TENANCY, new_connection=True) as probe:
                assert probe.context_values() == (None,)
            assert database.requests == ("log in as app", "probe app on a fresh session")
    finally:
        box_database.execute("ALTER ROLE app RESET app.current_customer_id")


def test_reads_go_to_the_reader_and_writes_to_the_writer(box_database: SandboxDatabase) -> None:
    """Each has its endpoint, one session is open at a time, and a secret that is not needed is not looked up."""
    looked_up = list[str]()

    def secret(name: str, url: str) -> Callable[[], Secret]:
        def look_up() -> Secret:
            looked_up.append(name)
            return Secret(f"env:{name}", url)

        return look_up

    reader = conninfo.make_conninfo(box_database.url, options="-c default_transaction_read_only=on")
    endpoints = Endpoints(writer=secret("writer", box_database.url), reader=secret("reader", reader))
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'basewatch/r1'"
    with connect(endpoints, run="r1") as database:
        assert say(database, "current_setting('default_transaction_read_only')") == "on"
        with database.probe_as("app", TENANCY) as probe:
            probe.any_rows([TICKETS])
        assert looked_up == ["reader"]
        with (
            database.write_probe_as("app", TENANCY) as probe,
            psycopg.connect(box_database.superuser_url) as watcher,
        ):
            probe.set_context(Canary.A)
            assert probe.delete_of(TICKETS, Canary.B) == ProbeOutcome(rows=0)
            assert watcher.execute(count).fetchone() == (1,)
        assert looked_up == ["reader", "writer"]


def test_a_server_that_goes_away_is_unreachable(box_database: SandboxDatabase) -> None:
    """A session that is ended while it is used could not look."""
    try:
        with opened(box_database.url) as database:
            say(database, "1")
            box_database.stop()
            with pytest.raises(ObservationError) as refused:
                say(database, "1")
    finally:
        box_database.start()
    assert refused.value.reason is Reason.UNREACHABLE


def test_a_statement_that_may_not_be_read_is_denied(box_database: SandboxDatabase) -> None:
    """A missing privilege is a reason, and never an empty answer."""
    with opened(box_database.url) as database, pytest.raises(ObservationError) as refused:
        say(database, "SELECT count(*) FROM public.invoices")
    assert refused.value.reason is Reason.DENIED


def test_a_reader_cannot_be_written_to(box_database: SandboxDatabase) -> None:
    """On a reader endpoint the write attempts say nothing, though a transaction could be told to write there."""
    reader = conninfo.make_conninfo(box_database.url, options="-c default_transaction_read_only=on")
    with opened(reader) as database, database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
        outcome = probe.delete_of(TICKETS, Canary.B)
    assert (outcome.sqlstate, outcome.conclusive) == ("25006", False)


def test_two_sessions_are_never_open_at_once(box_database: SandboxDatabase) -> None:
    """Asking for a fresh session within a transaction is a mistake in the code, and said to be one."""
    with (
        opened(box_database.url) as database,
        database.probe_as("app", TENANCY),
        pytest.raises(RuntimeError, match="one session at a time"),
        database.probe_as("app", TENANCY, new_connection=True),
    ):
        pass
