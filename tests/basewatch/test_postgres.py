"""PostgreSQL access leaves no changes, has timeouts, and reports errors with reasons and remedies."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import psycopg
import pytest
from psycopg import conninfo, errors

from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Endpoints, Statement, Timeouts, connect
from basewatch.postgres.errors import login_error, observation_error
from basewatch.postgres.login import SingleConnection
from basewatch.postgres.tenant_probe import Canary, NoTenant, ProbedRelation, ProbeOutcome, TenantProbe
from basewatch.postgres.write_probe import WriteProbe
from basewatch.secrets import Secret
from basewatch.tenancy import Canaries, Tenancy
from basewatch.time_limit import TimeLimit, limited
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B
from tests.peers import Misbehaviour, relaying

TENANCY = Tenancy(
    context=("app.current_customer_id",),
    root="customers",
    key=("customer_id",),
    principals=("app",),
    min_tables=7,
    canaries=Canaries(a=(CANARY_A,), b=(CANARY_B,)),
)
TICKETS = ProbedRelation(schema="public", name="support_tickets", key=("customer_id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A row with one text and a list."""

    word: str
    parts: tuple[str, ...]


SAY = Statement(name="say", text="SELECT %(word)s::text AS word, %(parts)s::text[] AS parts")


@contextmanager
def opened(url: str, limits: Timeouts | None = None) -> Generator[DatabaseClient, None, None]:
    """A client for one URL."""
    with connect(Secret("env:BASEWATCH_DATABASE_URL", url), run="r1", timeouts=limits) as database:
        yield database


def refusal(url: str, limits: Timeouts | None = None) -> BasewatchError:
    """The error of connecting to a URL."""
    with pytest.raises(BasewatchError) as refused, opened(url, limits):
        pass
    return refused.value


def say(database: DatabaseClient, text: str) -> str:
    """The text that a statement returns."""
    statement = Statement(name="word", text=f"SELECT ({text})::text AS word, '{{}}'::text[] AS parts")
    (row,) = database.query(statement, Word, {})
    return row.word


def test_rows_become_values_of_a_class(box_database: SandboxDatabase) -> None:
    """Columns become fields, and a tuple is sent and returned as an array."""
    with opened(box_database.url) as database:
        assert database.query(SAY, Word, {"word": "x", "parts": ("a", "b")}) == (Word(word="x", parts=("a", "b")),)


def test_an_unexpected_result_is_unsupported(box_database: SandboxDatabase) -> None:
    """A column that cannot be converted is UNSUPPORTED, and not an exception or a fact."""
    statement = Statement(name="odd", text="SELECT 'x' AS word, NULL AS parts")
    with opened(box_database.url) as database, pytest.raises(ObservationError) as refused:
        database.query(statement, Word, {})
    assert refused.value.reason is Reason.UNSUPPORTED


def test_evidence_has_source_principal_and_requests(box_database: SandboxDatabase) -> None:
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


