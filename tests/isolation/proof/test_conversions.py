"""Which columns of its row a policy converts from text, where an invalid value raises an error that quotes it."""

from __future__ import annotations

import psycopg
import pytest

from demo.database import SandboxDatabase
from isolation.proof import converted_columns

CONVERTED = (
    ("code::int > 0", {2}),
    ("(doc ->> 'n')::boolean", {3}),
    ("to_date(code, 'YYYY') < now()", {2}),
    ("string_to_array(code, ',')::int[] && ARRAY[1]", {2}),
    ("EXISTS (SELECT FROM conv c WHERE c.id = conv.code::int)", {2}),
    ("EXISTS (SELECT FROM conv c WHERE c.code::int = 1)", set[int]()),
    ("id::text = code", set[int]()),
    ("id = current_setting('app.x')::int AND code = 'a' AND doc ->> 'n' = 'b'", set[int]()),
)


def test_only_conversions_of_the_own_row_count(box_database: SandboxDatabase) -> None:
    """Casts from text and JSON, and functions that read dates and numbers, of columns of the row itself."""
    with psycopg.connect(box_database.superuser_url) as connection:
        connection.execute("CREATE TABLE conv (id int, code text, doc jsonb)")
        for number, (expression, _) in enumerate(CONVERTED):
            connection.execute(f"CREATE POLICY p{number} ON conv USING ({expression})".encode())
        query = "SELECT polname, polqual::text FROM pg_policy WHERE polrelid = 'conv'::regclass"
        trees = {str(name): str(tree) for name, tree in connection.execute(query).fetchall()}
        connection.rollback()
    found = {expression: set(converted_columns(trees[f"p{n}"])) for n, (expression, _) in enumerate(CONVERTED)}
    assert found == dict(CONVERTED)


@pytest.mark.parametrize("tree", ["", "{VAR", "{COERCEVIAIO :arg <>}"])
def test_a_tree_that_cannot_be_read_converts_nothing(tree: str) -> None:
    """What cannot be read is told by the proof."""
    assert converted_columns(tree) == frozenset()
