"""Executes random policies on a real PostgreSQL and compares the visible rows with the results of the proof."""

# All SQL is built from the constants of these tests.
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import psycopg
from psycopg import sql

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import Canaries, DerivedKey, Tenancy, TenantMembership
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofResult, ProofStatus, Prover
from tests.isolation.proof.grammar import Grammar, Kind, cast

ROLE = "fuzzed_tenant"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_UNSET = None


def declared(kind: Kind) -> Tenancy:
    """The manifest of a kind's schema."""
    ann, bob = (("ann",), ("bob",)) if kind.members else (None, None)
    return Tenancy(
        context=kind.settings,
        context_type=kind.context_type,  # type: ignore[arg-type]  # one of the words that Tenancy takes
        schemas=("fuzz",),
        root="customers",
        root_key=kind.columns,
        key=kind.columns,
        keys={"parts": DerivedKey(parent="open_docs", on={"doc": "id"})} if kind.derived else {},
        members=TenantMembership(table="members", member="user_id", key=kind.columns) if kind.members else None,
        principals=(ROLE,),
        min_tables=1,
        canaries=Canaries(a=kind.tenants[0], b=kind.tenants[1], user_a=ann, user_b=bob),
    )


def schema(kind: Kind, *, not_null: bool) -> str:
    """Tables, functions, rows and a role for one kind; `not_null` is of the key."""
    key = ", ".join(f"{c} {t}" for c, t in zip(kind.columns, kind.types, strict=True))
    strict = ", ".join(f"{c} {t} NOT NULL" for c, t in zip(kind.columns, kind.types, strict=True))
    names, first = ", ".join(kind.columns), kind.types[0]
    last = kind.types[-1]
    quoted = [
        ", ".join(f"'{part}'::{t}" for part, t in zip(tenant, kind.types, strict=True)) for tenant in kind.tenants
    ]
    values = ", ".join(f"({tenant})" for tenant in quoted)
    contexts = [
        f"nullif(current_setting('{s}', true), '')" + cast(t) for s, t in zip(kind.settings, kind.types, strict=True)
    ]
    own = " AND ".join(f"{c} = {x}" for c, x in zip(kind.columns, contexts, strict=True))
    mine = " AND ".join(f"${n} = {x}" for n, x in enumerate(contexts, 1))
    joined = " AND ".join(f"d.{c} = ${n}" for n, c in enumerate(kind.columns, 1))
    plain = ["bpchar" if t.startswith("char(") else t.partition("(")[0] for t in kind.types]
    helpers = "\n".join(
        f"CREATE FUNCTION ctx_{n}() RETURNS {t} LANGUAGE {'sql' if n % 2 == 0 else 'plpgsql'} STABLE AS "
        + (f"$$ SELECT {x} $$;" if n % 2 == 0 else f"$$ BEGIN RETURN {x}; END $$;")
        for n, (t, x) in enumerate(zip(plain, contexts, strict=True))
    )
    nulls = "" if not_null else f"UNION ALL SELECT {', '.join(['NULL'] * len(kind.columns))}"
    return f"""
    CREATE SCHEMA fuzz; SET search_path = fuzz; GRANT USAGE ON SCHEMA fuzz TO {ROLE};
    {kind.setup}
    CREATE TABLE customers ({strict}, name text, PRIMARY KEY ({names}));
    INSERT INTO customers ({names}, name) SELECT *, 'x' FROM (VALUES {values}) v;
    CREATE TABLE docs (id integer PRIMARY KEY, {strict}, note text);
    INSERT INTO docs SELECT row_number() OVER (), {names}, 'x' FROM customers;
    CREATE TABLE open_docs (id integer PRIMARY KEY, twin integer, {strict}, note text);
    INSERT INTO open_docs SELECT id, 1, {names}, note FROM docs;
    CREATE TABLE members (user_id text NOT NULL, {strict}, active boolean);
    INSERT INTO members SELECT u, {names}, true FROM customers, unnest(ARRAY['ann', 'bob']) u
      WHERE (u = 'ann') = ({kind.columns[0]}::text = '{kind.tenants[0][0]}');
    CREATE TABLE links (parent {first}, child {last});
    INSERT INTO links SELECT a.{kind.columns[0]}, b.{kind.columns[-1]} FROM customers a, customers b;
    CREATE TABLE trusting (user_id text, key text);
    INSERT INTO trusting SELECT 'ann', {kind.columns[-1]}::text FROM customers;
    CREATE TABLE tried (pk serial PRIMARY KEY, {strict if not_null else key}, status text, flag boolean,
                        other {last}, n integer, shared {last}[], doc integer, j jsonb);
    INSERT INTO tried ({names}, status, flag, other, n, shared, doc, j)
      SELECT * FROM (SELECT k.*, s, f, o.{kind.columns[-1]}, n, ARRAY[o.{kind.columns[-1]}], d, j
      FROM (SELECT {names} FROM customers {nulls}) k, unnest(ARRAY['open', 'done', 'else', NULL]) s,
           unnest(ARRAY[true, false, NULL]) f, (SELECT {kind.columns[-1]} FROM customers) o,
           unnest(ARRAY[0, 5, NULL]) n, unnest(ARRAY[1, 2]) d,
           (SELECT jsonb_build_object('owner', {kind.columns[-1]}::text) FROM customers UNION SELECT '{{}}'
            UNION SELECT NULL) v (j)) every
      ORDER BY md5(every::text) LIMIT 160;
    CREATE TABLE parts (pk serial PRIMARY KEY, doc integer NOT NULL, status text, flag boolean, n integer, j jsonb);
    INSERT INTO parts (doc, status, flag, n, j) SELECT d, s, f, n, j FROM unnest(ARRAY[1, 2, 3]) d,
      unnest(ARRAY['{{}}', '{{"owner": 1}}', NULL]::jsonb[]) j,
      unnest(ARRAY['open', 'done', 'else', NULL]) s, unnest(ARRAY[true, false, NULL]) f, unnest(ARRAY[0, 5, NULL]) n;
    {helpers}
    CREATE FUNCTION wrong_ctx() RETURNS {plain[-1]} LANGUAGE sql STABLE AS
      $$ SELECT nullif(current_setting('app.wrong', true), ''){cast(last)} $$;
    CREATE FUNCTION is_mine({", ".join(plain)}) RETURNS boolean LANGUAGE sql STABLE BEGIN ATOMIC SELECT {mine}; END;
    CREATE FUNCTION known({", ".join(plain)}) RETURNS boolean LANGUAGE sql STABLE
      RETURN EXISTS (SELECT 1 FROM fuzz.open_docs d WHERE {joined});
    CREATE FUNCTION harmless(integer) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT $1 > 1 $$;
    GRANT SELECT ON ALL TABLES IN SCHEMA fuzz TO {ROLE};
    GRANT INSERT ON trusting, tried, parts TO {ROLE};
    ALTER TABLE customers ENABLE ROW LEVEL SECURITY; ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON customers USING ({own if not kind.members else "true"});
    CREATE POLICY own ON docs USING ({own if not kind.members else "true"});
    CREATE FUNCTION try(predicates text[], tried text, settings text[], contexts text[])
    RETURNS TABLE (number integer, context integer, seen integer[]) LANGUAGE plpgsql AS $$ BEGIN
      FOR p IN 1 .. array_length(predicates, 1) LOOP
        number := p;
        BEGIN
          EXECUTE format('PREPARE one AS SELECT array_agg(pk) FROM fuzz.%I WHERE %s', tried, predicates[p]);
        EXCEPTION WHEN others THEN CONTINUE; END;
        FOR c IN 1 .. coalesce(array_length(contexts, 1), 1) LOOP
          context := c;
          FOR n IN 1 .. coalesce(array_length(contexts, 2), 0) LOOP
            PERFORM set_config(settings[n], contexts[c][n], false);
          END LOOP;
          BEGIN EXECUTE 'EXECUTE one' INTO seen; EXCEPTION WHEN others THEN seen := NULL; END;
          IF seen IS NOT NULL THEN RETURN NEXT; END IF;
        END LOOP;
        DEALLOCATE one;
      END LOOP; END $$;
    CREATE FUNCTION make(predicates text[], tried text) RETURNS SETOF integer LANGUAGE plpgsql AS $$ BEGIN
      FOR n IN 1 .. array_length(predicates, 1) LOOP
        BEGIN EXECUTE format('CREATE POLICY p%s ON fuzz.%I USING (%s)', n, tried, predicates[n]); RETURN NEXT n;
        EXCEPTION WHEN others THEN NULL; END;
      END LOOP; END $$;
    """


