"""Code that the database runs by itself or for a principal: functions, triggers, rules, and what built-ins are."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function or procedure outside PostgreSQL's own schemas.

    `name` is schema.name(argument types), quoted as SQL needs it. `volatility` is pg_proc's letter (i, s, v).
    `settings` are the names of its SET clauses, `search_path` the value of that one (None without). `digest` is of the
    definition: language, body, settings, rights, volatility. `tree` is prosqlbody's node tree, blanked; `body` is the
    text of a short body in SQL or PL/pgSQL with its literals blanked, empty for others: the kernel reads it to see a
    helper. `body_keywords` are the words of its body that matter: the context settings, set_config, current_setting,
    notify, execute, dblink, copy, lo_ and the like; see the statement. `referenced_relations` are the relations that
    the body of BEGIN ATOMIC names; `mentioned_relations` are those, in any schema, whose name occurs in the body as a
    word. Bodies of extensions are not read.
    """

    oid: int
    schema: str
    name: str
    owner: int
    language: str
    trusted_language: bool
    kind: str
    return_type: int
    returns_trigger: bool
    argument_count: int
    security_definer: bool
    leakproof: bool
    volatility: str
    settings: tuple[str, ...]
    search_path: str | None
    body: str
    tree: str | None
    digest: str
    body_keywords: tuple[str, ...]
    referenced_relations: tuple[int, ...] = ()
    mentioned_relations: tuple[int, ...] = ()
    returns_set: bool = False
    grants: tuple[Grant, ...]
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One trigger that is not PostgreSQL's own; `type` are the bits of tgtype, `enabled` the letter of tgenabled.

    `columns` are those of UPDATE OF, `has_when` says that it has WHEN. `digest` is the function's; where the trigger
    hands it arguments or has WHEN, it is of those as well.
    """

    oid: int
    relation: int
    name: str
    function: int
    type: int
    enabled: str
    has_when: bool
    columns: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRule:
    """One rewrite rule other than a view's own; `event` is ev_type as a word, `referenced_relations` and `referenced_functions` what it names."""

    relation: int
    name: str
    event: str
    instead: bool
    enabled: str
    referenced_relations: tuple[int, ...]
    referenced_functions: tuple[int, ...] = ()
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """One event trigger, with its function; `digest` is the function's, and of the tags where there are some."""

    name: str
    event: str
    enabled: str
    owner: int
    function: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """What the catalogue says of an OID that the proof relies on; `kind` is operator, function or type.

    `code` is prosrc of a function, the function's OID of an operator, and of a type those of its input and output
    functions with a comma between them. The functions of the operators are there as well.
    """

    kind: str
    oid: int
    name: str
    schema: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A cast that is not PostgreSQL's own; `context` is the letter of castcontext (a, e, i for implicit)."""

    source: int
    target: int
    function: int
    context: str
    extension: str = ""
