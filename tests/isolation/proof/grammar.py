"""Random policy expressions: common ways to use a tenant key, correct and incorrect."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608, ISC004

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.isolation.proof.subselects import Subselects


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of tenant key: its columns and types, the context settings, and the ids of the tenants.

    The ids of the first two tenants differ; the third has the same prefix as the first. `setup` creates the types.
    """

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    settings: tuple[str, ...]
    context_type: str
    tenants: tuple[tuple[str, ...], ...]
    members: bool = False
    derived: bool = False
    setup: str = ""

    @property
    def table(self) -> str:
        """The table of the policies."""
        return "parts" if self.derived else "tried"


_UUIDS = (
    ("aaaaaaaa-0000-4000-8000-000000000001",),
    ("bbbbbbbb-0000-4000-8000-000000000002",),
    ("aaaaaaaa-0000-4000-8000-000000000003",),
)
_WORDS = (("acme",), ("Blue Sky",), ("ACME",), ("acme ",))
_NUMBERS = (("1",), ("22",), ("10",))
_PAIRS = (("eu", "1"), ("us", "2"), ("eu", "2"), ("us", "1"))
KINDS = (
    Kind(
        name="uuid",
        columns=("customer_id",),
        types=("uuid",),
        settings=("app.c",),
        context_type="uuid",
        tenants=_UUIDS,
    ),
    Kind(name="text", columns=("org",), types=("text",), settings=("app.c",), context_type="text", tenants=_WORDS),
    Kind(
        name="digits",
        columns=("org",),
        types=("text",),
        settings=("app.c",),
        context_type="bigint",
        tenants=(("0901",), ("901",), ("22",)),
    ),
    Kind(
        name="varchar",
        columns=("org",),
        types=("varchar(40)",),
        settings=("app.c",),
        context_type="uuid",
        tenants=_UUIDS,
    ),
    Kind(
        name="bigint",
        columns=("account_id",),
        types=("bigint",),
        settings=("app.c",),
        context_type="bigint",
        tenants=_NUMBERS,
    ),
    Kind(
        name="integer",
        columns=("account_id",),
        types=("integer",),
        settings=("app.c",),
        context_type="integer",
        tenants=_NUMBERS,
    ),
    Kind(
        name="numeric",
        columns=("account_id",),
        types=("numeric",),
        settings=("app.c",),
        context_type="bigint",
        tenants=_NUMBERS,
    ),
    Kind(
        name="domain",
        columns=("customer_id",),
        types=("tenant_id",),
        settings=("app.c",),
        context_type="uuid",
        tenants=_UUIDS,
        setup="CREATE DOMAIN tenant_id AS uuid;",
    ),
    Kind(
        name="enum",
        columns=("region",),
        types=("region",),
        settings=("app.c",),
        context_type="text",
        tenants=(("eu",), ("us",), ("EU",)),
        setup="CREATE TYPE region AS ENUM ('eu', 'us', 'EU');",
    ),
    Kind(
        name="date",
        columns=("day",),
        types=("date",),
        settings=("app.c",),
        context_type="text",
        tenants=(("2026-01-01",), ("2026-01-02",), ("2026-01-03",)),
    ),
    Kind(
        name="char",
        columns=("org",),
        types=("char(12)",),
        settings=("app.c",),
        context_type="text",
        tenants=(("acme",), ("Blue Sky",), ("ACME",)),
    ),
    Kind(
        name="pair",
        columns=("region", "account_id"),
        types=("text", "integer"),
        settings=("app.r", "app.c"),
        context_type="text",
        tenants=_PAIRS,
    ),
    Kind(
        name="member",
        columns=("customer_id",),
        types=("uuid",),
        settings=("app.u",),
        context_type="uuid",
        tenants=_UUIDS,
        members=True,
    ),
    Kind(
        name="derived",
        columns=("customer_id",),
        types=("uuid",),
        settings=("app.c",),
        context_type="uuid",
        tenants=_UUIDS,
        derived=True,
    ),
)


def cast(type_name: str) -> str:
    """The cast of a text to a type of a key; none to types of text."""
    return "" if type_name.startswith(("text", "varchar", "char")) else f"::{type_name}"


_WHOLE = 3
"""The depth of a whole predicate."""