def test_the_session_names_the_run_and_has_timeouts(box_database: SandboxDatabase) -> None:
    """The run is the application_name, and every timeout is set on the server."""
    limits = Timeouts(statement=timedelta(seconds=3), lock=timedelta(milliseconds=200), idle=timedelta(seconds=9))
    settings = ("application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with opened(box_database.url, limits) as database:
        found = [say(database, f"current_setting('{name}')") for name in settings]
    assert found == ["basewatch/r1", "3s", "200ms", "9s"]


def test_settings_do_not_outlive_the_transaction(box_database: SandboxDatabase) -> None:
    """Outside of transactions the session has its original role, timeouts and search path."""
    settings = "SELECT current_user, current_setting('search_path'), current_setting('statement_timeout')"
    connections = SingleConnection(Endpoints(writer=lambda: Secret("env:X", box_database.url)), "r1", Timeouts())
    database = DatabaseClient(connections, Timeouts())
    connection = connections.open(connections.endpoints.writer)
    before = connection.execute(settings).fetchone()
    connection.rollback()
    say(database, "1")
    with database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
    assert connections.open(connections.endpoints.writer) is connection
    assert connection.execute(settings).fetchone() == before
    connection.rollback()
    connections.close()


def test_a_session_setting_is_rolled_back(box_database: SandboxDatabase) -> None:
    """Every transaction is rolled back, including session-level settings."""
    with opened(box_database.url) as database:
        assert say(database, "SELECT set_config('app.current_customer_id', 'somebody', false)") == "somebody"
        assert say(database, "current_setting('app.current_customer_id', true)") == ""


def test_a_statement_cannot_write(box_database: SandboxDatabase) -> None:
    """Statements run in a read-only transaction."""
    write = Statement(
        name="write", text="INSERT INTO public.regions VALUES ('x', 'y') RETURNING code AS word, '{}' AS parts"
    )
    with opened(box_database.superuser_url) as database, pytest.raises(ObservationError, match="read-only"):
        database.query(write, Word, {})


def test_a_probe_changes_nothing(box_database: SandboxDatabase) -> None:
    """Even if every write succeeds, the rows are unchanged afterwards."""
    query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM support_tickets t"
    with psycopg.connect(box_database.superuser_url, autocommit=True) as watcher:
        before = watcher.execute(query).fetchone()
        with opened(box_database.superuser_url) as database, database.write_probe_as("postgres", TENANCY) as probe:
            rows = 5
            assert probe.rows_of([TICKETS], Canary.B) == (ProbeOutcome(rows=1),)
            assert probe.update_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
            assert probe.reassign(TICKETS, of=Canary.A, to=Canary.B) == ProbeOutcome(rows=rows)
            assert probe.delete_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
            # Each attempt is rolled back, so that the next one finds the same rows.
            assert probe.delete_of(TICKETS, Canary.B) == ProbeOutcome(rows=rows)
        assert watcher.execute(query).fetchone() == before


def test_policies_are_evaluated_before_constraints(box_database: SandboxDatabase) -> None:
    """As app, the policy rejects a row for another tenant, and NOT NULL rejects an own row."""
    with opened(box_database.url) as database, database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
        assert probe.insert_for(TICKETS, Canary.B) == ProbeOutcome(sqlstate="42501")
        assert probe.insert_for(TICKETS, Canary.A) == ProbeOutcome(sqlstate="23502")


# Typed as a canary, but not one: a mistake in the code.
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
    """The key of a real customer never reaches the database, as any argument."""
    with (
        opened(box_database.superuser_url) as database,
        pytest.raises(TypeError, match="canaries alone"),
        database.write_probe_as("app", TENANCY) as probe,
    ):
        ATTEMPTS[attempt](probe)


def test_contexts_without_a_tenant(box_database: SandboxDatabase) -> None:
    """An unknown tenant has a new id of the form of the canaries each time; the others are constant."""
    with opened(box_database.url) as database, database.probe_as("app", TENANCY) as probe:
        seen = list[str | None]()
        for who in (NoTenant.UNKNOWN, NoTenant.UNKNOWN, NoTenant.EMPTY, NoTenant.WILDCARD, Canary.B):
            probe.set_context(who)
            seen.extend(probe.context_values())
    first, second, *others = seen
    assert UUID(first) != UUID(second)
    assert others == ["", "%", CANARY_B]


def test_names_are_quoted(box_database: SandboxDatabase) -> None:
    """The name of a relation is quoted, whatever it contains."""
    evil = ProbedRelation(schema="public", name='x"; DELETE FROM support_tickets; --')
    with opened(box_database.url) as database, database.probe_as("app", TENANCY) as probe:
        (outcome,) = probe.any_rows([evil])
        assert outcome == ProbeOutcome(sqlstate="42P01")
        assert not outcome.conclusive


def test_fresh_and_used_sessions_differ_in_the_context(box_database: SandboxDatabase) -> None:
    """The context of a fresh session is unset, and that of a used one empty."""
    with opened(box_database.url) as database:
        with database.probe_as("app", TENANCY) as probe:
            probe.set_context(Canary.A)
            assert probe.context_values() == (CANARY_A,)
        with database.probe_as("app", TENANCY) as probe:
            assert probe.context_values() == ("",)
        with database.probe_as("app", TENANCY, new_connection=True) as probe:
            assert probe.context_values() == (None,)


def test_a_denied_role_names_the_grant(box_database: SandboxDatabase) -> None:
    """Without membership the probe is denied, with the GRANT as remedy."""
    with (
        opened(box_database.url) as database,
        pytest.raises(ObservationError) as refused,
        database.probe_as("admin", TENANCY),
    ):
        pass
    assert refused.value.reason is Reason.DENIED
    assert refused.value.remedy.startswith("GRANT admin TO basewatch")


def test_a_missing_role_is_not_found(box_database: SandboxDatabase) -> None:
    """A role that does not exist raises NotFoundError."""
    with opened(box_database.url) as database, pytest.raises(NotFoundError), database.probe_as("nobody_here", TENANCY):
        pass


def test_a_missing_database_is_not_found(box_database: SandboxDatabase) -> None:
    """A database that does not exist raises NotFoundError."""
    error = refusal(conninfo.make_conninfo(box_database.url, dbname="gone"))
    assert isinstance(error, NotFoundError)
    assert "gone" in str(error)


def test_a_wrong_password_is_denied(box_database: SandboxDatabase) -> None:
    """It is denied, with a remedy."""
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
def test_a_rejected_login_has_a_remedy(
    box_database: SandboxDatabase, breaking: str, repairing: str, reason: Reason, remedy: str
) -> None:
    """Each login error of the server has a reason and a remedy."""
    box_database.execute(breaking)
    try:
        error = refusal(box_database.url)
    finally:
        box_database.execute(repairing)
    assert isinstance(error, ObservationError)
    assert (error.reason, error.remedy) == (reason, remedy)


def test_a_closed_port_is_unreachable() -> None:
    """A port without a listener is unreachable, with a short message."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refusal(f"postgresql://basewatch:hidden@127.0.0.1:{port}/securebase")
    assert isinstance(error, ObservationError)
    assert error.reason is Reason.UNREACHABLE
    assert str(error) == f"127.0.0.1:{port} could not be reached: Connection refused"


def test_an_unresponsive_server_is_a_timeout() -> None:
    """A port that accepts connections and sends nothing ends in a timeout."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://basewatch:hidden@127.0.0.1:{silent.getsockname()[1]}/securebase"
        # libpq waits for two seconds at least.
        error = refusal(url, Timeouts(connect=timedelta(seconds=2)))
    assert isinstance(error, ObservationError)
    assert error.reason is Reason.TIMEOUT


@pytest.mark.parametrize("url", ["hidden", "postgresql://u:hidden@127.0.0.1:x/db", "https://u:hidden@example.com"])
def test_an_invalid_url_is_named_by_its_reference(url: str) -> None:
    """The error names the reference of the URL and never the URL."""
    error = refusal(url)
    printed = "".join(traceback.format_exception(error))
    assert isinstance(error, ObservationError)
    assert "hidden" not in printed


def test_a_failed_login_never_contains_the_password(box_database: SandboxDatabase) -> None:
    """Neither the error nor its causes contain it."""
    box_database.stop()
    try:
        printed = "".join(traceback.format_exception(refusal(box_database.url)))
    finally:
        box_database.start()
    assert str(conninfo.conninfo_to_dict(box_database.url)["password"]) not in printed


def test_a_slow_statement_is_a_timeout(box_database: SandboxDatabase) -> None:
    """The server cancels a statement after the timeout."""
    limits = Timeouts(statement=timedelta(milliseconds=50))
    with opened(box_database.url, limits) as database, pytest.raises(ObservationError) as refused:
        say(database, "pg_sleep(5)")
    assert refused.value.reason is Reason.TIMEOUT


def test_a_locked_table_is_queried_once_and_inconclusive(box_database: SandboxDatabase) -> None:
    """The lock timeout applies, later attempts skip the table, and other tables have conclusive outcomes."""
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


def _wait_for_lock(probe: TenantProbe, queued: Future[psycopg.Cursor]) -> None:
    while not queued.done():
        probe.stop_if_blocking()


def test_a_blocking_probe_stops(box_database: SandboxDatabase) -> None:
    """A probe stops if a migration waits for its lock, and continues otherwise."""
    with opened(box_database.url) as database, database.write_probe_as("app", TENANCY) as probe:
        probe._connection.execute("LOCK TABLE invoices IN ROW EXCLUSIVE MODE")  # pyright: ignore[reportPrivateUsage]  # the lock must be the probe's own
        probe.stop_if_blocking()
        with psycopg.connect(box_database.superuser_url) as migration, ThreadPoolExecutor(1) as thread:
            queued = thread.submit(migration.execute, "LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
            try:
                with pytest.raises(ObservationError, match="another session waits"):
                    _wait_for_lock(probe, queued)
            finally:
                probe._connection.close()  # pyright: ignore[reportPrivateUsage]  # the lock must be the probe's own
                queued.result(5)


def test_a_probe_gives_way_where_it_blocks(box_database: SandboxDatabase) -> None:
    """A relation that another session waits for is not queried again; the others are."""
    invoices = ProbedRelation(schema="public", name="invoices", key=("customer_id",))
    with opened(box_database.url) as database, database.write_probe_as("app", TENANCY) as probe:
        probe.connection.execute("LOCK TABLE invoices IN ROW EXCLUSIVE MODE")
        with psycopg.connect(box_database.superuser_url) as migration, ThreadPoolExecutor(1) as thread:
            queued = thread.submit(migration.execute, "LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
            try:
                while probe.any_rows([invoices])[0].sqlstate != "55P03":
                    probe.stop_if_blocking([TICKETS, invoices])
                assert probe.any_rows([TICKETS])[0].sqlstate is None
            finally:
                probe.connection.close()
                queued.result(5)


def test_a_declared_login_opens_its_own_sessions(box_database: SandboxDatabase) -> None:
    """A declared login opens a new session of the role each time, with the defaults of the role."""
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


def test_an_error_names_the_endpoint_and_what_was_done_there(box_database: SandboxDatabase) -> None:
    """The names are those of evidence: the database, and its reader or login; `connect` until a session is open."""
    gone = conninfo.make_conninfo(box_database.url, port="1")
    endpoints = Endpoints(
        name="main",
        writer=lambda: Secret("env:W", gone),
        reader=lambda: Secret("env:R", box_database.url),
        logins={"app": lambda: Secret("env:A", box_database.app_url)},
        proxy_logins={"app": lambda: Secret("env:P", gone)},
    )
    found = list[tuple[str, str]]()

    @contextmanager
    def noted() -> Generator[None]:
        with pytest.raises(ObservationError) as caught:
            yield
        found.append((caught.value.source, caught.value.action))

    with connect(endpoints, run="r1") as database:
        assert database.source == "postgresql:main/reader"
        with noted(), database.write_probe_as("app", TENANCY):
            pass
        with noted(), database.login_session("app", TENANCY, through_proxy=True):
            pass
        with noted(), database.login_session("app", TENANCY) as session, session.probe() as probe:
            probe.connection.execute("SET LOCAL statement_timeout = 1")
            probe.connection.execute("SELECT pg_sleep(600)")
    with noted(), connect(replace(endpoints, reader=None), run="r1"):
        pass
    assert found == [
        ("postgresql:main", "connect"),
        ("postgresql:main/proxy/app", "connect"),
        ("postgresql:main/login/app", "probing as app"),
        ("postgresql:main", "connect"),
    ]


@pytest.mark.parametrize(
    "does",
    [
        Misbehaviour.SILENT,
        Misbehaviour.DRIPPING_BODY,
        Misbehaviour.GARBAGE,
        Misbehaviour.CUT,
        Misbehaviour.CLOSED,
    ],
)
def test_a_server_that_fails_in_the_middle_is_no_bug(box_database: SandboxDatabase, does: Misbehaviour) -> None:
    """A session waits for an answer by the limit of its thread, and what arrives broken says so."""
    port = int(str(conninfo.conninfo_to_dict(box_database.url)["port"]))
    with relaying(port) as relay:
        url = conninfo.make_conninfo(box_database.url, port=str(relay.port), sslmode="disable")
        with connect(Secret("env:X", url), run="broken") as database, limited(TimeLimit.after(0.3)):
            relay.does = does
            with pytest.raises(ObservationError) as caught:
                say(database, "repeat('x', 1000)")
    assert caught.value.reason in {Reason.TIMEOUT, Reason.UNREACHABLE, Reason.UNSUPPORTED}
    assert caught.value.action
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.DiskFull(), Reason.THROTTLED),
        (errors.InternalError_(), Reason.UNREACHABLE),
        (errors.DataCorrupted(), Reason.UNREACHABLE),
        (errors.IoError(), Reason.UNREACHABLE),
        (errors.StatementTooComplex(), Reason.UNSUPPORTED),
        (errors.InvalidPassword(), Reason.DENIED),
        (errors.IdleSessionTimeout(), Reason.UNREACHABLE),
        (errors.SyntaxError(), Reason.BUG),
        (psycopg.DatabaseError("lost synchronization with server"), Reason.UNREACHABLE),
        (psycopg.InternalError("unexpected result status"), Reason.UNREACHABLE),
        (psycopg.ProgrammingError("the query has 1 placeholder"), Reason.BUG),
    ],
)
def test_only_a_mistake_in_what_we_send_is_a_bug(error: psycopg.Error, reason: Reason) -> None:
    """A fault of the server, of the network, or of whatever answers instead, is a reason of its own."""
    assert observation_error(error, operation="look").reason is reason


