"""docs/tenancy-matrix.md is written from this corpus, and not from an older one."""

from __future__ import annotations

import re

from tests.checks.tenancy.corpus.__main__ import PAGE
from tests.checks.tenancy.corpus.cases import mutations


def test_the_matrix_has_every_mutation() -> None:
    """A case that is new or changed is in the page; cases of other versions need not be."""
    text = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([A-Z]\d+) \| (\w+) \| (\w+) \| (.+?) \|", text, re.MULTILINE))
    written = {(one.id, one.schema, str(one.severity), one.title) for one in mutations()}
    everywhere = {
        (one.id, one.schema, str(one.severity), one.title)
        for one in mutations()
        if not one.needs and one.before > 100 and not one.since
    }
    assert listed <= written
    assert everywhere <= listed


def test_the_matrix_hides_nothing_it_missed() -> None:
    """The page names above its tables every case that a kind of check was to find and did not."""
    text = PAGE.read_text(encoding="utf-8")
    (missed,) = re.findall(r"^Missed by a side that was to find it: (.+)\.$", text, re.MULTILINE)
    found = {
        name: (static != "-", dynamic != "-")
        for name, static, dynamic in re.findall(
            r"^\| ([A-Z]\d+) \|(?:[^|]+\|){3} ([^|]+) \| ([^|]+) \| (?:yes|no|n/a) \|$", text, re.MULTILINE
        )
    }
    expected = {
        one.id
        for one in mutations()
        if one.id in found and ((one.static and not found[one.id][0]) or (one.dynamic and not found[one.id][1]))
    }
    assert set(re.findall(r"[A-Z]\d+", missed)) == expected
