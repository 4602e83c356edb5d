"""The check that the server enforces policies as documented: no known fault of row security, built-ins as shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
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
    """A fault of the server that let rows past policies, and the first minor release of each major without it."""

    cve: str
    description: str
    fixed_in: Mapping[int, int]


# Each from https://www.postgresql.org/support/security/<the CVE>/; a major that is not named was never affected, or
# never repaired. Before version 10, majors are not told apart.
VULNERABILITIES: Final = (
    Vulnerability(
        cve="CVE-2025-8713",
        description="statistics of partitioned tables and views show sampled rows that policies hide",
        fixed_in={13: 22, 14: 19, 15: 14, 16: 10, 17: 6},
    ),
    Vulnerability(
        cve="CVE-2024-10976",
        description="a query planned as one role and run as another is held to the wrong policies",
        fixed_in={12: 21, 13: 17, 14: 14, 15: 9, 16: 5, 17: 1},
    ),
    Vulnerability(
        cve="CVE-2023-2455",
        description="policies for a role are disregarded after inlining",
        fixed_in={11: 20, 12: 15, 13: 11, 14: 8, 15: 3},
    ),
    Vulnerability(cve="CVE-2019-10130", description="statistics show rows that policies hide", fixed_in={10: 8, 11: 3}),
    Vulnerability(
        cve="CVE-2017-15099", description="INSERT ... ON CONFLICT DO UPDATE shows rows past policies", fixed_in={10: 1}
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
    """The server has every known fix of row-level security, and its built-in functions are the ones that were shipped.

    Why: A proof about policies is one about what the server should do; a server with a fault does something else.
    Reads: server_version_num, and what the catalogues say of the built-in functions, operators and types.
    Unverified when: The major version is not one that the proof knows.
    Fix: Update to the newest minor release of the major version; on Aurora, to the minor version that contains it.
    Source: https://www.postgresql.org/support/security/
    """
    yield judge_builtins(facts.builtins) or judge_server(facts.server)


def judge_builtins(builtins: tuple[Builtin, ...]) -> Verdict | None:
    """The verdict on what the proof takes for PostgreSQL's own, if it is not that or was not read."""
    differing, seen = builtin_mismatches(builtins), {f"{builtin.kind} {builtin.oid}" for builtin in builtins}
    changed = [each for each in differing if each in seen]
    expected = f"{len(expected_builtins())} functions, operators and types as they were shipped"
    if changed:
        return failed(
            "Built-in functions or operators are not the ones that were shipped",
            observed=", ".join(changed),
            expected=expected,
            remedy="Find out who changed the system catalogues, and restore the database into a new cluster: nothing "
            "that a policy says can be relied on here.",
            severity=Severity.CRITICAL,
        )
    if differing:
        return unverified(
            Reason.UNSUPPORTED,
            "whether built-in functions and operators are the ones that were shipped is not known",
            observed=f"not found: {', '.join(differing)}",
            expected=expected,
            remedy="Run a version of Basewatch that knows this server.",
        )
    return None


def judge_server(server: Server) -> Verdict:
    """The verdict on a version alone."""
    major, minor = divmod(server.version_num, _MAJOR)
    observed = server_text(server)
    missing = [fault for fault in VULNERABILITIES if minor < fault.fixed_in.get(major, 0)]
    if missing:
        newest = max(fault.fixed_in[major] for fault in missing)
        return failed(
            f"PostgreSQL {version_text(server.version_num)} has known faults of row-level security",
            observed=f"{observed}: " + "; ".join(f"{fault.cve}, {fault.description}" for fault in missing),
            expected=f"{major}.{newest} or later",
            remedy=f"Update to {major}.{newest} or later, best to the newest minor release of {major}; nothing that "
            "was proven of the policies holds before that.",
        )
    if major not in SUPPORTED_MAJORS:
        known = f"{SUPPORTED_MAJORS[0]} to {SUPPORTED_MAJORS[-1]}"
        return unverified(
            Reason.UNSUPPORTED,
            f"PostgreSQL {version_text(server.version_num)} is not a version that the proof is tested with",
            observed=observed,
            expected=f"a major version from {known}",
            remedy=f"Run a major version from {known}, or a version of Basewatch that knows this one.",
        )
    summary = f"PostgreSQL {version_text(server.version_num)} has every known fix of row-level security"
    return passed(
        summary,
        observed=observed,
        expected=", ".join(fault.cve for fault in VULNERABILITIES if major in fault.fixed_in),
    )


def version_text(version: int) -> str:
    """A server_version_num as people write it."""
    if version < _TWO_PARTS:
        return f"{version // _MAJOR}.{version // 100 % 100}.{version % 100}"
    return f"{version // _MAJOR}.{version % _MAJOR}"


def server_text(server: Server) -> str:
    """The version, and that of Aurora, whose numbering follows PostgreSQL's."""
    aurora = f", Aurora {server.aurora_version}" if server.aurora_version else ""
    return f"{version_text(server.version_num)}{aurora}"
