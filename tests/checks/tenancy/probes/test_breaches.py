"""Every probe passes on a correct database; on a broken one, exactly the probes that can observe it fail."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from basewatch.model import Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.other_schemas import (
    REGIONS,
    REGIONS_DECLARED,
    WORKSPACES,
    WORKSPACES_DECLARED,
)
from tests.checks.tenancy.probes.probe_runs import AUDIT, READS, UNSET, WRITES, changed, probe_findings, red
from tests.checks.tenancy.probes.probing import another

pytestmark = pytest.mark.slow

CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
MINE = f"customer_id = {CTX}"
WHOLE = f"CREATE POLICY tenant_isolation ON documents USING ({MINE}) WITH CHECK ({MINE}); "
ALONE = "DROP POLICY tenant_isolation ON documents; "


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One way to break the isolation, its repair, and the failing probes with their principals."""

    name: str
    breaks: str
    repairs: str
    found: frozenset[tuple[str, str]]

    def __str__(self) -> str:
        return self.name


def breach(name: str, breaks: str, repairs: str, *found: tuple[str, str]) -> Breach:
    """A breach with its findings."""
    return Breach(name=name, breaks=breaks, repairs=repairs, found=frozenset(found))


READ = ((READS.id, "app"), (READS.id, "analytics"))
FRESH = ((UNSET.id, "app"), (UNSET.id, "analytics"))
WRITTEN = (WRITES.id, "app")
BREACHES = (
    breach(
        "row security is off on one table",
        "ALTER TABLE documents DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE documents ENABLE ROW LEVEL SECURITY",
        *READ,
        *FRESH,
        WRITTEN,
    ),
    breach(
        "fresh sessions are let through",
        f"{ALONE}CREATE POLICY tenant_isolation ON documents USING ({MINE} OR "
        f"current_setting('app.current_customer_id', true) IS NULL) WITH CHECK ({MINE})",
        ALONE + WHOLE,
        *FRESH,
    ),
    breach(
        "the context is compared by LIKE",
        f"{ALONE}CREATE POLICY tenant_isolation ON documents USING (customer_id::text LIKE "
        f"current_setting('app.current_customer_id', true)) WITH CHECK ({MINE})",
        ALONE + WHOLE,
        *READ,
    ),
    breach(
        "one canary sees the other, and not the reverse",
        "CREATE POLICY odd ON documents FOR SELECT USING (customer_id = '0ca9a11e-0000-4000-8000-00000000000b' AND "
        f"{CTX} = '0ca9a11e-0000-4000-8000-00000000000a')",
        "DROP POLICY odd ON documents",
        *READ,
    ),
    breach(
        "a row can be added for any tenant",
        "CREATE POLICY odd ON documents FOR INSERT WITH CHECK (true)",
        "DROP POLICY odd ON documents",
        WRITTEN,
    ),
    breach(
        "a row may be inserted for any tenant when it resembles an own one",
        "CREATE POLICY odd ON documents FOR INSERT WITH CHECK (title <> '' AND size_bytes >= 0)",
        "DROP POLICY odd ON documents",
        WRITTEN,
    ),
    breach(
        "an UPDATE that reads nothing takes any tenant's row",
        f"CREATE POLICY odd ON documents FOR UPDATE USING (true) WITH CHECK ({MINE})",
        "DROP POLICY odd ON documents",
        WRITTEN,
    ),
    breach(
        "an UPDATE that reads nothing gives a row away",
        f"CREATE POLICY odd ON documents FOR UPDATE USING ({MINE}) WITH CHECK (true)",
        "DROP POLICY odd ON documents",
        WRITTEN,
    ),
    breach(
        "a DELETE that reads nothing removes any tenant's row",
        "CREATE POLICY odd ON documents FOR DELETE USING (true)",
        "DROP POLICY odd ON documents",
        WRITTEN,
    ),
    breach(
        "a view with its owner's rights",
        "CREATE VIEW odd AS SELECT customer_id, title FROM documents; GRANT SELECT ON odd TO analytics",
        "DROP VIEW odd",
        (READS.id, "analytics"),
        (UNSET.id, "analytics"),
    ),
    breach(
        "a table without the key is shown to all",
        "GRANT SELECT ON customers TO analytics",
        "REVOKE SELECT ON customers FROM analytics",
        (READS.id, "analytics"),
        (UNSET.id, "analytics"),
    ),
    breach(
        "triggers can be turned off",
        "ALTER ROLE analytics SUPERUSER",
        "ALTER ROLE analytics NOSUPERUSER",
        (READS.id, "analytics"),
        (UNSET.id, "analytics"),
        (WRITES.id, "analytics"),
    ),
    breach(
        "a rule throws away what is added to the audit trail",
        "CREATE RULE odd AS ON INSERT TO audit_events DO INSTEAD NOTHING",
        "DROP RULE odd ON audit_events",
        (AUDIT.id, ""),
    ),
    breach(
        "audit records can be changed by a role that we become",
        "GRANT UPDATE (action), DELETE ON audit_events TO app; ALTER TABLE audit_events DISABLE TRIGGER USER",
        "REVOKE UPDATE (action), DELETE ON audit_events FROM app; "
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change; "
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate",
        (AUDIT.id, ""),
    ),
)


