"""Executes random sets of policies, for every command, and compares the rows that pass with the proof of each gate."""

# All SQL is built from the constants of these tests.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import psycopg
from psycopg import sql

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from isolation.access.effective_access import effective_access
from isolation.inventory.snapshot import inventory
from isolation.proof import GATES, ProofStatus, Prover
from tests.isolation.proof.executing import NOW, ROLE, Tally, contexts, declared, may_see, schema
from tests.isolation.proof.grammar import Grammar, Kind

SELECT, INSERT, UPDATE, UPDATE_CHECK, DELETE = (str(gate) for gate in GATES)
_SAFE = frozenset({ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY})
_CLAUSES = {
    "ALL": ("USING ({0})", "USING ({0}) WITH CHECK ({1})"),
    "SELECT": ("USING ({0})",),
    "INSERT": ("WITH CHECK ({1})",),
    "UPDATE": ("USING ({0})", "USING ({0}) WITH CHECK ({1})"),
    "DELETE": ("USING ({0})",),
}
_TOOLS = """
CREATE TABLE kept AS SELECT * FROM tried;
ALTER TABLE tried ADD touched boolean;
CREATE FUNCTION look(query text) RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE found text[]; BEGIN EXECUTE query INTO found; RETURN found; END $$;
CREATE FUNCTION attempt(statement text, query text) RETURNS text[] LANGUAGE plpgsql AS $$
  DECLARE found text[]; BEGIN
    IF query = '' THEN EXECUTE statement INTO found; RETURN found; END IF;
    EXECUTE statement;
    found := fuzz.look(query);
    RAISE EXCEPTION 'undone';
  EXCEPTION WHEN others THEN RETURN CASE WHEN sqlerrm = 'undone' THEN found END; END $$;
CREATE FUNCTION attempts(statements text[], queries text[]) RETURNS SETOF text LANGUAGE sql AS
  $$ SELECT fuzz.attempt(s, q)::text FROM unnest(statements, queries) WITH ORDINALITY a (s, q, n) ORDER BY n $$;
"""