def test_reads_go_to_the_reader_and_writes_to_the_writer(box_database: SandboxDatabase) -> None:
    """Each has its endpoint, one session is open at a time, and unused secrets are not resolved."""
    looked_up = list[str]()

    def secret(name: str, url: str) -> Callable[[], Secret]:
        def resolve() -> Secret:
            looked_up.append(name)
            return Secret(f"env:{name}", url)

        return resolve

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


def test_a_terminated_session_is_unreachable(box_database: SandboxDatabase) -> None:
    """A session that is terminated during use raises ObservationError."""
    try:
        with opened(box_database.url) as database:
            say(database, "1")
            box_database.stop()
            with pytest.raises(ObservationError) as refused:
                say(database, "1")
    finally:
        box_database.start()
    assert refused.value.reason is Reason.UNREACHABLE


def test_a_missing_privilege_is_denied(box_database: SandboxDatabase) -> None:
    """A missing privilege is DENIED, and never an empty result."""
    with opened(box_database.url) as database, pytest.raises(ObservationError) as refused:
        say(database, "SELECT count(*) FROM public.invoices")
    assert refused.value.reason is Reason.DENIED


def test_a_reader_cannot_be_written_to(box_database: SandboxDatabase) -> None:
    """On a reader, write attempts are inconclusive."""
    reader = conninfo.make_conninfo(box_database.url, options="-c default_transaction_read_only=on")
    with opened(reader) as database, database.write_probe_as("app", TENANCY) as probe:
        probe.set_context(Canary.A)
        outcome = probe.delete_of(TICKETS, Canary.B)
    assert (outcome.sqlstate, outcome.conclusive) == ("25006", False)


