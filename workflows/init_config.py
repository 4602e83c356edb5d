"""`basewatch init`: drafts a first configuration from the catalogue of a database, for a person to review."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from basewatch.atomic_files import READ_BY_ALL, replace_file
from basewatch.check import AnyCheck
from basewatch.components import Database
from basewatch.config import Config
from basewatch.errors import BasewatchError
from basewatch.metrics import CollectedMetrics
from basewatch.model import Finding, Proof, Status, Window
from basewatch.postgres import DatabaseClient
from checks import CHECKS
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks
from isolation.draft import DerivedKey, Proposal, propose, read_catalog
from workflows.clients import AwsSessions, LiveClients
from workflows.commands import utc_now
from workflows.yaml_scalars import comment, listed, named, scalar

PLACEHOLDER = "FILL-IN"
_ENTRY = re.compile(r"\{kind: \w+, name: .+?, digest: sha256:[0-9a-f]{64}[^}]*\}")
# Values used for the canaries while the static checks judge the draft; no probe runs with them.
_CANARY_VALUES = {
    "uuid": ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    "integer": ("1", "2"),
    "bigint": ("1", "2"),
    "text": ("a", "b"),
}


def draft_config(
    url: str, output: Path | None, environ: Mapping[str, str], *, checks: Sequence[AnyCheck] = CHECKS
) -> str:
    """The drafted configuration as text. It is also written to `output`, if given, which must not exist yet.

    `url` is a secret reference such as `env:NAME`. Raises: BasewatchError.
    """
    if output and output.exists():
        raise BasewatchError(f"{output} exists already and was not changed; give another --output")
    config, name, proposal = _drafted(url, environ)
    text = "\n".join(_lines(url, name, proposal, _judged(config, environ, checks))) + "\n"
    if output:
        replace_file(output, text.encode(), READ_BY_ALL)
    return text


def _drafted(url: str, environ: Mapping[str, str]) -> tuple[Config, str, Proposal]:
    """The proposal from the live catalogue, and its configuration with values in place of the placeholders."""
    connection = _config(
        url, "database", {"context": "a", "root": "a", "key": "a", "principals": ["a"], "min_tables": 1}
    )
    with _clients(connection, environ).open(DatabaseClient, connection.components.databases[0]) as database:
        catalog = read_catalog(database)
    proposal = propose(catalog)
    return _config(url, catalog.database, _manifest(proposal)), catalog.database, proposal


def _config(url: str, name: str, tenancy: dict[str, object]) -> Config:
    kind = str(tenancy.get("context_type", "text"))
    parts = len(tenancy["key"]) if isinstance(tenancy["key"], list) else 1
    a, b = ([each] * parts for each in _CANARY_VALUES[kind])
    users = {"user_a": "a", "user_b": "b"} if "members" in tenancy else {}
    canaries = {"a": a, "b": b, **users}
    declared = {"name": name, "url": url, "tenancy": {"context_type": kind, **tenancy, "canaries": canaries}}
    platform = {"name": name, "environment": PLACEHOLDER}
    return Config.model_validate({"version": 1, "platform": platform, "components": {"databases": [declared]}})


def _manifest(proposal: Proposal) -> dict[str, object]:
    members, claim = proposal.members, list(proposal.claim)
    return {
        **({"claim": claim} if claim else {}),
        **({"context_aliases": list(proposal.context_aliases)} if proposal.context_aliases else {}),
        **(
            {
                "members": {
                    "table": members.table,
                    "member": members.member,
                    "key": list(members.key),
                    "own": dict(members.own),
                }
            }
            if members
            else {}
        ),
        "context": list(proposal.context),
        "context_type": proposal.context_type,
        "schemas": list(proposal.schemas),
        "root": proposal.root or PLACEHOLDER,
        "root_key": list(proposal.root_key),
        "key": list(proposal.key),
        "keys": {
            name: {"parent": key.parent, "on": dict(key.on)} if isinstance(key, DerivedKey) else list(key)
            for name, key in proposal.keys
        },
        "principals": list(proposal.principals) or [PLACEHOLDER],
        "privileged": dict(proposal.privileged),
        "min_tables": proposal.table_count,
        "shared": list(proposal.shared),
        "global_rows": {table: dict(values) or "read" for table, values in proposal.global_rows},
        "no_tenant": list(proposal.no_tenant),
        "unforced_owners": dict.fromkeys(proposal.unforced_owners, PLACEHOLDER),
    }


def _clients(config: Config, environ: Mapping[str, str]) -> LiveClients:
    at = utc_now()
    return LiveClients(AwsSessions(config, environ), CollectedMetrics(window=Window(start=at, end=at)), "init")


def _judged(config: Config, environ: Mapping[str, str], checks: Sequence[AnyCheck]) -> tuple[Finding, ...]:
    """The findings of the static checks on the draft. No probe runs, because the canaries do not exist yet."""
    plan = plan_checks([check for check in checks if _is_static(check)], config.components, {})
    run = config.run
    deadlines = Deadlines(per_observation=run.check_deadline, total=run.deadline, concurrency=1)
    return run_checks(plan, _clients(config, environ), deadlines, utc_now(), utc_now).findings


def _is_static(check: AnyCheck) -> bool:
    return check.component is Database and check.id.startswith("tenancy.") and check.proof is Proof.CONFIGURATION


def _lines(url: str, name: str, proposal: Proposal, findings: tuple[Finding, ...]) -> Iterator[str]:
    yield "# A first configuration, drafted from the catalogue. Nothing in it is approved yet:"
    yield f"# replace every {PLACEHOLDER}, review every line marked REVIEW, then run `basewatch validate` and"
    yield "# `basewatch check --only 'tenancy.*'`."
    yield "version: 1"
    yield ""
    yield "platform:"
    yield f"  name: {scalar(name)}"
    yield f"  environment: {PLACEHOLDER}"
    yield ""
    yield "components:"
    yield "  databases:"
    yield f"    - name: {scalar(name)}"
    yield f"      url: {url}"
    yield "      tenancy:"
    yield from (f"        {line}" if line else "" for line in _tenancy_lines(proposal, findings))
    yield ""
    yield "history:"
    yield "  url: sqlite:///out/basewatch.db"
    yield ""
    yield "reports:"
    yield "  directory: out"


def _tenancy_lines(proposal: Proposal, findings: tuple[Finding, ...]) -> Iterator[str]:
    yield "# REVIEW: the settings that hold the current tenant, as the policies read them."
    yield f"context: {named(proposal.context)}"
    if proposal.claim:
        yield "# REVIEW: the path of the id in the setting, whose value is JSON."
        yield f"claim: {named(proposal.claim)}"
    if proposal.context_aliases:
        yield "# REVIEW: policies also take these settings for the context; each must hold the same, or nothing."
        yield f"context_aliases: {listed(proposal.context_aliases)}"
    yield f"context_type: {proposal.context_type}"
    yield f"schemas: {listed(proposal.schemas)}"
    yield "# REVIEW: the table of the tenants, and the columns that hold the tenant of a row."
    yield f"root: {scalar(proposal.root) if proposal.root else PLACEHOLDER}"
    yield f"root_key: {named(proposal.root_key)}"
    yield f"key: {named(proposal.key)}"
    if proposal.keys:
        yield "# REVIEW: tables with other tenant columns, or whose rows belong to the tenant of a parent row."
        yield "keys:"
        yield from (f"  {scalar(table)}: {_key(key)}" for table, key in proposal.keys)
    if proposal.members:
        table, member = scalar(proposal.members.table), scalar(proposal.members.member)
        yield "# REVIEW: the context names a user; this table says which tenants a user may access."
        if proposal.members.own:
            yield "# `own` are tables of the user's own rows, with the column of the user."
        each = ", ".join(f"{scalar(name)}: {scalar(column)}" for name, column in proposal.members.own)
        own = f", own: {{{each}}}" if each else ""
        yield f"members: {{table: {table}, member: {member}, key: {named(proposal.members.key)}{own}}}"
    yield f"min_tables: {proposal.table_count}"
    yield "# REVIEW: the roles that act for one tenant at a time. Row-level security must apply to each."
    yield f"principals: {listed(proposal.principals) if proposal.principals else PLACEHOLDER}"
    if proposal.privileged:
        yield "# REVIEW: roles to which the isolation does not apply. Give the reason for each."
        yield "privileged:"
        yield from (f"  {scalar(role)}: {scalar(why)}" for role, why in proposal.privileged)
    yield from _exceptions(proposal)
    yield f"# Ids (type {proposal.context_type}) of two test tenants that you create, with rows in every tenant table."
    yield "canaries:"
    for canary in ("a", "b"):
        yield f"  {canary}: {named((PLACEHOLDER,) * len(proposal.key))}"
    if proposal.members:
        yield "  # The id of a user of each, who is a member of that tenant alone."
        yield from (f"  user_{canary}: {PLACEHOLDER}" for canary in ("a", "b"))
    for question in proposal.open_questions:
        yield f"# REVIEW: {comment(question)}."
    yield from _approvals(findings)


def _exceptions(proposal: Proposal) -> Iterator[str]:
    """The tables and roles to which the isolation applies in part."""
    if proposal.shared:
        yield "# REVIEW: tables without the tenant key that principals only read. They must hold no tenant data."
        yield f"shared: {listed(proposal.shared)}"
    if proposal.global_rows:
        yield "# REVIEW: tables with rows that are everybody's, those without a tenant or with these values: every"
        yield "# tenant may read them, and none but their own may write them."
        yield "global_rows:"
        for table, values in proposal.global_rows:
            each = ", ".join(
                f"{scalar(column)}: {value if value == 'true' else scalar(value)}" for column, value in values
            )
            yield f"  {scalar(table)}: " + (f"{{{each}}}" if values else "read")
    if proposal.no_tenant:
        yield "# REVIEW: ids that no tenant has, which policies use where no tenant is set."
        yield f"no_tenant: {named(tuple(proposal.no_tenant))}"
    if proposal.unforced_owners:
        yield "# REVIEW: owners that never force row security, so that no policy binds them. Give the reason for each,"
        yield "# or force it. The entry has no effect where a principal can become the owner."
        yield "unforced_owners:"
        yield from (f"  {scalar(role)}: forces row security on none of its tables" for role in proposal.unforced_owners)


def _approvals(findings: tuple[Finding, ...]) -> Iterator[str]:
    """The findings that do not pass, with approval entries as comments: a person must move them."""
    open_findings = [f for f in findings if f.status in {Status.FAIL, Status.UNVERIFIED}]
    if open_findings:
        yield "# The static checks do not pass on the following. Repair each; or review it, and approve it by moving"
        yield "# its entry to approved_objects with an owner, a reason and an expiry date."
        yield "# approved_objects:"
    for finding in open_findings:
        yield f"# {finding.status.value} {finding.check} {comment(finding.subject)}: {comment(finding.summary)}"
        yield from (f"#   - {entry}" for entry in _ENTRY.findall(comment(finding.remedy)))


def _key(key: tuple[str, ...] | DerivedKey) -> str:
    if isinstance(key, DerivedKey):
        on = ", ".join(f"{scalar(own)}: {scalar(above)}" for own, above in key.on)
        return f"{{parent: {scalar(key.parent)}, on: {{{on}}}}}"
    return named(key)
