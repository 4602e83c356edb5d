"""A first configuration is drafted from a live catalogue, approves nothing, and works once it is filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from basewatch.components import Database
from basewatch.config.loading import load
from basewatch.errors import BasewatchError, ConfigError
from basewatch.model import Status
from checks import CHECKS
from checks.tenancy.stored_code.functions import no_function_bypasses_policies
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B
from tests.programs import measured
from tests.workflows.test_cli import basewatch
from workflows.commands import prepare, utc_now
from workflows.init_config import PLACEHOLDER, draft_config
from workflows.monitor import observe_plan

SCHEMA = Path(__file__).parent / "org_schema.sql"
URL = "env:DRAFTED_URL"


@pytest.fixture
def org(box_database: SandboxDatabase) -> Iterator[str]:
    """The superuser URL of another platform's database on the sandbox server."""
    admin = box_database.superuser_url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE crm")
    url = admin.replace("/securebase", "/crm")
    try:
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA.read_bytes())
        yield url
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP DATABASE crm WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS crm_web")


def filled(text: str, a: str, b: str) -> str:
    """The draft with its placeholders replaced."""
    canaries = text.replace(f"a: {PLACEHOLDER}", f"a: {a}").replace(f"b: {PLACEHOLDER}", f"b: {b}")
    return canaries.replace(f"environment: {PLACEHOLDER}", "environment: test")


def drafted(tmp_path: Path, text: str) -> Database:
    """The database that a configuration declares."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    (database,) = load(path, ()).config.components.databases
    return database


def test_the_draft_of_the_sandbox_matches_its_declaration(box_database: SandboxDatabase, tmp_path: Path) -> None:
    """Context, root, key, principals, tables and shared are those that SecureBase's own configuration declares."""
    text = draft_config(URL, None, {"DRAFTED_URL": box_database.url})
    found = drafted(tmp_path, filled(text, CANARY_A, CANARY_B)).tenancy
    declared = yaml.safe_load((SCHEMA.parents[2] / "config.yaml").read_text(encoding="utf-8"))
    wanted = declared["components"]["databases"][0]["tenancy"]
    assert (found.context, found.context_type) == ((wanted["context"],), "uuid")
    assert (found.root, found.key, found.min_tables) == (wanted["root"], (wanted["key"],), wanted["min_tables"])
    assert set(found.principals) == set(wanted["principals"])
    assert set(found.shared) == set(wanted["shared"])
    assert {"admin", "basewatch"} <= set(found.privileged)
    assert (found.keys, found.approved_objects) == ({}, ())


def test_another_schema_is_drafted_with_its_own_names(org: str, tmp_path: Path) -> None:
    """A text key, quoted names, a helper function, a derived table and a second schema are all found."""
    found = drafted(tmp_path, filled(draft_config(URL, None, {"DRAFTED_URL": org}), "canary-a", "canary-b")).tenancy
    assert (found.context, found.context_type, found.schemas) == (("crm.org",), "text", ("crm",))
    assert (found.root, found.root_key, found.key) == ("Org Units", ("code",), ("org",))
    assert (found.principals, found.min_tables, found.shared) == (("crm_web",), 3, ("ref.countries",))
    (notes,) = found.keys.items()
    assert notes[0] == "deal_notes"
    assert not isinstance(notes[1], tuple)
    assert (notes[1].parent, notes[1].on) == ("deals", {"deal": "id"})


def test_a_draft_is_invalid_until_it_is_filled_in(box_database: SandboxDatabase, tmp_path: Path) -> None:
    """Placeholders are refused, so that no probe runs with canaries that do not exist."""
    with pytest.raises(ConfigError, match="canar"):
        drafted(tmp_path, draft_config(URL, None, {"DRAFTED_URL": box_database.url}))


def test_nothing_is_approved_without_a_review(org: str, tmp_path: Path) -> None:
    """The approval entry of a SECURITY DEFINER function has its digest, and is a comment."""
    checks = [*(c for c in CHECKS if c.id != no_function_bypasses_policies.id), no_function_bypasses_policies]
    text = draft_config(URL, None, {"DRAFTED_URL": org}, checks=checks)
    (entry,) = [line for line in text.splitlines() if "kind: function" in line and "deals_of_all" in line]
    assert entry.strip().startswith("#")
    assert "digest: sha256:" in entry
    assert drafted(tmp_path, filled(text, "canary-a", "canary-b")).tenancy.approved_objects == ()


def test_from_a_url_to_verdicts(org: str, tmp_path: Path) -> None:
    """Drafted, filled in, validated and checked: a plain PostgreSQL without AWS gets a verdict for every pair."""
    path = tmp_path / "drafted.yaml"
    said = basewatch("init", "--url", URL, "--output", str(path), cwd=tmp_path, environ={"DRAFTED_URL": org})
    assert (said.returncode, said.stderr) == (0, "")
    path.write_text(filled(path.read_text(encoding="utf-8"), "canary-a", "canary-b"), encoding="utf-8")
    assert basewatch("validate", "--config", str(path), cwd=tmp_path).returncode == 0
    prepared = prepare(path, {"DRAFTED_URL": org, **measured()}, only="tenancy.*")
    run = observe_plan(prepared.plan, prepared.sessions, prepared.plan.next_window(None, utc_now()), utc_now).run
    assert {(f.check, f.component) for f in run.findings} == {(p.check, p.component) for p in run.expected}
    verified = {f.check for f in run.findings if f.status is not Status.UNVERIFIED}
    assert {"tenancy.rls.coverage", "tenancy.rls.bypass_roles"} <= verified


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """An existing file is an error and stays unchanged."""
    path = tmp_path / "config.yaml"
    path.write_text("reviewed")
    with pytest.raises(BasewatchError, match="exists already"):
        draft_config(URL, path, {})
    assert path.read_text() == "reviewed"
