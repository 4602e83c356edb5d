"""Random helper functions in SQL and PL/pgSQL around correct and incorrect uses of a membership, each with a policy."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608, ISC004

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

_DEFINER: Final = "STABLE SECURITY DEFINER SET search_path = ''"


@dataclass(slots=True)
class HelperGrammar:
    """Generates functions of an organization `_o` and another value `_x`, which call those of session_functions.sql."""

    random: Random
    number: int = 0

    def case(self) -> tuple[str, str]:
        """A statement that creates a function, and a predicate of docs that calls it."""
        self.number += 1
        pick, kind = self.random.choice, self.random.random()
        language, returns = "sql", "boolean"
        if kind < 0.35:
            body = f"SELECT {self._condition(2)}{pick(('', '', '', ';', ' -- x', f'; SELECT {self._condition(0)}'))}"
        elif kind < 0.45:
            body = self._select(pick(("true", "m.active")))
        elif kind < 0.75:
            language, body = "plpgsql", self._block()
        elif kind < 0.87:
            returns, body = "SETOF uuid", self._select("m.org_id")
        elif kind < 0.95:
            language, returns, body = "plpgsql", "SETOF uuid", self._rows()
        else:
            returns, body = "uuid[]", self._array()
        paths = (_DEFINER, _DEFINER, f"{_DEFINER} STRICT", "STABLE SECURITY DEFINER", "STABLE SECURITY DEFINER SET"
                 " search_path = public, pg_temp")  # fmt: skip
        create = (
            f"CREATE FUNCTION private.made_{self.number}(_o uuid, _x uuid) RETURNS {returns} LANGUAGE {language}"
            f" {pick(paths)} AS $body$ {body} $body$"
        )
        return create, self._predicate(returns)

    def _predicate(self, returns: str) -> str:
        arguments = ("org_id, owner", "org_id, owner", "org_id, org_id", "owner, org_id", "_x => owner, _o => org_id",
                     "_x => org_id, _o => owner")  # fmt: skip
        call = f"private.made_{self.number}({self.random.choice(arguments)})"
        shapes: tuple[str, ...]
        if returns == "boolean":
            shapes = (call, call, f"({call}) IS TRUE", f"NOT {call}", f"coalesce({call}, false)", f"({call} OR title"
                      f" IS NULL AND {call})")  # fmt: skip
        elif returns == "uuid[]":
            shapes = (f"org_id = ANY ({call})", f"org_id = ANY ((SELECT {call})::uuid[])", f"org_id IN (SELECT"
                      f" unnest({call}))")  # fmt: skip
        else:
            shapes = (
                f"org_id IN (SELECT {call})", f"EXISTS (SELECT 1 FROM {call} t WHERE t = docs.org_id)",
                f"EXISTS (SELECT {call})", f"org_id IN (SELECT {call} ORDER BY generate_series(1, 2))",
                f"org_id IN (SELECT q.o FROM (SELECT {call} AS o) q)", f"org_id = (SELECT {call} LIMIT 1)",
                f"EXISTS (SELECT 1 FROM {call} t, {call} u WHERE t = docs.org_id)",
                f"org_id IN (SELECT {call} UNION SELECT {call})",
            )  # fmt: skip
        return self.random.choice(shapes)

    def _where(self, depth: int = 2, alias: str = "m") -> str:
        chance = self.random.random()
        if depth and chance < 0.55:
            return f"{self._where(depth - 1, alias)} AND {self._where(depth - 1, alias)}"
        if depth and chance < 0.65:
            return f"({self._where(depth - 1, alias)} OR {self._where(depth - 1, alias)})"
        return self.random.choice(
            (
                f"{alias}.org_id = _o", f"{alias}.org_id = _o", f"{alias}.user_id = auth.uid()",
                f"{alias}.user_id = auth.uid()", f"{alias}.org_id = _x", f"{alias}.active", f"{alias}.role = 'admin'",
                f"{alias}.role IN ('admin', 'member')", "true", f"{alias}.org_id = $1", f"NOT {alias}.active",
                f"private.is_member({alias}.org_id)", f"private.known_org({alias}.org_id)",
                f"{alias}.org_id = private.my_org()", f"{alias}.user_id = (SELECT auth.uid())",
                f"{alias}.org_id IN (SELECT private.my_orgs())",
            )
        )  # fmt: skip

    def _select(self, target: str, depth: int = 1) -> str:
        pick, members = self.random.choice, "public.memberships m"
        source = pick((members, members, members, f"{members} JOIN public.memberships k ON {self._where(1, 'k')}",
                       f"{members}, public.memberships k", f"{members} CROSS JOIN public.orgs o",
                       f"{members} LEFT JOIN public.memberships k ON {self._where(1, 'k')}"))  # fmt: skip
        also = f" AND {self._where(1, 'k')}" if " k" in source and self.random.random() < 0.6 else ""
        tail = pick((*[""] * 8, "LIMIT 1", "ORDER BY 1", "OFFSET 0", "HAVING true", "GROUP BY m.org_id"))
        query = f"SELECT {pick(('', '', 'DISTINCT '))}{target} FROM {source} WHERE {self._where()}{also} {tail}"
        if depth and self.random.random() < 0.12:
            return f"({query}) {pick(('UNION', 'UNION ALL', 'EXCEPT'))} {self._select(target, 0)}"
        return query

    def _condition(self, depth: int) -> str:
        pick, chance = self.random.choice, self.random.random()
        if depth and chance < 0.42:
            one, other = self._condition(depth - 1), self._condition(depth - 1)
            return pick((f"{one} AND {other}", f"{one} AND {other}", f"({one} OR {other})", f"NOT {one}",
                         f"NOT ({one})", f"coalesce({one}, false)", f"coalesce({one}, true)", f"({one}) IS TRUE",
                         f"({one}) IS NOT TRUE", f"coalesce({one}, {other}, false)"))  # fmt: skip
        select = self._select
        return pick(
            (
                f"EXISTS ({select('1')})", f"EXISTS ({select('1')})", f"_o IN ({select('m.org_id')})",
                f"_o = ANY ({select('m.org_id')})", f"_o = ANY (ARRAY({select('m.org_id')}))",
                f"_o = ({select('m.org_id')})", f"auth.uid() IN ({select('m.user_id')})", "private.is_member(_o)",
                "private.is_member(_x)", "private.known_org(_o)", "_o = _x", "_o = private.my_org()",
                "private.role_in(_o) = 'admin'", "private.role_in(_o) IN ('admin', 'x')", "private.role_in(_o) IS NULL",
                "private.role_in(_o) IS NOT NULL", "private.role_in(_x) = 'admin'", "_o = ANY (private.org_array2())",
                "_o IS NOT NULL", "auth.uid() IS NULL", "auth.uid() IS NOT NULL", f"({select('true')})",
                f"({select('m.active')})", f"({select('m.role')}) = 'admin'", "_o IN (SELECT private.my_orgs())",
                "_o IN (SELECT private.orgs_of(_o))", "_o IN (SELECT private.orgs_of(_x))",
            )
        )  # fmt: skip

    def _block(self) -> str:
        start = self.random.choice(("", " := 'admin'"))
        handler = self.random.choice(("", "", "", "EXCEPTION WHEN others THEN RETURN false;", "EXCEPTION WHEN others"
                                      " THEN RETURN true;"))  # fmt: skip
        initial = self.random.choice(("", " := true", " := false"))
        return f"DECLARE r text{start}; b boolean{initial}; BEGIN {self._statements(2)} {handler} END"

    def _statements(self, depth: int) -> str:
        pick, found = self.random.choice, list[str]()
        for _ in range(self.random.randrange(3)):
            inner = self._statements(depth - 1) if depth else "RETURN false;"
            other = pick(("", f"ELSIF {self._tested()} THEN {self._return()}", f"ELSE {self._return()}"))
            found.append(
                pick(
                    (
                        f"PERFORM {self._select('1', 0).removeprefix('SELECT')};",
                        f"SELECT m.role INTO r FROM public.memberships m WHERE {self._where()};",
                        f"b := {self._condition(1)};", f"SELECT {self._condition(1)} INTO b;",
                        f"IF {self._tested()} THEN {inner} {other} END IF;", "r := 'admin';",
                        f"IF {self._tested()} THEN RAISE EXCEPTION 'no'; END IF;",
                        f"IF {self._tested()} THEN b := {pick(('true', 'false'))}; END IF;",
                    )
                )
            )  # fmt: skip
        return " ".join((*found, self._return()))

    def _tested(self) -> str:
        one, other = self._condition(1), self._condition(1)
        return self.random.choice(("FOUND", "NOT FOUND", "b", "NOT b", "r = 'admin'", "r IS NULL", one, other))

    def _return(self) -> str:
        values = ("FOUND", "NOT FOUND", "b", "NOT b", "r = 'admin'", "r IS NOT NULL", "r IS NULL", "true", "false",
                  "false", self._condition(1), self._condition(1))  # fmt: skip
        return f"RETURN {self.random.choice(values)};"

    def _rows(self) -> str:
        queries = [f"RETURN QUERY {self._select('m.org_id')};" for _ in range(self.random.randrange(1, 3))]
        if self.random.random() < 0.5:
            first = self.random.choice(("RETURN;", queries[0], "RAISE EXCEPTION 'no';"))
            queries.insert(0, f"IF {self._condition(1)} THEN {first} END IF;")
        return f"BEGIN {' '.join(queries)} END"

    def _array(self) -> str:
        rows = f"FROM public.memberships m WHERE {self._where()}"
        return self.random.choice(
            (
                f"SELECT coalesce(array_agg(m.org_id), '{{}}') {rows}", f"SELECT array_agg(m.org_id) {rows}",
                f"SELECT ARRAY({self._select('m.org_id')})",
                f"SELECT coalesce(array_agg(m.org_id), private.org_array_or_all()) {rows}",
            )
        )  # fmt: skip