class Grammar:
    """Generates random predicates of one kind."""

    def __init__(self, kind: Kind, random: Random) -> None:
        self.kind = kind
        self.random = random

    def predicate(self, depth: int = _WHOLE) -> str:
        """A predicate over the columns of the kind's table."""
        pick = self.random.random
        if depth == _WHOLE and not self.kind.derived and not self.kind.members and pick() < 0.2:
            return self._subselects().almost_sound() if pick() < 0.6 else self._subselects().derived()
        if depth == 0 or pick() < 0.25:
            if not self.kind.derived and pick() < 0.3:
                return self._subselects().predicate() if pick() < 0.5 else self._subselects().almost_sound()
            return self._tenant() if pick() < 0.6 else self._other()
        left, right = self.predicate(depth - 1), self.predicate(depth - 1)
        third = self.predicate(depth - 2) if depth > 1 else "true"
        shapes = (
            f"({left} AND {right})",
            f"({left} AND {right})",
            f"({left} OR {right})",
            f"({left} OR {right})",
            f"(NOT {left})",
            f"(CASE WHEN {left} THEN {right} ELSE {third} END)",
            f"(CASE WHEN {left} THEN {right} END)",
            f"coalesce({left}, {right})",
            f"coalesce({left}, false)",
            f"({left} IS {self.random.choice(('TRUE', 'FALSE', 'UNKNOWN', 'NOT TRUE', 'NOT FALSE', 'NOT UNKNOWN'))})",
            f"({left} = {right})",
            f"({left} <> {right})",
            f"({left} IS NULL)",
            f"({left} IS NOT DISTINCT FROM {right})",
            f"nullif({left}, {right})",
        )
        return self.random.choice(shapes)

    def _subselects(self) -> Subselects:
        width = len(self.kind.columns)
        values = [self._part(at)[1] for at in range(width)] if not self.kind.members else ["wrong_ctx()"]
        return Subselects(self.random, self.kind.table, self.kind.columns, values)

    def _tenant(self) -> str:
        if self.kind.members:
            return self._member()
        return self._derived() if self.kind.derived else self._keyed()

    def _parts(self) -> tuple[str, str, str, str, str]:
        """A key column, the context with its type and as text (NULL or error if unset), and two ids."""
        at = self.random.randrange(len(self.kind.columns))
        return self._part(at)

    def _part(self, at: int) -> tuple[str, str, str, str, str]:
        name = self.kind.settings[at]
        raw = self.random.choice((f"current_setting('{name}', true)", f"current_setting('{name}')"))
        text = self.random.choice((raw, f"nullif(current_setting('{name}', true), '')"))
        return (
            self.kind.columns[at],
            f"({text}){cast(self.kind.types[at])}",
            raw,
            self.kind.tenants[0][at],
            self.kind.tenants[1][at],
        )

    def _values(self) -> list[str]:
        return [self._part(at)[1] for at in range(len(self.kind.columns))]

    def _equal(self) -> str:
        """A correct comparison of the whole key, in one of many forms."""
        pairs = [self._part(at)[:3] for at in range(len(self.kind.columns))]
        columns, values = [column for column, _, _ in pairs], [value for _, value, _ in pairs]
        ways = [
            " AND ".join(f"{column} = {value}" for column, value, _ in pairs),
            " AND ".join(f"{value} = {column}" for column, value, _ in pairs),
            " AND ".join(f"{column}::text = {raw}" for column, _, raw in pairs),
            f"({', '.join(columns)}) = ({', '.join(values)})" if len(columns) > 1 else f"{columns[0]} = {values[0]}",
            " AND ".join(f"{column} = (SELECT {value})" for column, value, _ in pairs),
            " AND ".join(f"{column} IN ({value}, {value})" for column, value, _ in pairs),
            " AND ".join(f"{column} = ALL (ARRAY[{value}])" for column, value, _ in pairs),
            " AND ".join(f"NOT ({column} <> {value})" for column, value, _ in pairs),
            " AND ".join(f"{column} IS NOT DISTINCT FROM {value}" for column, value, _ in pairs),
            " AND ".join(f"{column} BETWEEN {value} AND {value}" for column, value, _ in pairs),
            " AND ".join(f"ARRAY[{column}] <@ ARRAY[{value}]" for column, value, _ in pairs),
            " AND ".join(f"ARRAY[{column}] && ARRAY[{value}]" for column, value, _ in pairs),
            " AND ".join(f"ARRAY[{column}] = ARRAY[{value}]" for column, value, _ in pairs),
            " AND ".join(f"coalesce({column}, {value}) = {value}" for column, value, _ in pairs),
            " AND ".join(f"{column} = coalesce({value}, {value})" for column, value, _ in pairs),
            " AND ".join(f"{column} = CASE WHEN {raw} = '' THEN NULL ELSE {value} END" for column, value, raw in pairs),
            " AND ".join(f"lower({column}::text) = lower({raw})" for column, _, raw in pairs),
            " AND ".join(f"btrim({column}::text) = {raw}" for column, _, raw in pairs),
            " AND ".join(f"{column}::bpchar = ({raw})::bpchar" for column, _, raw in pairs)
            if "text" in self.kind.types
            else "true",
            " AND ".join(f"{column} = ctx_{at}()" for at, (column, _, _) in enumerate(pairs)),
            f"is_mine({', '.join(columns)})",
            f"({', '.join(columns)}) IN (SELECT {', '.join(values)})",
            " AND ".join(f"{column} >= {value} AND NOT ({column} > {value})" for column, value, _ in pairs),
            f"({', '.join(columns)}) IN (SELECT {', '.join(self.kind.columns)} FROM customers)",
            f"EXISTS (SELECT 1 FROM docs d WHERE d.id = tried.doc AND {self._joined('d', 'tried')})",
            f"EXISTS (SELECT 1 FROM customers c WHERE {self._joined('c', 'tried')} AND c.name IS NOT NULL)",
            f"(SELECT {' AND '.join(f'tried.{column} = {value}' for column, value, _ in pairs)})",
            *([f"{columns[0]}::{self.kind.context_type} = ({pairs[0][2]})::{self.kind.context_type}"] * 3)
            * (len(pairs) == 1),
        ]
        return f"({self.random.choice(ways)})"

    def _joined(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{column} = {other}.{column}" for column in self.kind.columns)

    def _keyed(self) -> str:
        if self.random.random() < 0.6:
            return self._equal()
        column, value, raw, mine, other = self._parts()
        choice = self.random.choice(
            (
                f"{column} <> {value}",
                f"{column} IS DISTINCT FROM {value}",
                f"{column} = {column}",
                f"{column} IS NULL",
                f"{column} IS NOT NULL",
                f"{value} IS NULL",
                f"{value} IS NOT NULL",
                f"{raw} = ''",
                f"coalesce({raw}, '') = ''",
                f"{column} = '{mine}'",
                f"{value} = '{other}'",
                f"{column} IN ('{mine}', '{other}')",
                f"{column}::text LIKE {raw}",
                f"left({column}::text, 4) = left({raw}, 4)",
                f"{column} >= {value}",
                f"{column} IN ({value}, other)",
                f"other = {value}",
                f"{value} = ANY (shared)",
                f"{column} = other",
                f"{column} IN (SELECT child FROM links WHERE parent::text = {raw})",
                f"{column}::text IN (SELECT m.key FROM trusting m WHERE m.user_id = current_setting('app.u', true))",
                f"{column} = ANY (ARRAY(SELECT child FROM links))",
                f"row_to_json(tried)->>'{column}' = {raw}",
                f"j->>'owner' = {raw}",
                f"{column} = wrong_ctx()",
                f"known({', '.join(self.kind.columns)}) AND known({', '.join(self._values())})",
                f"known({', '.join(self.kind.columns)}) AND {value} IS NOT NULL",
                f"coalesce({value}, {column}) = {column}",
                "EXISTS (SELECT 1 FROM docs d WHERE d.id = tried.doc)",
                f"{column} = (SELECT max({column}) FROM customers)",
                f"{column} = nullif({column}, other)",
                f"{column} = greatest({value}, {column})",
            )
        )
        return f"({choice})"

    def _member(self) -> str:
        user = self.random.choice(("current_setting('app.u', true)", "current_setting('app.u')"))
        ways = (
            f"customer_id IN (SELECT m.customer_id FROM members m WHERE m.user_id = {user})",
            f"EXISTS (SELECT 1 FROM members m WHERE m.customer_id = tried.customer_id AND m.user_id = {user})",
            f"EXISTS (SELECT 1 FROM members m WHERE m.customer_id = tried.customer_id AND {user} = user_id AND active)",
            f"customer_id = ANY (ARRAY(SELECT m.customer_id FROM members m WHERE {user} = m.user_id))",
            f"customer_id = ANY (SELECT m.customer_id FROM members m WHERE m.user_id = {user} OR m.active)",
            f"EXISTS (SELECT 1 FROM members m WHERE m.user_id = {user})",
            f"EXISTS (SELECT 1 FROM members m WHERE m.customer_id = tried.other AND m.user_id = {user})",
            f"customer_id::text = {user}",
            f"customer_id IN (SELECT s.customer_id FROM (SELECT m.* FROM members m WHERE m.active) s"
            f" WHERE s.user_id = {user})",
            f"EXISTS (SELECT 1 FROM members m LEFT JOIN links l ON l.parent = m.customer_id"
            f" WHERE m.user_id = {user} AND coalesce(l.child, m.customer_id) = tried.customer_id)",
            f"EXISTS (SELECT 1 FROM members m JOIN links l ON l.parent = m.customer_id"
            f" WHERE m.user_id = {user} AND l.parent = tried.customer_id)",
            "customer_id IN (SELECT m.customer_id FROM members m)",
        )
        return f"({self.random.choice(ways)})"

    def _derived(self) -> str:
        setting = self.random.choice(("nullif(current_setting('app.c', true), '')", "current_setting('app.c')"))
        own = f"d.customer_id = {setting}::uuid"
        ways = (
            f"EXISTS (SELECT 1 FROM open_docs d WHERE d.id = parts.doc AND {own})",
            f"doc IN (SELECT d.id FROM open_docs d WHERE {own})",
            f"doc = ANY (ARRAY(SELECT d.id FROM open_docs d WHERE {own} AND d.note <> 'x'))",
            "EXISTS (SELECT 1 FROM docs d WHERE d.id = parts.doc)",
            "doc IN (SELECT id FROM docs)",
            f"EXISTS (SELECT 1 FROM open_docs d JOIN customers c ON c.customer_id = d.customer_id"
            f" WHERE d.id = parts.doc AND c.customer_id = {setting}::uuid)",
            f"EXISTS (SELECT 1 FROM open_docs d LEFT JOIN customers c ON c.customer_id = d.customer_id AND {own}"
            f" WHERE d.id = parts.doc)",
            f"EXISTS (SELECT 1 FROM open_docs d WHERE d.id = parts.doc OR {own})",
            f"EXISTS (SELECT 1 FROM open_docs d WHERE d.id <> parts.doc AND {own})",
            f"EXISTS (SELECT 1 FROM open_docs d WHERE d.twin = parts.doc AND {own})",
            f"EXISTS (SELECT count(*) FROM open_docs d WHERE d.id = parts.doc AND {own})",
            "EXISTS (SELECT 1 FROM open_docs d WHERE d.id = parts.doc)",
            f"(SELECT {own} FROM open_docs d WHERE d.id = parts.doc)",
            f"(SELECT d.customer_id FROM open_docs d WHERE d.id = parts.doc) = {setting}::uuid",
            f"NOT EXISTS (SELECT 1 FROM open_docs d WHERE d.id = parts.doc AND NOT ({own}))",
        )
        return f"({self.random.choice(ways)})"

    def _other(self) -> str:
        ways = (
            "true",
            "false",
            "NULL::boolean",
            "flag",
            "status = 'open'",
            "status <> 'open'",
            "status IS NULL",
            "n > 3",
            "n BETWEEN 1 AND 9",
            "status LIKE 'o%'",
            "random() < 0.5",
            "now() > '2020-01-01'",
            "current_setting('app.flag', true) = 'on'",
            "nullif(current_setting('app.flag', true), '')::boolean",
            "current_user = 'other_user'",
            "j ? 'owner'",
            "status IN ('open', 'done')",
            "harmless(n)",
            "EXISTS (SELECT 1 FROM links WHERE parent IS NOT NULL)",
        )
        return f"({self.random.choice(ways)})"
