"""The check that the planner ties every read and blind write of a tenant table to the context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch import components
from basewatch.check import check
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.postgres import Database
from basewatch.postgres.place import Canary, Place
from basewatch.postgres.planner import Plan, plan_blind
from basewatch.postgres.probe import TenantProbe
from checks.tenancy.inventory.reading import inventory
from checks.tenancy.inventory.relations import Command, Relation
from checks.tenancy.inventory.world import World, world
from checks.tenancy.probes.conditions import Tie, Words, bound, constants
from checks.tenancy.probes.targets import family, key_names, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan of a tenant table is held to: see Bound. No constant of the plan is kept."""

    table: str
    every_row: bool
    some_rows: bool
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One statement as one principal; `folded` says that the context had become a constant of its plan."""

    principal: str
    table: str
    command: Command
    scans: tuple[Scan, ...]
    folded: bool
    sqlstate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Every blind statement that a principal may run on a tenant table, as it would be executed.

    `tables` is how many tenant tables there are, whoever reaches them.
    """

    tables: int
    statements: tuple[Planned, ...]


_BLIND = (Command.SELECT, Command.UPDATE, Command.DELETE)
_BUSY = ("55P03", "57014")
_REFUSED = "42501"


def plans(database: Database, component: components.Database) -> Plans:
    """Asks the planner as each principal, in the context of canary A. Raises: CouldNotLook, Absent."""
    tenancy = component.tenancy
    here = world(inventory(database, component), tenancy)
    tables = here.tenant_tables()
    found = list[Planned]()
    for principal in tenancy.principals:
        role = here.role_named(principal)
        reached = [(t, here.commands(role.oid, t)) for t in tables] if role else []
        with database.acting(principal, tenancy) as probe:
            for table, commands in reached:
                asked = [command for command in _BLIND if command in commands]
                found.extend(_statements(probe, here, principal, table, asked))
    return Plans(tables=len(tables), statements=tuple(found))


def _statements(
    probe: TenantProbe, here: World, principal: str, table: Relation, commands: Iterable[Command]
) -> Iterator[Planned]:
    words, relations, target = _words(here, table), family(here, table), place(here, table)
    role = here.role_named(principal)
    writable = sorted(here.column_privileges(role.oid, table, "UPDATE")) if role else []
    for command in commands:
        column = writable[0] if command is Command.UPDATE else ""
        plan = _plan(probe, Canary.A, target, command, column)
        suspect = constants(_printed(plan), _ids(here, 0))
        other = _plan(probe, Canary.B, target, command, column) if suspect else plan
        yield Planned(
            principal=principal,
            table=here.name(table),
            command=command,
            scans=tuple(_scans(plan, relations, words, here)),
            folded=_folded(plan, other, here),
            sqlstate=plan.sqlstate,
        )
        if plan.sqlstate in _BUSY:
            return  # who holds its lock is not made to wait for us again


def _plan(probe: TenantProbe, canary: Canary, target: Place, command: Command, column: str) -> Plan:
    probe.act_as(canary)
    return plan_blind(probe, target, command, column)


def _scans(plan: Plan, relations: frozenset[tuple[str, str]], words: Words, here: World) -> Iterator[Scan]:
    for node in plan.nodes:
        if node.scans and (node.schema, node.relation) in relations:
            held = bound(node.conditions, words)
            yield Scan(
                table=here.tenancy.declared_name(node.schema, node.relation),
                every_row=held.every_row,
                some_rows=held.some_rows,
                ties=held.ties,
            )


def _words(here: World, table: Relation) -> Words:
    tenancy = here.tenancy
    settings = frozenset(setting.lower() for setting in tenancy.context)
    vouched = {allowed.name for allowed in tenancy.allowed if allowed.kind == "function" and allowed.context}
    named = {function.name: _bare(function.name) for function in here.inventory.functions}
    reading = {f.name for f in here.inventory.functions if settings & {word.lower() for word in f.mentions}}
    return Words(
        key=key_names(here, table),
        settings=settings,
        helpers=frozenset(bare for name, bare in named.items() if name in reading | vouched),
        functions=frozenset(named.values()),
    )


def _bare(name: str) -> str:
    """`tenant` of `app.tenant(uuid)`; quotes are taken off, as they are off a token."""
    return name.partition("(")[0].rpartition(".")[2].strip('"')


def _ids(here: World, canary: int) -> frozenset[str]:
    tenant, context = here.tenancy.contexts[canary]
    return frozenset((*tenant, *context))


