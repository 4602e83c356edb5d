"""Server-side loop over tenants that searches for a row of another tenant; no row leaves the server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import ProbedRelation, is_everybodys
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import set_local
from basewatch.postgres.whole_scans import sample_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyColumn:
    """A column of the tenant key: its type as format_type() prints it, and whether it may be NULL.

    `ordered` says that the type is a built-in one, so that pg_catalog has its operators.
    """

    name: str
    type: str
    nullable: bool
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptRelation:
    """A relation with a tenant key of its own."""

    relation: ProbedRelation
    columns: tuple[KeyColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepBatch:
    """Tenants to act for, in turn: their ids and their values of the context settings, in the same order.

    `more` are other settings that policies read. The server stops after `seconds`. `salt` is for the hashes of the
    tenants in a leak.
    """

    ids: Sequence[tuple[str, ...]]
    settings: tuple[str, ...]
    contexts: Sequence[tuple[str, ...]]
    more: Mapping[str, str]
    salt: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """The number of tenants tested, and the first leak as the hashes of reader and owner; or the SQLSTATE."""

    tenants_tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None


# One statement for each tenant, so that policies read the context again: one statement may read it only once. The
# literals are read as values of the type of each column, whatever casts exist.
_LOOP: LiteralString = """
#variable_conflict use_variable
DECLARE
    basewatch_end pg_catalog.timestamptz := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {seconds});
    basewatch_set pg_catalog.text;
    basewatch_found pg_catalog.bool;
    basewatch_other pg_catalog.text;
    basewatch_tried pg_catalog.int4 := 0;
    basewatch_as pg_catalog.text[];
    {declared}
BEGIN
    FOR basewatch_as, {names} IN SELECT ARRAY[{texts}], {typed} FROM ROWS FROM ({lists}) AS t ({columns}) LOOP
        EXIT WHEN pg_catalog.clock_timestamp() > basewatch_end;
        {acting}
        basewatch_tried := basewatch_tried + 1;
        SELECT {found} INTO basewatch_found;
        IF basewatch_found THEN
            SELECT pg_catalog.concat_ws('/', {keys}) INTO basewatch_other FROM {source} WHERE {another} LIMIT 1;
            basewatch_set := pg_catalog.set_config('basewatch.leak', pg_catalog.json_build_array(
                {mine}, {theirs})::pg_catalog.text, true);
            EXIT;
        END IF;
    END LOOP;
    basewatch_set := pg_catalog.set_config('basewatch.tried', basewatch_tried::pg_catalog.text, true);
