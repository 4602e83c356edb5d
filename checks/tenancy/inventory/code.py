"""Code that the database runs by itself or for a principal: functions, triggers, rules, and what built-ins are."""

from __future__ import annotations

from dataclasses import dataclass

from checks.tenancy.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function or procedure outside PostgreSQL's own schemas.

    `name` is schema.name(argument types). `volatility` is pg_proc's letter (i, s, v). `settings` are the names of its
    SET clauses, `search_path` the value of that one (None without). `digest` is of the definition: language, body,
    settings, rights, volatility. `tree` is prosqlbody's node tree, blanked; `body` is the text of a short body in SQL
    or PL/pgSQL with its literals blanked, empty for others: the kernel reads it to see a helper.
    `mentions` are the words of its body that matter: the context settings, set_config, current_setting, notify,
    execute, dblink, copy, lo_ and the like; see the statement. `uses` are the relations that the body of BEGIN ATOMIC
    names.
    """

    oid: int
    schema: str
    name: str
    owner: int
    language: str
    trusted: bool
    kind: str
    returns: int
    returns_trigger: bool
    arguments: int
    definer: bool
    leakproof: bool
    volatility: str
    settings: tuple[str, ...]
    search_path: str | None
    body: str
    tree: str | None
    digest: str
    mentions: tuple[str, ...]
    uses: tuple[int, ...] = ()
    grants: tuple[Grant, ...]
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One trigger that is not PostgreSQL's own; `type` are the bits of tgtype, `enabled` the letter of tgenabled.

    `columns` are those of UPDATE OF, `conditional` says that it has WHEN. `digest` is of the function's definition.
    """

    oid: int
    relation: int
    name: str
    function: int
    type: int
    enabled: str
    conditional: bool
    columns: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rewrite rule other than a view's own; `event` is ev_type as a word, `uses` the relations it names."""

    relation: int
    name: str
    event: str
    instead: bool
    enabled: str
    uses: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """One event trigger, with its function."""

    name: str
    event: str
    enabled: str
    owner: int
    function: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """What the catalogue says of an OID that the proof relies on; `kind` is function, operator, type or cast.

    `code` is prosrc of a function, the function's OID of an operator, and `name` their name in pg_catalog.
    """

    kind: str
    oid: int
    name: str
    schema: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A cast that is not PostgreSQL's own."""

    source: int
    target: int
    function: int
    context: str
