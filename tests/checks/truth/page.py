"""The page: counts of faults, failures of requests and situations, by check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from basewatch.model import Status
from checks import CHECKS
from demo.faults import FAULTS
from tests.checks.situations.page import tables
from tests.checks.test_sabotage_matrix import FAILURES
from tests.repository import ROOT
from tests.sabotage import AWS_CHECKS

PAGE = ROOT / "docs" / "truth-matrix.md"


_HEAD = """# The truth matrix

What the checks are tried on in each change, counted from the tables of the tests; `python -m tests.checks.truth`
writes this page. Every cell is asserted: a wrong verdict is a red test. What is not in the tables is not known to be
right. moto and the tables show what Basewatch does with the answers that AWS documents; they prove nothing about AWS.

The situations are listed in [situations](situations.md). Tenant isolation has a matrix of its own:
[exploits and the checks that find them](tenancy-matrix.md).

| what | how many | asserted |
|---|---|---|"""


def page() -> str:
    """The page in Markdown."""
    rows = [row for _, table in tables() for row in table]
    broken = sum(set(row.right) == {Status.FAIL} for row in rows)
    sound = sum(set(row.right) <= {Status.PASS, Status.NOT_APPLICABLE} for row in rows)
    requests = sum(len(check.needs) for check in AWS_CHECKS)
    what = (
        ("faults of the whole demo", len(FAULTS), "each breaks exactly the checks that it lists, until it is repaired"),
        ("situations of an account that are broken", broken, f"each is FAIL: recall {broken} of {broken}"),
        ("situations that are sound", sound, "none is FAIL or UNVERIFIED: no false alarm"),
        ("other situations", len(rows) - broken - sound, "each is UNVERIFIED, or FAIL where its table allows it"),
        (
            f"permissions of {len(AWS_CHECKS)} checks of AWS",
            requests,
            f"each request fails in {len(FAILURES)} ways: UNVERIFIED, with the reason and what to do",
        ),
        ("the same", requests, "half a page, an empty answer, unknown values, a name that does not exist: never PASS"),
    )
    return "\n".join(
        [
            _HEAD,
            *(f"| {subject} | {count} | {asserted} |" for subject, count, asserted in what),
            "",
            f"The ways to fail are: {', '.join(FAILURES)}.",
            "",
            "| check | permissions, each denied alone | faults of the demo |",
            "|---|---|---|",
            *_lines(),
            "",
        ]
    )


def _lines() -> Iterator[str]:
    faults = Counter(each.check for fault in FAULTS for each in fault.expected_findings if each.status is Status.FAIL)
    of_aws = {check.id for check in AWS_CHECKS}
    for check in CHECKS:
        needs = len(check.needs) if check.id in of_aws else "-"
        yield f"| `{check.id}` | {needs} | {faults[check.id] or '-'} |"
