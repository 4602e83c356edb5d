"""The digest of an object covers everything that it reaches, by names, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest

from isolation.inventory.approval_digests import read_definitions
from isolation.inventory.definitions import Definition, Definitions
from isolation.inventory.own_digest import own_digest, unqualified_columns
from tests.isolation.scratch_database import ScratchDatabase, Uncommitted

SCHEMA = """
CREATE ROLE inv_owner; CREATE ROLE inv_group; CREATE ROLE inv_app;
CREATE SCHEMA deep; GRANT USAGE ON SCHEMA deep TO inv_app;
CREATE DOMAIN deep.code AS text CHECK (VALUE <> '');
CREATE FUNCTION deep.bottom() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant', true) $$;
CREATE TABLE deep.members (id int, who text, tenant deep.code);
CREATE FUNCTION deep.same(text, text) RETURNS bool LANGUAGE sql STABLE AS $$ SELECT $1 = $2 $$;
CREATE OPERATOR deep.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = deep.same);
CREATE FUNCTION deep.middle() RETURNS text LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN (SELECT max(tenant) FROM members WHERE who OPERATOR(deep.===) deep.bottom()); END $$;
CREATE FUNCTION deep.atomic() RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT deep.middle(); END;
CREATE FUNCTION deep.top() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT deep.atomic() $$;
ALTER FUNCTION deep.top() OWNER TO inv_owner;
CREATE TABLE notes (id serial, tenant text, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (tenant = deep.top());
CREATE VIEW seen AS SELECT id FROM notes WHERE tenant = deep.top();
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE NOTICE 'writes %', 1; -- it's logged with archive()
    INSERT INTO deep.log VALUES (deep.top()); RETURN NEW; END $$;
CREATE TABLE deep.log (what text, id int PRIMARY KEY);
CREATE TABLE deep.parted (id int) PARTITION BY LIST (id);
CREATE TYPE deep.pair AS (a int);
CREATE FUNCTION deep.compare(deep.pair, deep.pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION deep.equals(deep.pair, deep.pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR deep.= (LEFTARG = deep.pair, RIGHTARG = deep.pair, FUNCTION = deep.equals);
CREATE OPERATOR CLASS deep.pairs DEFAULT FOR TYPE deep.pair USING btree AS
    OPERATOR 3 deep.=, FUNCTION 1 deep.compare(deep.pair, deep.pair);
CREATE VIEW sorted AS SELECT NULL::deep.pair AS one;
CREATE FUNCTION pairs(deep.pair) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $1';
CREATE TRIGGER stamping BEFORE INSERT ON notes FOR EACH ROW WHEN (NEW.id > 1) EXECUTE FUNCTION stamp('a');
CREATE RULE hiding AS ON DELETE TO deep.log DO INSTEAD SELECT deep.top();
CREATE FUNCTION dynamic(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; END $$;
CREATE FUNCTION calls_dynamic() RETURNS void LANGUAGE sql AS $$ SELECT dynamic('x') $$;
CREATE PUBLICATION out FOR TABLE notes;
"""
RESOLVED = ("function deep.top()", "policy expression", "view public.seen", "trigger stamping")
CHANGES = {
    "the body of a function two calls below": (
        "CREATE OR REPLACE FUNCTION deep.bottom() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'x' $$"
    ),
    "a setting of a function below": "ALTER FUNCTION deep.middle() SET app.tenant = 'x'",
    "whose rights a function below has": "ALTER FUNCTION deep.middle() SECURITY DEFINER",
    "the owner of a function below": "ALTER FUNCTION deep.middle() OWNER TO inv_group",
    "the volatility of a function below": "ALTER FUNCTION deep.bottom() VOLATILE",
    "who may call the function": "REVOKE EXECUTE ON FUNCTION deep.top() FROM PUBLIC",
    "the rights of the owner": "ALTER ROLE inv_owner BYPASSRLS",
    "the groups of the owner": "GRANT inv_group TO inv_owner",
    "who may write a table below": "GRANT INSERT ON deep.members TO inv_app",
    "who may write a column below": "GRANT UPDATE (who) ON deep.members TO inv_app",
    "the row security of a table below": "ALTER TABLE deep.members ENABLE ROW LEVEL SECURITY",
    "a table that inherits from a table below": "CREATE TABLE more (note text) INHERITS (deep.members)",
    "a policy of a table below": "CREATE POLICY extra ON deep.members USING (true)",
    "a column of a table below": "ALTER TABLE deep.members ADD COLUMN role text",
    "a domain of a column below": "ALTER DOMAIN deep.code ADD CONSTRAINT two CHECK (VALUE <> 'x')",
    "the function of an operator below": (
        "CREATE OR REPLACE FUNCTION deep.same(text, text) RETURNS bool LANGUAGE sql STABLE AS $$ SELECT true $$"
    ),
    "a function that hides a built-in one": (
        "CREATE FUNCTION deep.current_setting(text, bool) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$"
    ),
    "a table of the same name in another schema": "CREATE TABLE members (id int)",
    "a cast, which a body that is resolved late may use": ("CREATE CAST (deep.members AS text) WITH INOUT AS IMPLICIT"),
    "who may reach the schema": "GRANT USAGE ON SCHEMA deep TO inv_group",
}
ITSELF = {
    "the query of a view": (
        "view public.seen",
        "CREATE OR REPLACE VIEW seen AS SELECT id FROM notes",
    ),
    "an option of a view": (
        "view public.seen",
        "ALTER VIEW seen SET (security_barrier)",
    ),
    "a grant on a view": (
        "view public.seen",
        "GRANT SELECT ON seen TO inv_app",
    ),
    "the constant of a policy": (
        "policy expression",
        "ALTER POLICY own ON notes USING (tenant = deep.top() OR tenant = 'x')",
    ),
    "the type of a column in a policy": (
        "policy expression",
        "ALTER TABLE notes ALTER COLUMN tenant SET NOT NULL",
    ),
    "a disabled trigger": (
        "trigger stamping",
        "ALTER TABLE notes DISABLE TRIGGER stamping",
    ),
    "the condition of a trigger": (
        "trigger stamping",
        (
            "DROP TRIGGER stamping ON notes; CREATE TRIGGER stamping BEFORE INSERT ON notes FOR EACH ROW "
            "EXECUTE FUNCTION stamp('a')"
        ),
    ),
    "a default of a table that a trigger writes": (
        "trigger stamping",
        "ALTER TABLE deep.log ALTER COLUMN what SET DEFAULT 'x'",
    ),
    "a table that is added to an extension": (
        "extension plpgsql",
        "ALTER EXTENSION plpgsql ADD TABLE deep.log",
    ),
    "a foreign key that deletes from a table that a trigger writes": (
        "trigger stamping",
        "CREATE TABLE deep.more (id int REFERENCES deep.log ON DELETE CASCADE)",
    ),
    "how values of a type are compared": (
        "view public.sorted",
        "CREATE OR REPLACE FUNCTION deep.compare(deep.pair, deep.pair) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    "an operator between types that a body reaches": (
        "function public.pairs(deep.pair)",
        "CREATE OR REPLACE FUNCTION deep.equals(deep.pair, deep.pair) RETURNS bool LANGUAGE sql AS 'SELECT false'",
    ),
    "a cast of a type that a body reaches": (
        "function public.pairs(deep.pair)",
        "CREATE CAST (deep.pair AS text) WITH INOUT AS IMPLICIT",
    ),
    "an operator of common types that a body spells": (
        "function public.pairs(deep.pair)",
        (
            "CREATE FUNCTION same(int8, regclass) RETURNS bool LANGUAGE sql AS 'SELECT true';"
            "CREATE OPERATOR = (LEFTARG = int8, RIGHTARG = regclass, FUNCTION = same)"
        ),
    ),
    "a trigger of a table that a trigger writes": (
        "trigger stamping",
        "CREATE TRIGGER more BEFORE INSERT ON deep.log FOR EACH ROW EXECUTE FUNCTION stamp()",
    ),
    "how a sequence counts": (
        "sequence public.notes_id_seq",
        "ALTER SEQUENCE notes_id_seq INCREMENT 7",
    ),
    "a rule": (
        "rule hiding",
        "CREATE OR REPLACE RULE hiding AS ON DELETE TO deep.log DO INSTEAD SELECT deep.middle()",
    ),
    "the operations of a publication": (
        "publication out",
        "ALTER PUBLICATION out SET (publish = 'insert')",
    ),
    "the tables of a publication": (
        "publication out",
        "ALTER PUBLICATION out ADD TABLE deep.log",
    ),
    "a grant on a function of an extension": (
        "extension plpgsql",
        "GRANT EXECUTE ON FUNCTION plpgsql_call_handler() TO inv_app",
    ),
}


UNRELATED = {
    "rows, plain indexes and a table that nothing names": (
        "CREATE TABLE others (id int); INSERT INTO deep.members VALUES (1, 'x', 'y'); CREATE INDEX ON notes (tenant)"
    ),
    "an object of the same name in a schema that no body means": (
        "CREATE SCHEMA archive; CREATE TABLE archive.log (id int);"
        "CREATE FUNCTION archive.top() RETURNS text LANGUAGE sql AS 'SELECT 1'"
    ),
    "a function that has the name of a column": "CREATE FUNCTION who() RETURNS text LANGUAGE sql AS 'SELECT 1'",
    "a function that a comment names": "CREATE FUNCTION archive() RETURNS text LANGUAGE sql AS 'SELECT 1'",
    "an operator that is spelled in a text alone": (
        "CREATE FUNCTION alike(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR % (LEFTARG = text, RIGHTARG = text, FUNCTION = alike)"
    ),
    "casts and operators of a type that no body reaches": (
        "CREATE TYPE mine AS ENUM ('a'); CREATE CAST (mine AS text) WITH INOUT AS IMPLICIT;"
        "CREATE FUNCTION alike(mine, mine) RETURNS bool LANGUAGE sql AS 'SELECT true';"
        "CREATE OPERATOR = (LEFTARG = mine, RIGHTARG = mine, FUNCTION = alike)"
    ),
    "another partition, and the next value of a sequence": (
        "CREATE TABLE deep.p1 PARTITION OF deep.parted FOR VALUES IN (1); SELECT nextval('notes_id_seq')"
    ),
    "a foreign key that changes no row": "CREATE TABLE more (id int REFERENCES deep.log)",
    "an extension with operators in C": (
        "DO $$ BEGIN CREATE EXTENSION pg_trgm; CREATE EXTENSION citext; EXCEPTION WHEN OTHERS THEN NULL; END $$"
    ),
}


@pytest.fixture(scope="module")
def made(database: ScratchDatabase) -> ScratchDatabase:
    """The schema of these tests."""
    database.run(SCHEMA)
    return database


@contextmanager
def changed(database: ScratchDatabase, statements: str) -> Iterator[Definitions]:
    """The definitions with a change that is rolled back."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(statements.encode())
        connection.execute("SET LOCAL search_path = pg_catalog")
        recent = connection.info.server_version >= 150000
        yield read_definitions(Uncommitted(connection).as_database(), {"locked": ()}, recent=recent)
        connection.rollback()


def digests(database: ScratchDatabase, statements: str = "SELECT") -> Mapping[str, str]:
    """The digest of every object by kind and name, with a change that is rolled back."""
    with changed(database, statements) as definitions:
        return definitions.by_name()


@pytest.fixture(scope="module")
def before(made: ScratchDatabase) -> Mapping[str, str]:
    """The digests without a change."""
    return digests(made)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_anything_below_changes_the_digest(
    made: ScratchDatabase, before: Mapping[str, str], change: str
) -> None:
    """A function, a policy, a view and a trigger that reach the changed thing have another digest."""
    meanwhile = digests(made, CHANGES[change])
    assert [name for name in RESOLVED if meanwhile[name] == before[name]] == []


@pytest.mark.parametrize("change", ITSELF)
def test_a_change_of_the_object_changes_its_digest(
    made: ScratchDatabase, before: Mapping[str, str], change: str
) -> None:
    """Its definition, its grants and what its writes run are covered."""
    name, does = ITSELF[change]
    assert digests(made, does)[name] != before[name]


@pytest.mark.parametrize("change", UNRELATED)
def test_other_changes_leave_the_digest(made: ScratchDatabase, before: Mapping[str, str], change: str) -> None:
    """What no body and no stored expression can mean changes no digest."""
    meanwhile = digests(made, UNRELATED[change])
    assert {name: meanwhile[name] for name in before} == before


def test_the_same_script_gives_the_same_digests_with_other_oids(
    made: ScratchDatabase, before: Mapping[str, str]
) -> None:
    """No OID is in a digest: everything is made again, and has the digest that it had."""
    drop = (
        "DROP PUBLICATION out; DROP SCHEMA deep CASCADE; DROP TABLE notes CASCADE; "
        "DROP FUNCTION stamp, calls_dynamic, dynamic; DROP ROLE inv_owner, inv_group, inv_app;"
    )
    assert digests(made, drop + SCHEMA) == before


def test_what_no_digest_can_cover_is_named(made: ScratchDatabase) -> None:
    """SQL that a function below builds is named; what was reached is named too."""
    of = {each.digest: each for each in made.read().coverage}
    known = digests(made)
    assert of[known["function public.calls_dynamic()"]].uncovered == (
        "SQL that public.dynamic(text) builds when it runs",
    )
    assert of[known["policy expression"]].uncovered == ()
    assert of[known["policy expression"]].reached[:2] == ("function deep.top()", "rights of the role inv_owner")


def row(key: str, *refs: str, text: str = "") -> Definition:
    """A definition that names others."""
    return Definition(
        key=key,
        bare="",
        name=key,
        own=own_digest(key, text),
        refs=refs,
        writes=False,
        uncovered="",
    )


def test_functions_that_call_each_other_are_covered_together() -> None:
    """In a circle, a change of any member or of anything below changes the digest of all of it, and of nothing else."""

    def known(**texts: str) -> Mapping[str, str]:
        edges = {"a": "bx", "b": "c", "c": "a", "x": "", "y": ""}
        return Definitions(row(key, *refs, text=texts.get(key, "")) for key, refs in edges.items()).by_name()

    for changed_key in "bx":
        meanwhile = known(**{changed_key: "other"})
        differs = {key for key, digest in known().items() if meanwhile[key] != digest}
        assert differs == {"a", "b", "c", changed_key}


@pytest.mark.parametrize(
    ("before_16", "since_16"),
    [
        (
            " SELECT t.id,\n lower(t.x) AS x FROM public.t WHERE (t.id > 1);",
            "SELECT id, lower(x) AS x FROM public.t WHERE (id > 1);",
        ),
        (
            "SELECT t.a FROM t WHERE (t.b IN ( SELECT u.b FROM u, t t_1 WHERE (u.a = t.a)))",
            "SELECT a FROM t WHERE (b IN ( SELECT u.b FROM u, t t_1 WHERE (u.a = t.a)))",
        ),
        ("SELECT t.a, u.a FROM (t JOIN u ON (t.a = u.a))", "SELECT t.a, u.a FROM (t JOIN u ON (t.a = u.a))"),
    ],
)
def test_a_view_has_one_text_on_every_version(before_16: str, since_16: str) -> None:
    """Version 16 no longer qualifies the columns of a query of one table; between two tables they stay apart."""
    assert unqualified_columns(before_16) == unqualified_columns(since_16)
    assert unqualified_columns("SELECT t.a FROM t, u") != unqualified_columns("SELECT u.a FROM t, u")
