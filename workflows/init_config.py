"""Writes the first configuration of a database: a manifest drafted from its catalogue, for a person to review."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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

PLACEHOLDER = "FILL-IN"
_PLAIN = re.compile(r"[A-Za-z_][\w.-]*(?: [\w.-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ENTRY = re.compile(r"\{kind: \w+, name: .+?, digest: sha256:[0-9a-f]{64}[^}]*\}")
# What stands in for the canaries while the static checks read the draft; no probe is ever made with it.
_STAND_INS = {
    "uuid": ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    "integer": ("1", "2"),
    "bigint": ("1", "2"),
    "text": ("a", "b"),
}


def draft_config(
    url: str, output: Path | None, environ: Mapping[str, str], *, checks: Sequence[AnyCheck] = CHECKS
) -> str:
    """The drafted configuration as text; written to `output` where one is given, which must not exist yet.

    `url` is a secret reference such as `env:NAME`. Raises: BasewatchError.
    """
    if output and output.exists():
        raise BasewatchError(f"{output} exists already, and is left as it is; give another --output")
    config, name, proposal = _drafted(url, environ)
    text = "\n".join(_lines(url, name, proposal, _judged(config, environ, checks))) + "\n"
    if output:
        output.write_text(text, encoding="utf-8")
    return text


def _drafted(url: str, environ: Mapping[str, str]) -> tuple[Config, str, Proposal]:
    """A proposal from the live catalogue, and the configuration it makes with stand-ins for what is to be filled in."""
    asking = _config(url, "database", {"context": "a", "root": "a", "key": "a", "principals": ["a"], "tables": 1})
    with _clients(asking, environ).open(DatabaseClient, asking.components.databases[0]) as database:
        seen = read_catalog(database)
    proposal = propose(seen)
    return _config(url, seen.database, _manifest(proposal)), seen.database, proposal


def _config(url: str, name: str, tenancy: dict[str, object]) -> Config:
    kind = str(tenancy.get("context_type", "text"))
    parts = len(tenancy["key"]) if isinstance(tenancy["key"], list) else 1
    a, b = ([each] * parts for each in _STAND_INS[kind])
    declared = {"name": name, "url": url, "tenancy": {"context_type": kind, **tenancy, "canaries": {"a": a, "b": b}}}
    platform = {"name": name, "environment": PLACEHOLDER}
    return Config.model_validate({"version": 1, "platform": platform, "components": {"databases": [declared]}})


def _manifest(proposal: Proposal) -> dict[str, object]:
    return {
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
        "tables": proposal.table_count,
        "shared": list(proposal.shared),
    }


def _clients(config: Config, environ: Mapping[str, str]) -> LiveClients:
    at = utc_now()
    return LiveClients(AwsSessions(config, environ), CollectedMetrics(window=Window(start=at, end=at)), "init")


def _judged(config: Config, environ: Mapping[str, str], checks: Sequence[AnyCheck]) -> tuple[Finding, ...]:
    """What the static checks say of the draft; no probe is made of canaries that nobody has planted."""
    plan = plan_checks([check for check in checks if _is_static(check)], config.components, {})
    run = config.run
    deadlines = Deadlines(per_observation=run.check_deadline, total=run.deadline, concurrency=1)
    return run_checks(plan, _clients(config, environ), deadlines, utc_now(), utc_now).findings


def _is_static(check: AnyCheck) -> bool:
    return check.component is Database and check.id.startswith("tenancy.") and check.proof is Proof.CONFIGURATION


def _lines(url: str, name: str, proposal: Proposal, findings: tuple[Finding, ...]) -> Iterator[str]:
    yield "# A first configuration, drafted from the catalogue. Nothing in it is vouched for until you have read it:"
    yield f"# replace every {PLACEHOLDER}, read every line marked REVIEW, then run `basewatch validate`, and"
    yield "# `basewatch check --only 'tenancy.*'`."
    yield "version: 1"
    yield ""
    yield "platform:"
    yield f"  name: {_text(name)}"
    yield f"  environment: {PLACEHOLDER}"
    yield ""
    yield "components:"
    yield "  databases:"
    yield f"    - name: {_text(name)}"
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
    yield "# REVIEW: the settings that name the current tenant, as the policies read them."
    yield f"context: {_names(proposal.context)}"
    yield f"context_type: {proposal.context_type}"
    yield f"schemas: {_listed(proposal.schemas)}"
    yield "# REVIEW: the table that holds the tenants, and the columns that say whose a row is."
    yield f"root: {_text(proposal.root) if proposal.root else PLACEHOLDER}"
    yield f"root_key: {_names(proposal.root_key)}"
    yield f"key: {_names(proposal.key)}"
    if proposal.keys:
        yield "# REVIEW: tables whose tenant is told by other columns, or by the row they belong to."
        yield "keys:"
        yield from (f"  {_text(table)}: {_key(key)}" for table, key in proposal.keys)
    yield f"tables: {proposal.table_count}"
    yield "# REVIEW: the login roles that act for one tenant at a time. Each must be bound by row-level security."
    yield f"principals: {_listed(proposal.principals) if proposal.principals else PLACEHOLDER}"
    if proposal.privileged:
        yield "# REVIEW: roles outside the isolation. Write for each why it has to be."
        yield "privileged:"
        yield from (f"  {_text(role)}: {_text(why)}" for role, why in proposal.privileged)
    if proposal.shared:
        yield "# REVIEW: read by principals and written by none, without the tenant key. Is no tenant's row in them?"
        yield f"shared: {_listed(proposal.shared)}"
    yield f"# Two synthetic tenants that you plant, with rows in every tenant table; type {proposal.context_type}."
    yield "canaries:"
    for canary in ("a", "b"):
        yield f"  {canary}: {_names((PLACEHOLDER,) * len(proposal.key))}"
    for doubt in proposal.open_questions:
        yield f"# REVIEW: {_comment(doubt)}."
    yield from _vouched(findings)


def _vouched(findings: tuple[Finding, ...]) -> Iterator[str]:
    """What the static checks do not accept: entries to vouch by as comments, so that nothing is vouched for unread."""
    wrong = [f for f in findings if f.status in {Status.FAIL, Status.UNVERIFIED}]
    if wrong:
        yield "# The static checks do not accept what follows. Repair it; or read it, answer for it with an owner, a"
        yield "# reason and a day, and move its entry up into:"
        yield "# allowed:"
    for finding in wrong:
        yield f"# {finding.status.value} {finding.check} {_comment(finding.subject)}: {_comment(finding.summary)}"
        yield from (f"#   - {entry}" for entry in _ENTRY.findall(_comment(finding.remedy)))


def _key(key: tuple[str, ...] | DerivedKey) -> str:
    if isinstance(key, DerivedKey):
        on = ", ".join(f"{_text(own)}: {_text(above)}" for own, above in key.on)
        return f"{{parent: {_text(key.parent)}, on: {{{on}}}}}"
    return _names(key)


def _names(names: tuple[str, ...]) -> str:
    return _text(names[0]) if len(names) == 1 else _listed(names)


def _listed(names: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, names))}]"


def _text(text: str) -> str:
    """A text as YAML reads it back: plain where it may be, else in quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(text.split())
