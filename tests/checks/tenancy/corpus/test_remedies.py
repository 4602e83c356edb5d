"""Every repair that a finding prints runs as it stands, closes the leak, and leaves the application its own rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import psycopg
import pytest

from tests.checks.tenancy.corpus.cases import Mutation, mutations
from tests.checks.tenancy.corpus.judged import readable, selected, skipped
from tests.checks.tenancy.corpus.measuring import Measuring, not_green
from tests.checks.tenancy.corpus.remedies import application, keep_copies, make_again, statements, undo

pytestmark = pytest.mark.slow

_FIRST = "rows without a tenant must get one first, as the remedy says"
_DECLARE = "the role has to be declared or dropped as well"
_AGAIN = "a second pass prints the rest"
_GUARD = "a guard that is made again, or has another owner, has to be declared by its digest"
# Why the statements of a case alone do not repair it.
BY_HAND: Final[Mapping[str, str]] = {
    **dict.fromkeys(("A55", "B06", "B35"), _FIRST),
    **dict.fromkeys(("A04", "C04", "C12", "C50", "C52", "C102"), _DECLARE),
    **dict.fromkeys(("A50", "D93", "D98"), _AGAIN),
    **dict.fromkeys(("F03", "F04", "F05", "F06", "F07", "F08", "F53", "F56"), _GUARD),
    "A58": "the declared number of tables counts one that is gone",
    "C103": "the application was used to the rights of the owner",
    **dict.fromkeys(("D406", "D407"), "the owner to choose is a blank"),
    "D08": "two findings drop the same server",
    "D74": "two findings are about the same wrapper",
    "D84": "built-in functions have to be compared one by one",
    "D85": "a built-in function has to come from another cluster",
}
CASES = [one for one in mutations() if one.static and one.id not in BY_HAND]
FAST = selected(CASES)
# Each night all of them are tried: it takes minutes.
TRIED = (
    CASES
    if os.environ.get("BASEWATCH_REMEDIES") == "all"
    else [one for one in CASES if one.id in FAST or one in CASES[::8]]
)


@pytest.fixture(scope="module")
def catalogues(corpus: Measuring) -> Measuring:
    """The corpus for the checks that read the catalogues, with a copy of each schema."""
    keep_copies(corpus.server)
    return Measuring(server=corpus.server, dynamic=False)


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(one, id=one.id, marks=[] if one.id in FAST else [pytest.mark.slow, pytest.mark.exhaustive])
        for one in TRIED
    ],
)
def test_a_printed_repair_repairs(catalogues: Measuring, mutation: Mutation) -> None:
    """The statements run in the order in which they are printed; then the exploit fails, and the finding is gone."""
    if why := skipped(catalogues, mutation):
        pytest.skip(why)
    server, schema = catalogues.server, mutation.schema
    sound, before = catalogues.sound(schema), application(server, schema)
    server.run(schema, mutation.breaks)
    try:
        broken = application(server, schema)
        found = [
            f
            for f in catalogues.observe(schema).findings
            if not_green(f) and (f.check, f.subject, f.status) not in sound
        ]
        printed = statements(found)
        if not printed:
            pytest.skip("it prints no statement")
        for statement in printed:
            server.run(schema, statement)
        after = application(server, schema)
        left = catalogues.observe(schema)
        assert readable(f for f in left.findings if not_green(f) and (f.check, f.subject, f.status) not in sound) == []
        assert mutation.exploit is None or not server.works(schema, mutation.exploit)
        lost = {what: (rows, after[what]) for what, rows in before.items() if after.get(what, rows) != rows}
        assert {what: rows for what, rows in lost.items() if broken.get(what) != rows[1]} == {}
    finally:
        _restore(catalogues, mutation)


def _restore(catalogues: Measuring, mutation: Mutation) -> None:
    try:
        catalogues.server.run(mutation.schema, mutation.repair)
    except psycopg.Error:
        undo(catalogues.server, mutation.schema, mutation.repair)
    if catalogues.observe(mutation.schema).seen != catalogues.sound(mutation.schema):
        make_again(catalogues.server, mutation.schema)