@dataclass(slots=True)
class Tally:
    """The results for many predicates: the count of each status, false proofs, and leaks that were not reproduced."""

    statuses: Counter[str] = field(default_factory=Counter[str])
    false_proofs: list[str] = field(default_factory=list[str])
    not_reproduced: list[str] = field(default_factory=list[str])

    def add(self, other: Tally) -> None:
        """Adds another tally."""
        self.statuses.update(other.statuses)
        self.false_proofs.extend(other.false_proofs)
        self.not_reproduced.extend(other.not_reproduced)


def contexts(kind: Kind) -> Iterator[tuple[tuple[str | None, ...], tuple[str, ...] | None]]:
    """Values of the context settings, unset first, each with the tenant that they name."""
    if kind.members:
        yield (_UNSET,), None
        yield from (((user,), (user,)) for user in ("ann", "bob", "", "%"))
        return
    width = len(kind.settings)
    yield (_UNSET,) * width, None
    yield ("",) * width, None
    for tenant in kind.tenants:
        yield tenant, tenant
    yield ("%",) * width, ("%",) * width
    unknown_ids = {"uuid": "99999999-0000-4000-8000-000000000009", "text": "unknown"}
    unknown_id = (unknown_ids.get(kind.context_type, "99"),) * width
    yield unknown_id, unknown_id