def _folded(plan: Plan, other: Plan, here: World) -> bool:
    """Whether a canary's id is a constant of the plan because of the context: it changes with it."""
    a, b = _ids(here, 0), _ids(here, 1)
    with_a, with_b = (constants(_printed(each), a | b) for each in (plan, other))
    return bool((with_a - with_b) & a and (with_b - with_a) & b)


def _printed(plan: Plan) -> Iterator[str]:
    for node in plan.nodes:
        yield from node.conditions
        if node.within in {"InitPlan", "SubPlan"}:
            yield from node.output


@check(
    "tenancy.probe.planner",
    component=components.Database,
    observe=plans,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=("sql:CONNECT", "sql:SET ROLE"),
    promises=("tenancy",),
)
def the_planner_ties_every_scan_to_the_context(
    facts: Plans, database: components.Database, now: datetime
) -> Iterator[Verdict]:
    """Every plan over a tenant table holds each row it reads, changes or removes to the tenant in the context.

    Why: A policy counts as the server applies it: a switch, an exempt role or a constant context shows in the plan.
    Reads: EXPLAIN of a SELECT, a blind UPDATE and a blind DELETE as each principal, for two canaries; none is executed.
    Unverified when: Basewatch may not become the role, a table is locked, or a condition cannot be told from its text.
    Fix: Enable and force row-level security, and compare the key with the context in a STABLE expression.
    Source: https://www.postgresql.org/docs/15/sql-explain.html
    """
    for principal in database.tenancy.principals:
        yield judge_plans(principal, facts)


def judge_plans(principal: str, facts: Plans) -> Verdict:
    """The verdict on one principal from its plans alone."""
    own = [statement for statement in facts.statements if statement.principal == principal]
    expected = "a condition on the tenant key and the context on every scan"
    if not facts.tables:
        return unverified(Reason.NOT_ENOUGH_DATA, "There is no tenant table to plan for", subject=principal)
    if not own:
        return not_applicable(f"{principal} may read, update or delete in no tenant table", subject=principal)
    open_, folded = [s for s in own if _open(s)], [s for s in own if s.folded]
    if open_ or folded:
        what = "scans tenant tables without asking for the tenant" if open_ else "has the tenant as a constant in plans"
        observed = [f"no condition on the tenant: {_named(open_)}"] if open_ else []
        observed += [f"the context is a constant of the plan: {_named(folded)}"] if folded else []
        remedy = _ENFORCE if open_ else _STABLE
        text = "; ".join(observed)
        return failed(f"{principal} {what}", subject=principal, observed=text, expected=expected, remedy=remedy)
    doubts = [f"{s.table} {s.command}: {doubt}" for s in own for doubt in _doubts(s)]
    if doubts:
        busy = all(s.sqlstate in _BUSY for s in own if list(_doubts(s)))
        return unverified(
            Reason.TIMEOUT if busy else Reason.UNSUPPORTED,
            f"Some plans of {principal} do not tell whether they hold rows to the tenant",
            subject=principal,
            observed="; ".join(doubts),
            expected=expected,
            remedy="Look again when the lock is gone." if busy else _UNTOLD,
        )
    tables = len({s.table for s in own})
    observed_ = f"{len(own)} statements on {tables} tables, {sum(len(s.scans) for s in own)} scans"
    return passed(f"Every plan of {principal} holds its rows to the tenant", subject=principal, observed=observed_)


_ENFORCE = (
    "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, and FORCE it; ALTER ROLE ... NOBYPASSRLS; drop the policy for that "
    "command that names neither the key nor the context. tenancy.rls.policies says which."
)
_STABLE = (
    "ALTER FUNCTION ... STABLE for the function that reads the context and is declared IMMUTABLE: a plan that is kept "
    "shows one tenant's rows to the next."
)
_UNTOLD = "Read what tenancy.rls.policies says of these tables: a plan confirms a proof, and never replaces one."


def _open(statement: Planned) -> bool:
    return not statement.folded and any(not scan.some_rows for scan in statement.scans)


def _doubts(statement: Planned) -> Iterator[str]:
    if statement.sqlstate is not None and statement.sqlstate != _REFUSED:
        yield f"SQLSTATE {statement.sqlstate}"
    for scan in statement.scans:
        if not scan.every_row:
            yield f"some rows of {scan.table} pass by another condition"
        elif set(scan.ties) <= {Tie.FUNCTION}:
            yield f"{scan.table} is held by a function that nobody vouches for"


def _named(statements: Iterable[Planned]) -> str:
    return ", ".join(f"{s.table} {s.command}" for s in statements)