END
"""
_HASHED: LiteralString = (
    "pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to("
    "pg_catalog.current_setting('basewatch.salt') || coalesce({}, ''), 'UTF8')), 'hex'), 12)"
)


def sweep_relation(
    probe: TenantProbe, swept: SweptRelation, batch: SweepBatch, *, sampled: bool = False
) -> SweepResult:
    """Whether any of these tenants, in turn, reads a row of the relation that is not its own; stops at the first.

    With `sampled`, each reads a sample of blocks instead of the relation. Plans are reused from one tenant to the next,
    as with prepared statements of an application. Raises: ObservationError, if the session is lost.
    """
    connection, relation = probe.connection, swept.relation
    given = {
        **batch.more,
        "basewatch.salt": batch.salt,
        "basewatch.leak": "",
        "basewatch.tried": "0",
        "plan_cache_mode": "force_generic_plan",
        # The caller knows that an index answers: the planner takes it, whatever its estimates say.
        "enable_seqscan": "off",
    }
    try:
        with connection.transaction(force_rollback=True):
            set_local(connection, given)
            percent = sample_percent(connection, relation.identifier) if sampled else None
            body = _loop(swept, batch, percent).as_string(connection)
            connection.execute(sql.SQL("DO {}").format(sql.Literal(body)))
            query = "SELECT current_setting('basewatch.tried')::int, current_setting('basewatch.leak')"
            tried, leak = connection.execute(query).fetchone() or (0, "")
    except psycopg.Error as error:
        if error.sqlstate is None or connection.closed:
            raise observation_error(error, operation=f"sweeping {relation}") from error
        return SweepResult(sqlstate=error.sqlstate)
    mine, theirs = json.loads(leak) if leak else ("", "")
    return SweepResult(tenants_tried=tried, leak=(mine, theirs) if leak else None)


def _each(parts: Iterable[sql.Composable], separator: LiteralString = ", ") -> sql.Composed:
    return sql.SQL(separator).join(parts)


def _loop(swept: SweptRelation, batch: SweepBatch, percent: float | None) -> sql.Composed:
    relation = swept.relation
    numbers = range(len(swept.columns))
    names = [sql.Identifier(f"basewatch_k{number}") for number in numbers]
    texts = [sql.Identifier(f"t{number}") for number in range(len(batch.settings))]
    values = [sql.Identifier(f"v{number}") for number in numbers]
    source = sql.SQL("{} AS r").format(relation.identifier)
    if percent is not None:
        source += sql.SQL(" TABLESAMPLE pg_catalog.system ({})").format(sql.Literal(percent))
    others = list(_others(swept, names)) if percent is None else [_differs(swept, names)]
    lists = [
        *(_list([each[n] for each in batch.contexts], "pg_catalog.text") for n in range(len(batch.settings))),
        *(_list([each[n] for each in batch.ids], column.type) for n, column in enumerate(swept.columns)),
    ]
    mine = sql.SQL("pg_catalog.concat_ws('/', {})").format(_each(names))
    return sql.SQL(_LOOP).format(
        seconds=sql.Literal(batch.seconds),
        declared=_each(
            (
                sql.SQL("{} {}.{}%TYPE;").format(name, relation.identifier, sql.Identifier(column.name))
                for name, column in zip(names, swept.columns, strict=True)
            ),
            " ",
        ),
        names=_each(names),
        texts=_each(texts),
        typed=_each(values),
        columns=_each((*texts, *values)),
        lists=_each(lists),
        acting=_each(
            (
                sql.SQL("basewatch_set := pg_catalog.set_config({}, basewatch_as[{}], true);").format(
                    sql.Literal(setting), sql.Literal(number + 1)
                )
                for number, setting in enumerate(batch.settings)
            ),
            " ",
        ),
        found=_each((sql.SQL("EXISTS (SELECT FROM {} WHERE {})").format(source, one) for one in others), " OR "),
        keys=_each(sql.SQL("r.{}").format(sql.Identifier(column.name)) for column in swept.columns),
        source=source,
        another=_differs(swept, names),
        mine=sql.SQL(_HASHED).format(mine),
        theirs=sql.SQL(_HASHED).format(sql.SQL("basewatch_other")),
    )


def _list(values: Sequence[str], type_name: str) -> sql.Composed:
    # The type is from format_type() of the catalogues, which quotes names.
    kind = sql.SQL(cast("LiteralString", type_name))  # type: ignore[redundant-cast]  # the same type to mypy alone
    return sql.SQL("pg_catalog.unnest({}::{}[])").format(sql.Literal(list(values)), kind)


def _differs(swept: SweptRelation, names: Sequence[sql.Identifier]) -> sql.Composed:
    each = (
        sql.SQL("r.{} IS DISTINCT FROM {}").format(sql.Identifier(column.name), name)
        for name, column in zip(names, swept.columns, strict=True)
    )
    return _each([sql.SQL("({})").format(_each(each, " OR ")), *_has_a_tenant(swept)], " AND ")


def _has_a_tenant(swept: SweptRelation) -> Iterator[sql.Composable]:
    """The condition that a row is nobody's by design; none where there is no such row."""
    if swept.relation.has_global_rows:
        yield sql.SQL("NOT {}").format(is_everybodys(swept.relation))


def _others(swept: SweptRelation, names: Sequence[sql.Identifier]) -> Iterator[sql.Composed]:
    """Conditions of which a row of another tenant meets one.

    Each is a range of the key. An index on the key sees that a range contradicts the tenant in the policy, and does not
    read the tenant's own rows, of which there may be many.
    """
    same: list[sql.Composed] = []
    for name, column in zip(names, swept.columns, strict=True):
        own = sql.SQL("r.{}").format(sql.Identifier(column.name))
        operators: tuple[LiteralString, ...] = (
            ("{0} OPERATOR(pg_catalog.<) {1}", "{0} OPERATOR(pg_catalog.>) {1}")
            if column.ordered
            else ("{0} IS DISTINCT FROM {1}",)
        )
        for operator in operators:
            marked = _has_a_tenant(swept) if swept.relation.global_values else ()
            yield _each([*same, sql.SQL(operator).format(own, name), *marked], " AND ")
        if column.nullable and column.ordered:
            yield _each([*same, sql.SQL("{} IS NULL").format(own), *_has_a_tenant(swept)], " AND ")
        equal: LiteralString = "{0} OPERATOR(pg_catalog.=) {1}" if column.ordered else "{0} IS NOT DISTINCT FROM {1}"
        same.append(sql.SQL(equal).format(own, name))
