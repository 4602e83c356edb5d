"""Stored code: functions, triggers, rewrite rules, casts, and the built-in objects that the proof relies on."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function or procedure outside PostgreSQL's own schemas.

    `name` is schema.name(argument types), quoted as in SQL. `volatility` is pg_proc's letter (i, s, v). `settings` are
    the names of its SET clauses; `search_path` is the value of that setting, or None. `digest` covers the function
    and everything that it reaches (isolation.inventory.definitions). `tree` is the redacted node tree of prosqlbody.
    `body` is the redacted text of a short body in SQL or PL/pgSQL, otherwise empty: the proof kernel resolves helpers
    of policies from it. `body_keywords` are relevant words of the body: context settings, set_config, current_setting,
    notify, execute, dblink, copy, lo_ and others. `referenced_relations` are the relations that a BEGIN ATOMIC body
    names; `mentioned_relations` are those, in any schema, whose name occurs in the body as a word. `argument_names` are
    those of its input, or none if it names none. `extension` is the extension that it belongs to, or empty.
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
    argument_names: tuple[str, ...] = ()
    security_definer: bool
    leakproof: bool
    volatility: str
    settings: tuple[str, ...]
    search_path: str | None
    body: str
    tree: str | None
    digest: str = ""
    body_keywords: tuple[str, ...]
    referenced_relations: tuple[int, ...] = ()
    mentioned_relations: tuple[int, ...] = ()
    returns_set: bool = False
    grants: tuple[Grant, ...]
    extension: str

    @property
    def compiled_by(self) -> str:
        """The extension whose compiled code it is; empty for any other, which ALTER EXTENSION can add to one."""
        return "" if self.trusted_language else self.extension


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One user-defined trigger; `type` has the bits of tgtype, `enabled` the letter of tgenabled.

    `columns` are those of UPDATE OF; `has_when` is true with a WHEN condition. `digest` covers the trigger
    and everything that it reaches, without the name of the table: a trigger of a partition has the same one.
    """

    oid: int
    relation: int
    name: str
    function: int
    type: int
    enabled: str
    has_when: bool
    columns: tuple[int, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRule:
    """One rewrite rule other than a view's _RETURN rule; `event` is ev_type as a word.

    `referenced_relations` and `referenced_functions` are the objects that its action names.
    """

    relation: int
    name: str
    event: str
    instead: bool
    enabled: str
    referenced_relations: tuple[int, ...]
    referenced_functions: tuple[int, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger:
    """One event trigger; `digest` covers it and everything that it reaches."""

    name: str
    event: str
    enabled: str
    owner: int
    function: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Builtin:
    """The catalogue row of a built-in object that the proof relies on; `kind` is operator, function or type.

    `code` is prosrc for a function, the OID of the function for an operator, and the OIDs of the input and output
    functions with a comma for a type. The functions of the operators are included.
    """

    kind: str
    oid: int
    name: str
    schema: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One user-defined domain; `functions` are those that its constraints call, by OID, built-in ones included."""

    oid: int
    functions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A user-defined cast; `context` is the letter of castcontext (a: assignment, e: explicit, i: implicit)."""

    source: int
    target: int
    function: int
    context: str
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUse:
    """A stored object that calls a function without a USAGE on its schema; `name` describes it.

    `kind` is default, constraint, index, operator, cast, type or function. `relation` is the table of the first three;
    0 for a constraint of a domain. `caller` is the function or aggregate that calls it.
    """

    function: int
    kind: str
    relation: int
    caller: int
    name: str
