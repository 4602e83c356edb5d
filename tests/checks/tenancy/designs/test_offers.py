"""Findings on common designs lead to the entry or the statement that makes them green."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from basewatch.model import Finding
from basewatch.tenancy import ApprovedObject
from demo.database import SandboxDatabase
from tests.checks.tenancy.designs.reading import Design, designs
from tests.checks.tenancy.designs.running import Built, built, readable

pytestmark = pytest.mark.slow

POLICIES, COVERAGE = "tenancy.rls.policies", "tenancy.rls.coverage"
SOUND = {one.name: one for one in designs("sound")}


def only(found: tuple[Finding, ...], check: str, subject: str) -> Finding:
    """The one finding of a check on a subject."""
    (one,) = (each for each in found if (each.check, each.subject) == (check, subject))
    return one


def without(design: Design, name: str) -> Design:
    """The design without one entry of its manifest."""
    return replace(design, manifest={key: value for key, value in design.manifest.items() if key != name})


def with_entry(made: Built, entry: ApprovedObject) -> Built:
    """The design with one more approved object."""
    tenancy = made.component.tenancy
    approved = tenancy.model_copy(update={"approved_objects": (*tenancy.approved_objects, entry)})
    return replace(made, component=made.component.model_copy(update={"tenancy": approved}))


def test_rows_of_nobody_offer_the_entry_after_the_repair(box_database: SandboxDatabase) -> None:
    """Coverage and policies name the entry behind its condition; without that design there is no offer."""
    with built(box_database, without(SOUND["templates_for_all"], "global_rows")) as made:
        found = made.alarms()
        for check, repair in ((POLICIES, "ALTER POLICY see ON public.templates"), (COVERAGE, "SET NOT NULL;")):
            remedy = only(found, check, "templates").remedy
            before, _, offer = remedy.partition("Only if rows without a tenant are everybody's by design")
            assert repair in before
            assert 'tenancy.global_rows: {"templates": read}' in offer
        made.run("ALTER POLICY bin ON templates USING (true)")
        assert "global_rows" not in "".join(one.remedy for one in made.alarms())


@pytest.mark.slow
def test_a_policy_for_every_command_is_split_in_two(box_database: SandboxDatabase) -> None:
    """The statement of a policy that also writes rows of nobody leaves them readable, and runs as printed."""
    with built(box_database, SOUND["templates_for_all"]) as made:
        made.run("DROP POLICY see ON templates; DROP POLICY add ON templates; DROP POLICY edit ON templates;")
        made.run("ALTER POLICY bin ON templates RENAME TO gone; DROP POLICY gone ON templates;")
        mine = "tenant_id::text = current_setting('app.tenant', true)"
        made.run(f"CREATE POLICY own ON templates USING (tenant_id IS NULL OR {mine})")
        made.run(only(made.alarms(), POLICIES, "templates").remedy.partition(" Or, where")[0])
        assert readable(made.alarms()) == []


def test_an_unread_helper_offers_to_say_what_it_returns(box_database: SandboxDatabase) -> None:
    """The finding has the entry with its digest, and with it nothing else is needed."""
    design = SOUND["raising_helper"]
    opaque = design.builds.replace("RETURN bound::uuid", "RETURN translate(bound, '{}', '')::uuid")
    with built(box_database, replace(design, builds=opaque, approve=())) as made:
        remedy = only(made.alarms(), POLICIES, "notes").remedy
        offer = re.search(r"If app\.tenant_id\(\) returns the current tenant and nothing else.*?(\{.*?\})", remedy)
        assert offer is not None
        digest = re.search(r"digest: (sha256:[0-9a-f]{64}), returns_tenant: true", offer[1])
        assert digest is not None
        entry = {"kind": "function", "name": "app.tenant_id()", "digest": digest[1], "returns_tenant": True}
        said = {"owner": "platform", "reason": "was read", "until": "2027-06-30"}
        assert readable(with_entry(made, ApprovedObject.model_validate({**entry, **said})).alarms()) == []


@pytest.mark.slow
def test_the_rewrite_reads_the_claim(box_database: SandboxDatabase) -> None:
    """Where the context is a token, the printed policy reads the tenant in it, and runs as printed."""
    with built(box_database, SOUND["hasura_user"]) as made:
        made.run("ALTER POLICY own ON orders USING (true)")
        made.run(only(made.alarms(), POLICIES, "orders").remedy.partition(" Or, where")[0])
        assert readable(made.alarms()) == []


def test_a_child_of_a_parent_that_is_not_unique_is_told_why(box_database: SandboxDatabase) -> None:
    """The remedy is not the policy that is there: it says that the parent's column is not unique."""
    design = SOUND["child_by_parent"]
    numbered = design.builds.replace("orders (id bigint PRIMARY KEY", "orders (id bigint NOT NULL").replace(
        "order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE", "order_id bigint NOT NULL"
    )
    with built(box_database, replace(design, builds=numbered)) as made:
        remedy = only(made.alarms(), POLICIES, "lines").remedy
        assert remedy.startswith("Nothing makes (id) of public.orders unique")
