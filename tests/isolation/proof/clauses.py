"""Sub-selects with every clause that a query can have around the tenant's condition, by the status of each."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608, ISC004

from __future__ import annotations

from typing import Final

CTX: Final = "nullif(current_setting('app.c', true), '')::uuid"
OWN: Final = f"c.id = {CTX} AND c.id = customer_id"
_MINE: Final = f"customer_id = {CTX}"

SOME_OF_THE_ROWS: Final = (
    f"EXISTS (SELECT DISTINCT c.id FROM customers c WHERE {OWN})",
    f"EXISTS (SELECT DISTINCT ON (c.id) c.name FROM customers c WHERE {OWN} ORDER BY c.id, c.name DESC)",
    f"EXISTS (SELECT c.id FROM customers c WHERE {OWN} GROUP BY c.id)",
    f"customer_id IN (SELECT c.id FROM customers c WHERE c.id = {CTX} GROUP BY c.id, c.name)",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} ORDER BY c.name LIMIT 1 OFFSET 1)",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} ORDER BY c.name FETCH FIRST 2 ROWS WITH TIES)",
    f"EXISTS (SELECT unnest(ARRAY[1, 2]) FROM customers c WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM ONLY customers c WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c TABLESAMPLE BERNOULLI (10) WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c, LATERAL (SELECT c.id AS its) q WHERE q.its = customer_id AND c.id = {CTX})",
    f"EXISTS (SELECT 1 FROM customers c, unnest(ARRAY[1]) WITH ORDINALITY q WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c, (VALUES (1), (2)) q WHERE {OWN})",
    f"EXISTS (WITH w AS (SELECT 1) SELECT 1 FROM customers c, w WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN (SELECT 1 AS one) q ON q.one = 2 WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c JOIN customers d USING (id) WHERE id = {CTX} AND id = customer_id)",
    f"EXISTS (SELECT 1 FROM links l RIGHT JOIN customers c ON l.parent = c.id WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN links l ON true WHERE {OWN} AND l.parent IS NULL)",
    f"customer_id IN (VALUES ({CTX}))",
    f"customer_id IN (SELECT {CTX} UNION SELECT c.id FROM customers c WHERE c.id = {CTX})",
    f"EXISTS (SELECT 1 FROM (SELECT c.id FROM customers c WHERE c.id = {CTX} UNION ALL VALUES ({CTX})) q"
    " WHERE q.id = customer_id)",
    f"customer_id = ANY (ARRAY((SELECT c.id FROM customers c WHERE c.id = {CTX} UNION SELECT {CTX}) EXCEPT SELECT c.id"
    " FROM customers c))",
    f"customer_id IN (WITH w AS (SELECT id FROM customers WHERE id = {CTX}), v AS MATERIALIZED (SELECT id FROM w)"
    " SELECT (SELECT v.id FROM v LIMIT 1) FROM w)",
    f"EXISTS (WITH w AS (SELECT {CTX} AS id UNION SELECT id FROM customers WHERE id = {CTX}) SELECT 1 FROM customers c"
    " WHERE c.id = customer_id AND c.id IN (SELECT id FROM w))",
    f"customer_id IN (SELECT c.id FROM customers c WHERE c.id = {CTX} GROUP BY c.id HAVING count(*) > 0)",
    f"EXISTS (SELECT count(*) FROM customers c WHERE {OWN} GROUP BY c.id)",
)
"""Proven: each row that the sub-select returns is one that WHERE selects."""
ROWS_WHATEVER_WHERE_SAYS: Final = (
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} HAVING true)",
    f"EXISTS (SELECT 1 WHERE {_MINE} HAVING true)",
    f"EXISTS (SELECT 1 FROM (SELECT 1 FROM customers c WHERE {OWN} HAVING now() > '2031-01-01') q)",
    f"{_MINE} OR EXISTS (SELECT 1 FROM customers c WHERE {OWN} HAVING now() > '2031-01-01')",
    f"(SELECT true FROM customers c WHERE {OWN} HAVING true)",
    f"EXISTS (SELECT count(*) FROM customers c WHERE {OWN})",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} GROUP BY GROUPING SETS ((c.id), ()))",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} GROUP BY ROLLUP (c.id))",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} GROUP BY ())",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} UNION SELECT 1 EXCEPT SELECT 2)",
    f"EXISTS (WITH w AS (SELECT 1 FROM customers c WHERE {OWN} HAVING true) SELECT 1 FROM w)",
    f"EXISTS (WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w, customers c WHERE {OWN} AND n < 2)"
    " SELECT 1 FROM w)",
    f"NOT EXISTS (SELECT 1 FROM customers c WHERE {OWN})",
    f"EXISTS (SELECT max(c.name) FROM customers c WHERE {OWN} UNION SELECT 'x' FROM customers c WHERE {OWN})",
    "customer_id IN (SELECT c.id FROM customers c INTERSECT SELECT c.id FROM customers c)",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} FOR SHARE SKIP LOCKED)",
    f"customer_id <> ALL (SELECT c.id FROM customers c WHERE c.id <> {CTX})",
    f"customer_id NOT IN (SELECT c.id FROM customers c WHERE c.id <> {CTX})",
    f"EXISTS (SELECT 1 FROM customers c, LATERAL (SELECT count(*) FROM customers d WHERE d.id = {CTX}"
    " AND d.id = customer_id) q)",
)
"""Not proven: a row may exist where WHERE, or the other side of the join, selects none."""
VALUES_THAT_MAY_BE_NULL: Final = (
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN (SELECT 1 AS one) q ON false WHERE q.one IS NULL OR {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN (SELECT {CTX} AS x) q ON false WHERE coalesce(q.x, customer_id)"
    " = customer_id)",
    f"EXISTS (SELECT 1 FROM (SELECT 1 AS one) q RIGHT JOIN customers c ON false WHERE q.one IS NULL OR {OWN})",
    f"EXISTS (SELECT 1 FROM customers c FULL JOIN (SELECT 1 AS one) q ON c.id IS NULL WHERE q.one IS NULL OR {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN ((SELECT 1 AS one) p CROSS JOIN (SELECT 2 AS two) q) ON false"
    f" WHERE two IS NULL OR {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN (SELECT invoices.customer_id AS x) q ON false WHERE q.x IS NULL"
    f" OR {OWN})",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN LATERAL (SELECT true AS x) q ON false WHERE q.x IS NOT TRUE"
    f" OR {OWN})",
    f"(SELECT q.x FROM (SELECT true AS x LIMIT 0) q) IS NULL OR {_MINE}",
    f"(SELECT q.x FROM (SELECT true AS x OFFSET 1) q) IS NULL OR {_MINE}",
    f"(SELECT q.x FROM (SELECT unnest('{{}}'::integer[]), true AS x) q) IS NULL OR {_MINE}",
    f"(SELECT true LIMIT 0) IS NULL OR {_MINE}",
    f"(SELECT true WHERE false) IS NULL OR {_MINE}",
    f"(SELECT true HAVING false) IS NULL OR {_MINE}",
    f"(document @@ rule) IS NULL OR {_MINE}",
    f"(document @? rule) IS UNKNOWN OR {_MINE}",
    f"(document @@ '$.x == 1') IS NULL OR {_MINE}",
    f"(document @? '$.x') IS NULL OR {_MINE}",
    f"(ROW(customer_id, customer_id) = ROW(customer_id, partner)) IS NULL OR {_MINE}",
    f"(ARRAY[customer_id] = shared) IS NULL OR {_MINE}",
    f"(customer_id = ANY (shared)) IS NULL OR {_MINE}",
    f"(customer_id = partner) IS NULL OR {_MINE}",
    f"(current_setting('app.c', true) = 'x') IS NULL OR {_MINE}",
    f"(current_setting(status, false) = 'x') IS NULL OR {_MINE}",
)
"""Not proven: NULL from operands that are not NULL, from no row, or from the side of a join that may be missing."""
TWO_ROWS_OF_ONE_NUMBER: Final = (
    f"customer_id = (SELECT c.id FROM customers c LIMIT 1) AND {CTX} = (SELECT c.id FROM customers c OFFSET 1 LIMIT 1)",
)
"""Not proven: rows of different sub-selects are different rows."""
ROWS_OF_ANYBODY: Final = (
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN customers d ON d.id = {CTX} AND d.id = customer_id)",
    f"EXISTS (SELECT 1 FROM customers c FULL JOIN customers d ON d.id = {CTX} AND d.id = customer_id AND c.id = d.id)",
    f"EXISTS (SELECT 1 FROM customers c LEFT JOIN (SELECT 1 FROM customers d WHERE d.id = {CTX} AND d.id = customer_id)"
    " q ON true)",
    "EXISTS (SELECT generate_series(1, 2) WHERE true)",
    "customer_id = ANY (ARRAY(SELECT c.id FROM customers c))",
    f"is_known(customer_id) AND is_known({CTX})",
    f"EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id) AND EXISTS (SELECT 1 FROM customers c WHERE c.id ="
    f" {CTX})",
    f"EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id AND is_known({CTX}))",
    "EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id)",
    f"EXISTS (SELECT 1 FROM customers c WHERE c.id = {CTX})",
    f"EXISTS (SELECT 1 FROM customers c WHERE {OWN} UNION ALL SELECT 1)",
    f"EXISTS (SELECT 1 FROM customers c, (VALUES ({CTX})) q (id) WHERE q.id = {CTX})",
    f"customer_id IN (SELECT {CTX} UNION SELECT c.id FROM customers c)",
    f"customer_id IN (SELECT c.id FROM customers c WHERE c.id = {CTX} UNION ALL (SELECT c.id FROM customers c WHERE"
    f" c.id = {CTX} UNION ALL SELECT c.id FROM customers c))",
    f"EXISTS (SELECT 1 FROM (VALUES (1)) q LEFT JOIN (VALUES ({CTX})) r (id) ON r.id = customer_id)",
    f"EXISTS (SELECT 1 FROM (VALUES (customer_id), ({CTX})) q (id) WHERE q.id = {CTX})",
    f"EXISTS (WITH w AS (SELECT id FROM customers) SELECT 1 FROM w a, w b WHERE a.id = customer_id AND b.id = {CTX})",
    f"customer_id IN (WITH w AS (SELECT id FROM customers WHERE id = {CTX}) SELECT q.id FROM (WITH w AS (SELECT id"
    " FROM customers) SELECT id FROM w) q)",
)
"""Refuted: the sub-selects find rows, whatever tenant the own row has."""