def test_two_sessions_are_never_open_at_once(box_database: SandboxDatabase) -> None:
    """Opening a new session within a transaction is a programming error."""
    with (
        opened(box_database.url) as database,
        database.probe_as("app", TENANCY),
        pytest.raises(RuntimeError, match="one session at a time"),
        database.probe_as("app", TENANCY, new_connection=True),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ('connection is bad: invalid sslmode value: "nonsense"', Reason.UNREACHABLE, "variable of the environment"),
        ('connection is bad: definition of service "x" not found', Reason.UNREACHABLE, "variable of the environment"),
        ('FATAL:  unrecognized configuration parameter "x"', Reason.UNREACHABLE, "variable of the environment"),
        ("fe_sendauth: no password supplied", Reason.DENIED, "PGPASSFILE"),
        ('root certificate file "/no/such" does not exist', Reason.UNREACHABLE, "PGSSLROOTCERT"),
        ("received invalid response to SSL negotiation: x", Reason.UNREACHABLE, "does not speak"),
        ("failed to resolve host 'no-such.invalid'", Reason.UNREACHABLE, "Start the database"),
    ],
)
def test_a_login_that_fails_says_what_to_correct(text: str, reason: Reason, words: str) -> None:
    """The remedy is about the setting, not the server, where the url or a variable of libpq's is wrong."""
    error = login_error(psycopg.OperationalError(text), source="db:5432", user="u", database="d")
    assert isinstance(error, ObservationError)
    assert (error.reason, words in error.remedy) == (reason, True)