@dataclass(frozen=True, slots=True)
class PolicySets:
    """Random policies on clones of the kind's table."""

    url: str
    kind: Kind
    random: Random

    def run(self, count: int, *, not_null: bool) -> Tally:
        """Creates `count` tables with their policies, proves every gate, and tries every command in every context."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS fuzz CASCADE")
            connection.execute((schema(self.kind, not_null=not_null) + _TOOLS).encode())
            created = {f"tried_{n}": self._create(connection, f"tried_{n}") for n in range(count)}
        proven = self._proven(list(created))
        return self._compared(created, proven)

    def _create(self, connection: psycopg.Connection, table: str) -> str:
        """Creates one table; the text of its policies."""
        connection.execute(
            f"CREATE TABLE {table} (LIKE tried INCLUDING ALL); INSERT INTO {table} SELECT * FROM tried"
            f" WHERE pk % 4 = 0; GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE};"
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY".encode()
        )
        grammar, texts = Grammar(self.kind, self.random), list[str]()
        for number in range(self.random.randrange(1, 5)):
            command = self.random.choice(("ALL", "ALL", "ALL", "SELECT", "INSERT", "UPDATE", "DELETE"))
            way = "RESTRICTIVE" if number and self.random.random() < 0.5 else "PERMISSIVE"
            role = self.random.choice(("PUBLIC", "PUBLIC", ROLE, "pg_monitor"))
            each = [grammar.predicate(self.random.randrange(3)).replace("tried", table) for _ in range(2)]
            clause = self.random.choice(_CLAUSES[command]).format(*each)
            text = f"CREATE POLICY p{number} ON {table} AS {way} FOR {command} TO {role} {clause}"
            try:
                connection.execute(text.encode())
            except psycopg.Error:
                continue
            texts.append(text)
        return "; ".join(texts)

    def _proven(self, tables: list[str]) -> dict[tuple[str, str], ProofStatus]:
        """The status of each gate of each table."""
        component = Database(name="fuzz", cluster="fuzz", url=Reference("env", "X"), tenancy=declared(self.kind))
        with connect(Secret("env:X", self.url), run="fuzz") as client:
            access = effective_access(inventory(client, component), component.tenancy)
        prover, found = Prover(access, NOW), dict[tuple[str, str], ProofStatus]()
        assert prover.unsupported_reason == ""
        for table in tables:
            relation = access.relation_named(table)
            assert relation is not None
            for gate in GATES:
                found[table, str(gate)] = prover.prove(access.reachable_roles(ROLE)[0], relation, gate)[0].status
        return found

    def _attempts(self, table: str) -> list[tuple[str, str, str]]:
        """Each gate with a statement that passes it, and the query for the tenants of the rows that it reached."""
        names = ", ".join(self.kind.columns)
        shown = "concat_ws('|', " + ", ".join(f"coalesce({c}::text, '-')" for c in self.kind.columns) + ")"
        reached = f"SELECT array_agg(DISTINCT {shown}) FROM fuzz.{table} WHERE touched"
        gone = (
            f"SELECT array_agg(DISTINCT {shown}) FROM fuzz.kept k WHERE pk % 4 = 0"
            f" AND NOT EXISTS (SELECT FROM fuzz.{table} t WHERE t.pk = k.pk)"
        )
        found = [
            (SELECT, f"SELECT array_agg(DISTINCT {shown}) FROM fuzz.{table}", ""),
            (UPDATE, f"UPDATE fuzz.{table} SET touched = true", reached),
            (DELETE, f"DELETE FROM fuzz.{table}", gone),
        ]
        for tenant in self.kind.tenants[:3]:
            values = ", ".join(f"'{v}'::{t}" for v, t in zip(tenant, self.kind.types, strict=True))
            for flag, status in (("true", "'open'"), ("NULL", "'else'")):
                row = f"({names}, status, flag, other, n, doc, touched) VALUES ({values}, {status}, {flag}"
                other = values.rpartition(", ")[2]
                found.append((INSERT, f"INSERT INTO fuzz.{table} {row}, {other}, 5, 1, true)", reached))
            found.append((UPDATE_CHECK, f"UPDATE fuzz.{table} SET ({names}) = ROW({values}), touched = true", reached))
        return found

    def _compared(self, created: dict[str, str], proven: dict[tuple[str, str], ProofStatus]) -> Tally:
        tally, leaked = Tally(), dict[tuple[str, str], str]()
        for flag in ("", "on"):
            with psycopg.connect(self.url, autocommit=True) as connection:
                self._begin(connection, flag)
                for values, named in contexts(self.kind):
                    for setting, value in zip(self.kind.settings, values, strict=True):
                        if value is not None:
                            connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
                    for table in created:
                        for gate, statement, tenants in self._reached(connection, table):
                            if not all(may_see(self.kind, named, tenant) for tenant in tenants):
                                leaked.setdefault((table, gate), f"{values}: {statement}")
        for key, status in proven.items():
            tally.statuses[status] += 1
            if key in leaked and status in _SAFE:
                tally.false_proofs.append(f"{self.kind.name} {key[1]} {leaked[key]}: {created[key[0]]}")
        return tally

    def _begin(self, connection: psycopg.Connection, flag: str) -> None:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
        connection.execute("SET search_path = fuzz; SET jit = off")
        if flag:
            connection.execute(f"SET app.flag = {flag}".encode())
            connection.execute("SELECT set_config('app.wrong', %s, false)", (self.kind.tenants[1][-1],))

    def _reached(
        self, connection: psycopg.Connection, table: str
    ) -> Iterator[tuple[str, str, list[tuple[str, ...] | None]]]:
        """Each gate with its statement, and the tenants of the rows that the statement reached."""
        tries = self._attempts(table)
        each = [statement for _, statement, _ in tries], [query for _, _, query in tries]
        rows = connection.execute("SELECT * FROM attempts(%s, %s)", each).fetchall()
        for (gate, statement, _), (reached,) in zip(tries, rows, strict=True):
            yield gate, statement, _tenants(reached)


def _tenants(reached: str | None) -> list[tuple[str, ...] | None]:
    """The tenants of the rows that were reached, as the server writes an array of texts."""
    if not reached or reached == "{}":
        return []
    each = [one.strip('"').split("|") for one in reached[1:-1].split(",")]
    return [None if "-" in one else tuple(one) for one in each]