def test_a_correct_database_passes(box_database: SandboxDatabase) -> None:
    """Each probe passes for each principal, and nothing contradicts the proof."""
    findings = probe_findings(box_database.url)
    assert {finding.status for finding in findings} == {Status.PASS}
    assert {(f.check, f.subject) for f in findings} == {
        *READ,
        *FRESH,
        WRITTEN,
        (WRITES.id, "analytics"),
        (AUDIT.id, ""),
        ("tenancy.probe.model", ""),
    }


@pytest.mark.parametrize("case", BREACHES, ids=str)
def test_a_breach_fails_the_expected_probes_until_repaired(box_database: SandboxDatabase, case: Breach) -> None:
    """Exactly the expected probes fail for the expected principals, and none after the repair."""
    with changed(box_database, case.breaks, case.repairs):
        found = red(probe_findings(box_database.url))
    assert {key for key, status in found.items() if status is Status.FAIL} == case.found
    assert red(probe_findings(box_database.url)) == {}


def test_guards_are_probed_by_a_dedicated_role(box_database: SandboxDatabase) -> None:
    """A role with the privileges passes with the guards, and fails without them."""
    grant = "GRANT prober TO basewatch"
    with changed(
        box_database,
        "CREATE ROLE prober; GRANT USAGE ON SCHEMA public TO prober; "
        f"GRANT SELECT, UPDATE, DELETE ON audit_events TO prober; {grant}",
        "DROP OWNED BY prober; DROP ROLE prober",
    ):
        (finding,) = probe_findings(box_database.url, only=AUDIT.id)
        assert (finding.status, finding.observed.partition(";")[0]) == (Status.PASS, "probed as prober")
        with changed(
            box_database,
            "ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change",
            "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change",
        ):
            (finding,) = probe_findings(box_database.url, only=AUDIT.id)
    assert finding.status is Status.FAIL
    assert "prober can remove records" in finding.observed


def test_other_schemas_pass_and_their_breaches_fail(box_database: SandboxDatabase) -> None:
    """Quoted names, a text key, partitions and derived tables pass, and each breach fails."""
    declared = WORKSPACES_DECLARED.model_copy(
        update={"tenancy": WORKSPACES_DECLARED.tenancy.model_copy(update={"write_probes": True})}
    )
    child = 'CREATE POLICY odd ON "Work Space".line FOR INSERT WITH CHECK (true)'
    part = 'ALTER TABLE "Work Space".visit_1 DISABLE ROW LEVEL SECURITY'
    with another(box_database, "probed_workspaces", WORKSPACES) as url:
        assert red(probe_findings(url, declared)) == {}
    with another(box_database, "probed_workspaces", f"{WORKSPACES}{child}") as url:
        assert red(probe_findings(url, declared)) == {WRITTEN: Status.FAIL}
    with another(box_database, "probed_workspaces", f"{WORKSPACES}{part}") as url:
        assert red(probe_findings(url, declared)) == {(READS.id, "app"): Status.FAIL, (UNSET.id, "app"): Status.FAIL}


def test_half_a_key_is_not_enough(box_database: SandboxDatabase) -> None:
    """With a composite key, a policy on one part exposes the other canary, and so does an empty part."""
    half = "ALTER POLICY p ON orders USING (number = nullif(current_setting('r.number', true), '')::bigint)"
    gap = (
        "ALTER POLICY p ON orders USING (region = coalesce(nullif(current_setting('r.region', true), ''), region) "
        "AND number = nullif(current_setting('r.number', true), '')::bigint)"
    )
    with another(box_database, "probed_regions", REGIONS) as url:
        assert red(probe_findings(url, REGIONS_DECLARED)) == {}
    for policy in (half, gap):
        with another(box_database, "probed_regions", f"{REGIONS}{policy}") as url:
            assert red(probe_findings(url, REGIONS_DECLARED))[READS.id, "app"] is Status.FAIL
