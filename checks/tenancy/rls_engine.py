"""The check that the server enforces policies as documented: no known vulnerability, built-ins unmodified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.system_objects import changed_objects
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory, Server
from isolation.inventory.builtin_oids import builtin_mismatches, expected_builtins
from isolation.inventory.code import Builtin
from isolation.inventory.snapshot import inventory

SUPPORTED_MAJORS: Final = (15, 16, 17, 18)
"""The major versions whose catalogues and node trees the proof knows."""
# PostgreSQL writes 15.14 as 150014, and before version 10 9.6.13 as 90613.
_MAJOR, _TWO_PARTS = 10_000, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A vulnerability that exposed rows past policies, and the first fixed minor release of each major version.

    `severity` is lower where only a session whose roles change meanwhile is affected.
    """

    cve: str
    description: str
    fixed_in: Mapping[int, int]
    severity: Severity = Severity.HIGH


# Each from https://www.postgresql.org/support/security/<the CVE>/; a major that is not listed was never affected, or
# never fixed. Majors before version 10 are not distinguished.
VULNERABILITIES: Final = (
    Vulnerability(
        cve="CVE-2026-14666",
        description="a cached plan keeps the policies of a role after the role or its memberships change",
        fixed_in={14: 24, 15: 19, 16: 15, 17: 11, 18: 6},
        severity=Severity.LOW,
    ),
    Vulnerability(
        cve="CVE-2025-8713",
        description="statistics of partitioned tables and views expose sampled rows that policies hide",
        fixed_in={13: 22, 14: 19, 15: 14, 16: 10, 17: 6},
    ),
    Vulnerability(
        cve="CVE-2024-10976",
        description="a query planned as one role and executed as another applies the wrong policies",
        fixed_in={12: 21, 13: 17, 14: 14, 15: 9, 16: 5, 17: 1},
    ),
    Vulnerability(
        cve="CVE-2024-10978",
        description="SET ROLE is reset to the wrong role, whose rows are then read",
        fixed_in={12: 21, 13: 17, 14: 14, 15: 9, 16: 5, 17: 1},
    ),
    Vulnerability(
        cve="CVE-2024-4317",
        description="pg_stats_ext exposes sampled values of other users' tables",
        fixed_in={14: 12, 15: 7, 16: 3},
    ),
    Vulnerability(
        cve="CVE-2023-39418",
        description="MERGE does not apply the policies for UPDATE and SELECT to the rows that it changes",
        fixed_in={15: 4},
    ),
    Vulnerability(
        cve="CVE-2023-2455",
        description="policies for a role are ignored after function inlining",
        fixed_in={11: 20, 12: 15, 13: 11, 14: 8, 15: 3},
    ),
    Vulnerability(
        cve="CVE-2019-10130", description="statistics expose rows that policies hide", fixed_in={10: 8, 11: 3}
    ),
    Vulnerability(
        cve="CVE-2017-15099",
        description="INSERT ... ON CONFLICT DO UPDATE exposes rows past policies",
        fixed_in={10: 1},
    ),
)


@check(
    "tenancy.rls.engine",
    component=Database,
    observe=inventory,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def the_server_enforces_policies(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """The server has every known fix for row-level security, and its built-in functions are unmodified.

    Why: A proof about policies assumes that the server works as documented; a vulnerable server does not.
    Reads: server_version_num, and the catalogue rows of built-in objects: functions, operators, casts, types, operator
    families, aggregates, languages and views. Those of RDS and Aurora are the service's alone, and are not compared.
    Unverified when: The proof does not support the major version.
    Fix: Update to the newest minor release of the major version; on Aurora, to the version that includes it. ALTER
    FUNCTION ... NOT LEAKPROOF, or restore the database into a new cluster.
    Source: https://www.postgresql.org/support/security/
    """
    yield judge_builtins(facts.builtins) or judge_server(facts.server)
    yield from changed_objects(effective_access(facts, database.tenancy), now)


def judge_builtins(builtins: tuple[Builtin, ...]) -> Verdict | None:
    """The verdict on the built-ins that the proof relies on, if one was modified or could not be read."""
    differing, seen = builtin_mismatches(builtins), {f"{builtin.kind} {builtin.oid}" for builtin in builtins}
    changed = [each for each in differing if each in seen]
    expected = f"{len(expected_builtins())} unmodified functions, operators and types"
    if changed:
        return failed(
            "Built-in functions or operators were modified",
            observed=", ".join(changed),
            expected=expected,
            remedy="Find out who changed the system catalogues, and restore the database into a new cluster: no policy "
            "of this database can be relied on.",
            severity=Severity.CRITICAL,
        )
    if differing:
        return unverified(
            Reason.UNSUPPORTED,
            "Whether built-in functions and operators were modified is unknown",
            observed=f"not found: {', '.join(differing)}",
            expected=expected,
            remedy="Run a version of Basewatch that supports this server version.",
        )
    return None


def judge_server(server: Server) -> Verdict:
    """The verdict on the version of the server."""
    major, minor = divmod(server.version_num, _MAJOR)
    observed = server_text(server)
    unfixed = [each for each in VULNERABILITIES if minor < each.fixed_in.get(major, 0)]
    if unfixed:
        newest = max(each.fixed_in[major] for each in unfixed)
        return failed(
            f"PostgreSQL {version_text(server.version_num)} has known vulnerabilities of row-level security",
            observed=f"{observed}: " + "; ".join(f"{each.cve}, {each.description}" for each in unfixed),
            expected=f"{major}.{newest} or later",
            remedy=f"Update to {major}.{newest} or later, preferably the newest minor release of {major}; no proof "
            "of the policies holds until then.",
            severity=max((each.severity for each in unfixed), key=lambda severity: severity.rank),
        )
    if major not in SUPPORTED_MAJORS:
        known = f"{SUPPORTED_MAJORS[0]} to {SUPPORTED_MAJORS[-1]}"
        return unverified(
            Reason.UNSUPPORTED,
            f"PostgreSQL {version_text(server.version_num)} is not a version that the proof supports",
            observed=observed,
            expected=f"a major version from {known}",
            remedy=f"Run a major version from {known}, or a version of Basewatch that supports this one.",
        )
    summary = f"PostgreSQL {version_text(server.version_num)} has every known fix of row-level security"
    return passed(
        summary,
        observed=observed,
        expected=", ".join(each.cve for each in VULNERABILITIES if major in each.fixed_in),
    )


def version_text(version: int) -> str:
    """A server_version_num in the usual notation, such as 15.14."""
    if version < _TWO_PARTS:
        return f"{version // _MAJOR}.{version // 100 % 100}.{version % 100}"
    return f"{version // _MAJOR}.{version % _MAJOR}"


def server_text(server: Server) -> str:
    """The PostgreSQL version, with the Aurora version where there is one."""
    aurora = f", Aurora {server.aurora_version}" if server.aurora_version else ""
    return f"{version_text(server.version_num)}{aurora}"
