"""The server version is checked for known vulnerabilities of row-level security."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Reason, Severity, Status
from checks.tenancy.rls_engine import (
    SUPPORTED_MAJORS,
    VULNERABILITIES,
    judge_builtins,
    judge_server,
    the_server_enforces_policies,
)
from demo.database import SandboxDatabase
from isolation.inventory import Server
from tests.checks.tenancy.statics import facts_of, faults
from tests.checks.verdicts import BADNESS

SERVER = Server(
    version_num=150014,
    aurora_version="",
    database="securebase",
    database_oid=1,
    database_owner=1,
    database_grants=(),
    standby=False,
    fingerprint="",
)
EQUALS = ("operator", 2972)  # of two uuids


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (150003, Status.FAIL),
        (150018, Status.FAIL),
        (150019, Status.PASS),
        (160014, Status.FAIL),
        (160015, Status.PASS),
        (170010, Status.FAIL),
        (170011, Status.PASS),
        (180004, Status.FAIL),
        (180006, Status.PASS),
        (140023, Status.FAIL),
        (140024, Status.UNVERIFIED),
        (190000, Status.UNVERIFIED),
        (120022, Status.UNVERIFIED),
        (120020, Status.FAIL),
        (90624, Status.UNVERIFIED),
    ],
)
def test_a_version_below_a_fix_is_found(version: int, status: Status) -> None:
    """A minor release below the newest fix FAILs; an unsupported major version is UNVERIFIED."""
    verdict = judge_server(replace(SERVER, version_num=version))
    assert (verdict.status, verdict.reason is Reason.UNSUPPORTED) == (status, status is Status.UNVERIFIED)


def test_every_missing_fix_is_named() -> None:
    """The finding names every missing fix and the release that has all of them."""
    verdict = judge_server(replace(SERVER, version_num=150002, aurora_version="15.2.1"))
    assert all(
        cve in verdict.observed for cve in ("CVE-2026-14666", "CVE-2025-8713", "CVE-2023-39418", "CVE-2023-2455")
    )
    assert "Aurora 15.2.1" in verdict.observed
    assert verdict.expected == "15.19 or later"


@pytest.mark.parametrize(("version", "severity"), [(150018, Severity.LOW), (150013, Severity.HIGH)])
def test_the_most_severe_missing_fix_decides_the_severity(version: int, severity: Severity) -> None:
    """A fault of cached plans of roles that change is LOW alone, and HIGH beside one that exposes rows."""
    assert judge_server(replace(SERVER, version_num=version)).severity is severity


@given(st.sampled_from(SUPPORTED_MAJORS), st.integers(0, 40))
def test_a_later_minor_release_is_never_worse(major: int, minor: int) -> None:
    """A later minor release never has fewer fixes."""
    older, newer = (judge_server(replace(SERVER, version_num=major * 10000 + each)) for each in (minor, minor + 1))
    assert BADNESS[newer.status] <= BADNESS[older.status]


def test_a_fault_of_one_major_is_not_told_of_others() -> None:
    """MERGE exists since 15, and its fault was mended in 15.4: no other major had it."""
    told = {
        version: judge_server(replace(SERVER, version_num=version)).observed for version in (140001, 150003, 150004)
    }
    assert [version for version, text in told.items() if "CVE-2023-39418" in text] == [150003]


def test_every_vulnerability_has_a_fixed_release() -> None:
    """Each vulnerability names at least one fixed release."""
    assert all(fault.fixed_in for fault in VULNERABILITIES)


def test_the_demo_server_passes(box_database: SandboxDatabase) -> None:
    """It has every fix, and unmodified built-ins."""
    assert faults(box_database, the_server_enforces_policies) == {}


def test_a_changed_built_in_is_critical(box_database: SandboxDatabase) -> None:
    """A modified operator is a CRITICAL FAIL; one that was not read is UNVERIFIED."""
    builtins = facts_of(box_database).builtins
    assert judge_builtins(builtins) is None
    changed = judge_builtins(tuple(replace(b, code="1") if (b.kind, b.oid) == EQUALS else b for b in builtins))
    assert changed is not None
    assert (changed.status, changed.severity) == (Status.FAIL, Severity.CRITICAL)
    unread = judge_builtins(())
    assert unread is not None
    assert unread.status is Status.UNVERIFIED
