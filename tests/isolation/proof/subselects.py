"""Random sub-selects with every clause that a query can have, around correct and incorrect uses of a tenant key."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608, ISC004

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Subselects:
    """Generates predicates of a table `own`, whose `columns` are compared with `values`, the context of each."""

    random: Random
    own: str
    columns: Sequence[str]
    values: Sequence[str]

    def predicate(self) -> str:
        """A predicate with one sub-select."""
        pick, select = self.random.choice, self._select
        first, mine = f"{self.own}.{self.columns[0]}", self._mine(self.own)
        shapes = (
            lambda: f"EXISTS ({select('1')})",
            lambda: f"EXISTS ({select('1')})",
            lambda: f"EXISTS ({select(self._target())})",
            lambda: f"{first} IN ({select(self._target())})",
            lambda: f"{first} = ANY ({select(self._target())})",
            lambda: f"{first} = ANY (ARRAY({select(self._target())}))",
            lambda: f"{first} <> ALL ({select(self._target())})",
            lambda: f"{first} NOT IN ({select(self._target())})",
            lambda: f"NOT EXISTS ({select('1')})",
            lambda: f"({select('true')})",
            lambda: f"({select(mine)})",
            lambda: f"({select('true')}) IS {pick(('NULL', 'TRUE', 'NOT TRUE', 'NOT FALSE', 'UNKNOWN'))}",
            lambda: f"({select('1')}) IS NULL",
            lambda: f"{first} = ({select(self._target())} LIMIT 1)",
            lambda: f"{first} = coalesce(({select(self._target())} LIMIT 1), {self.values[0]})",
            lambda: f"({select(mine)}) IS NOT DISTINCT FROM true",
            lambda: f"(SELECT q.x FROM ({select('true AS x')}) q LIMIT 1)",
            lambda: f"(SELECT q.x FROM (SELECT true AS x {self._tail()}) q) IS {pick(('NULL', 'TRUE', 'UNKNOWN'))}",
            lambda: f"({mine}) = ({select('true')})",
        )
        return f"({pick(shapes)()})"

    def almost_sound(self) -> str:
        """A sub-select that restricts rows to the tenant, but for one clause that may let others pass."""
        pick, first = self.random.choice, self.columns[0]
        sound = f"{self._mine('a')} AND {self._joined('a')}"
        optional = pick(
            (
                f"(SELECT 1 AS one, {self.values[0]} AS x) e",
                f"(SELECT 1 AS one, {self.own}.{first} AS x) e",
                f"LATERAL (SELECT true AS one, a.{first} AS x) e",
                f"((SELECT 1 AS one) d CROSS JOIN (SELECT {self.values[0]} AS x) f)",
            )
        )
        join = pick(("LEFT JOIN", "LEFT JOIN", "JOIN", "FULL JOIN"))
        on = pick(("false", "true", sound)) if join != "FULL JOIN" else "a.note IS NULL"
        optional = optional.removeprefix("LATERAL ").replace(f"a.{first} AS x", f"{self.values[0]} AS x")
        also = pick(("one IS NULL", "one IS NOT NULL", f"x = {self.own}.{first}", f"coalesce(x, {self.own}.{first}) ="
                     f" {self.own}.{first}", "(one IS NULL) IS UNKNOWN", "x IS NULL", self._where(1)))  # fmt: skip
        where = pick((sound, sound, f"({sound}) OR {also}", f"({sound}) AND {also}", also))
        source = f"open_docs a {join} {optional} ON {on}"
        some = pick((f"EXISTS (SELECT 1 FROM {source} WHERE {where} {self._tail()})",
                     f"EXISTS (SELECT 1 FROM open_docs a, open_docs b WHERE {sound} {self._tail()})",
                     f"EXISTS (SELECT 1 FROM (SELECT 1 FROM open_docs a WHERE {sound} {self._tail()}) q)",
                     f"{self.own}.{first} IN (SELECT a.{first} FROM {source} WHERE {where} {self._tail()})",
                     f"(SELECT q.x FROM (SELECT true AS x {self._tail()}) q) IS NULL OR {self._mine(self.own)}",
                     f"(SELECT true {self._tail()}) IS NULL OR {self._mine(self.own)}",
                     f"EXISTS (SELECT 1 WHERE {self._mine(self.own)} {self._tail()})"))  # fmt: skip
        return f"({some})"

    def derived(self) -> str:
        """A sub-select of rows that UNION, EXCEPT, VALUES, WITH or GROUP BY derive, mostly from rows of the tenant."""
        pick, first, names = self.random.choice, self.columns[0], ", ".join(self.columns)
        values = ", ".join(self.values)

        def rows(depth: int = 1) -> str:
            mine = pick((self._mine("z"), self._mine("z"), self._mine("z"), "true", self._joined("z")))
            plain = f"SELECT {', '.join(f'z.{column}' for column in self.columns)} FROM open_docs z WHERE {mine}"
            forms = [
                plain, plain, f"VALUES ({values})", f"VALUES ({values}), ({values})", f"SELECT {values} {self._tail()}",
                f"{plain} GROUP BY {', '.join(f'z.{column}' for column in self.columns)} {pick(('', 'HAVING true'))}",
                f"({plain} {self._tail()})", f"WITH v AS ({plain}) SELECT * FROM v",
            ]  # fmt: skip
            if depth:
                word = pick(("UNION", "UNION ALL", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT"))
                forms += [f"({rows(depth - 1)}) {word} ({rows(depth - 1)})"] * 5
            return pick(forms)

        materialized = pick(("", "MATERIALIZED ", "NOT MATERIALIZED "))
        source = pick((f"({rows()}) a ({names})", f"w a ({names})", f"w a ({names}) LEFT JOIN w b ({names}) ON true"))
        second = pick(("", "", ", w b", f", ({rows()}) b ({names})"))
        where = pick((self._joined("a"), self._joined("a"), self._mine("a"), "true", self._where(1)))
        own = f"{self.own}.{first}"
        test = pick((f"EXISTS (WITH w AS {materialized}({rows()}) SELECT 1 FROM {source}{second} WHERE {where})",
                     f"{own} IN (WITH w AS {materialized}({rows()}) SELECT a.{first} FROM {source}{second}"
                     f" WHERE {where})",
                     f"({', '.join(f'{self.own}.{c}' for c in self.columns)}) IN ({rows()})",
                     f"EXISTS (SELECT 1 FROM {source.replace('w ', 'open_docs ')}{second.replace('w ', 'open_docs ')}"
                     f" WHERE {where})",
                     f"{own} = (SELECT q.{first} FROM ({rows()}) q ({names}) WHERE {self._joined('q')} LIMIT 1)",
                     f"{own} = ANY (ARRAY(SELECT q.{first} FROM ({rows()}) q ({names})))"))  # fmt: skip
        return f"({test})"

    def _mine(self, alias: str) -> str:
        pairs = zip(self.columns, self.values, strict=True)
        return " AND ".join(f"{alias}.{column} = {value}" for column, value in pairs)

    def _joined(self, alias: str, other: str = "") -> str:
        return " AND ".join(f"{alias}.{column} = {other or self.own}.{column}" for column in self.columns)

    def _target(self) -> str:
        return self.random.choice(
            (
                f"a.{self.columns[0]}",
                f"a.{self.columns[0]}",
                f"b.{self.columns[0]}",
                self.values[0],
                f"{self.own}.other",
            )
        )

    def _select(self, target: str) -> str:
        pick, names = self.random.random, ", ".join(self.columns)
        if pick() < 0.1:
            return f"SELECT {self._plain_target(target)} WHERE {self._where()} {self._tail()}"
        body = f"SELECT {self._distinct()}{target} FROM {self._from()} WHERE {self._where()} {self._tail()}"
        if pick() < 0.1:
            word = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT ALL"))
            other = "1" if target == "1" else "true" if "true" in target else target
            body = f"({body}) {word} (SELECT {other} FROM {self._from()} WHERE {self._where()})"
        if pick() < 0.08:
            materialized = self.random.choice(("", "MATERIALIZED", "NOT MATERIALIZED"))
            return f"WITH w AS {materialized} (SELECT {names} FROM open_docs WHERE {self._mine('open_docs')}) {body}"
        return body

    def _plain_target(self, target: str) -> str:
        return self.values[0] if target[:2] in {"a.", "b."} else target

    def _distinct(self) -> str:
        return self.random.choice(("", "", "", "DISTINCT ", "ALL "))

    def _source(self, alias: str) -> str:
        names = ", ".join(self.columns)
        return self.random.choice(
            (
                f"customers {alias}",
                f"docs {alias}",
                f"open_docs {alias}",
                f"open_docs {alias}",
                f"members {alias}",
                f"ONLY open_docs {alias}",
                f"open_docs {alias} TABLESAMPLE BERNOULLI (50)",
                f"(SELECT {names} FROM open_docs WHERE {self._mine('open_docs')}) {alias}",
                f"(SELECT {names} FROM open_docs {self._tail()}) {alias}",
                f"(SELECT {', '.join(f'{v} AS {c}' for c, v in zip(self.columns, self.values, strict=True))}) {alias}",
                f"(SELECT {', '.join(f'{self.own}.{c} AS {c}' for c in self.columns)}) {alias}",
                f"LATERAL (SELECT {', '.join(f'{self.own}.{c} AS {c}' for c in self.columns)} {self._tail()}) {alias}",
                f"(VALUES ({', '.join(self.values)})) {alias} ({names})",
                f"(SELECT {names} FROM open_docs UNION SELECT {names} FROM customers) {alias}",
                f"(SELECT {names}, count(*) FROM open_docs GROUP BY {names}) {alias}",
                f"(SELECT max({self.columns[0]}::text) AS m, {names} FROM open_docs GROUP BY {names}) {alias}",
            )
        )

    def _from(self) -> str:
        first, second = self._source("a"), self._source("b")
        on = self.random.choice((self._joined("a", "b"), self._mine("b"), self._joined("b"), "false", "true"))
        return self.random.choice(
            (
                f"{first}, {second}",
                f"{first} JOIN {second} ON {on}",
                f"{first} LEFT JOIN {second} ON {on}",
                f"{first} LEFT JOIN {second} ON {on}",
                f"{first} RIGHT JOIN {second.removeprefix('LATERAL ')} ON {on}",
                f"{first} FULL JOIN {second.removeprefix('LATERAL ')} ON {self._joined('a', 'b')}",
                f"{first} CROSS JOIN {second}",
                f"{first} LEFT JOIN ({second} CROSS JOIN (SELECT 1 AS one) e) ON {on}",
                f"{first} NATURAL LEFT JOIN (SELECT 1 AS one) e, {second}",
                f"{first}, {second}, unnest(ARRAY[1, 2]) WITH ORDINALITY u (v, n)",
            )
        )

    def _where(self, depth: int = 2) -> str:
        if depth and self.random.random() < 0.6:
            word = self.random.choice(("AND", "AND", "OR"))
            return f"({self._where(depth - 1)} {word} {self._where(depth - 1)})"
        first = self.columns[0]
        return self.random.choice(
            (
                self._mine("a"), self._mine("a"), self._joined("a"), self._joined("a"), self._mine("b"),
                self._joined("b"), self._mine(self.own), self._joined("a", "b"), "true", f"a.{first} IS NULL",
                f"b.{first} IS NULL", f"b.{first} IS NOT NULL", f"coalesce(b.{first}, {self.own}.{first}) ="
                f" {self.values[0]}", f"coalesce(a.{first}, {self.values[0]}) = {self.own}.{first}",
                f"a.{first} = {self.own}.other", f"a.{first} <> {self.own}.{first}", f"{self.own}.flag",
                f"a.{first} IS NOT DISTINCT FROM {self.own}.{first}", f"EXISTS (SELECT 1 FROM open_docs z WHERE"
                f" {self._joined('z')} AND {self._mine('z')})", f"a.{first} IN (SELECT z.{first} FROM open_docs z"
                f" {self._tail()})",
            )
        )  # fmt: skip

    def _tail(self) -> str:
        return self.random.choice(
            (
                "", "", "", "", "", "LIMIT 1", "LIMIT 0", "OFFSET 1", "LIMIT 1 OFFSET 1", "HAVING true",
                "HAVING count(*) >= 0", "HAVING now() > '2020-01-01'", "GROUP BY ()", "ORDER BY random()",
                "ORDER BY 1 FETCH FIRST 1 ROW WITH TIES",
            )
        )  # fmt: skip