def _tenant_of(kind: Kind, connection: psycopg.Connection) -> dict[int, tuple[str, ...] | None]:
    columns = ", ".join(f"t.{column}::text" for column in kind.columns)
    source = "fuzz.parts p JOIN fuzz.open_docs t ON t.id = p.doc" if kind.derived else "fuzz.tried t"
    pk = "p.pk" if kind.derived else "t.pk"
    rows = connection.execute(f"SELECT {pk}, {columns} FROM {source}".encode()).fetchall()
    return {row[0]: None if None in row[1:] else tuple(row[1:]) for row in rows}


def may_see(kind: Kind, named: tuple[str, ...] | None, tenant: tuple[str, ...] | None) -> bool:
    """Whether a context that names a tenant or user may reach a row of a tenant; NULL is nobody's."""
    if named is None or tenant is None:
        return False
    if kind.members:
        return (named == ("ann",)) == (tenant == kind.tenants[0]) if named[0] in {"ann", "bob"} else False
    if kind.name == "char":
        return named[0].rstrip(" ") == tenant[0].rstrip(" ")
    return named == tenant


def execute(url: str, kind: Kind, predicates: list[str], *, not_null: bool) -> Tally:
    """Creates a policy for each predicate, proves it, executes it in every context, and compares.

    What is neither proven nor refuted is not executed: it claims nothing.

    `url` is that of a superuser.
    """
    tally, table = Tally(), kind.table
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS fuzz CASCADE")
        connection.execute(schema(kind, not_null=not_null).encode())
        created = [row[0] for row in connection.execute("SELECT fuzz.make(%s, %s)", (predicates, table))]
        tenants = _tenant_of(kind, connection)
    found = _proven(url, kind)
    results = [(n, predicates[n - 1], found[f"p{n}"]) for n in created]
    tried = [(n, predicate) for n, predicate, result in results if result.status is not ProofStatus.UNPROVEN]
    leaked = _leaks(url, kind, tried, tenants)
    for number, predicate, result in results:
        tally.statuses[result.status] += 1
        if number in leaked and result.status is ProofStatus.PROVEN:
            tally.false_proofs.append(f"{kind.name} not_null={not_null} {leaked[number]}: {predicate}")
        if number not in leaked and result.status is ProofStatus.REFUTED:
            tally.not_reproduced.append(f"{kind.name} not_null={not_null}: {predicate} || {result.reason}")
    return tally


def _leaks(
    url: str, kind: Kind, tried: list[tuple[int, str]], tenants: dict[int, tuple[str, ...] | None]
) -> dict[int, str]:
    """The predicates that show a row of another tenant than the context names, with the first such context."""
    leaked = dict[int, str]()
    (unset, nobody), *others = contexts(kind)
    named = [nobody, *(tenant for _, tenant in others)]
    values = [unset, *(each for each, _ in others)]
    predicates = [predicate for _, predicate in tried]
    for flag in ("", "on", "off"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
            connection.execute("SET search_path = fuzz; SET jit = off")
            if flag:
                other = (kind.tenants[1][-1],)
                connection.execute(f"SET app.flag = {flag}".encode())
                connection.execute("SELECT set_config('app.wrong', %s, false)", other)
                if not kind.members:
                    connection.execute("SET app.u = ann")
            for first, each in ((0, None), (1, [list(value) for value in values[1:]])):
                call = (predicates, kind.table, list(kind.settings), each)
                query = "SELECT * FROM try(%s, %s, %s, %s::text[])"
                for number, context, seen in connection.execute(query, call) if predicates else ():
                    at = first + context - 1
                    if any(not may_see(kind, named[at], tenants[pk]) for pk in seen):
                        leaked.setdefault(tried[number - 1][0], str(values[at]))
    return leaked


def _proven(url: str, kind: Kind) -> dict[str, ProofResult]:
    """The kernel's result for each policy of the kind's table alone."""
    component = Database(name="fuzz", cluster="fuzz", url=Reference("env", "X"), tenancy=declared(kind))
    with connect(Secret("env:X", url), run="fuzz") as client:
        access: EffectiveAccess = effective_access(inventory(client, component), component.tenancy)
    prover = Prover(access, NOW)
    assert prover.unsupported_reason == ""
    relation = access.relation_named(kind.table)
    assert relation is not None
    kernel = prover.kernel_for(access.reachable_roles(ROLE)[0], relation)
    return {p.name: kernel.judge([(p, p.using)], []) for p in access.policies_on(relation) if p.using is not None}


def fuzz(url: str, kind: Kind, seed: int, count: int) -> Tally:
    """Executes `count` random predicates of one kind."""
    grammar = Grammar(kind, Random(seed))
    predicates = [grammar.predicate() for _ in range(count)]
    return execute(url, kind, predicates, not_null=seed % 2 == 0)
