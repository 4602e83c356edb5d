"""Reads of each principal, acting for each canary and without a tenant; judged by two checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, NoTenant, ProbeOutcome
from basewatch.tenancy import Tenancy
from checks.tenancy.flaws import Approvable
from checks.tenancy.probes.part_reads import PartRead, part_read, proven_reads
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import (
    ProbeTarget,
    foreign_tables,
    readable_targets,
)
from checks.tenancy.probes.shared_reads import SharedRead, shared_reads
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory
from isolation.proof import converted_columns

_TRIES = 2
_REFUSED = "42501"
# Invalid text, invalid date or time, and one out of range: the messages quote the value.
_QUOTING = frozenset({"22P02", "22007", "22008", "22003"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRead:
    """Whether rows of one relation were read in one context: of a canary, or of no tenant.

    `control` is the positive control of a canary: whether it reads a row of its own; None without a control.
    """

    context: str
    others: ProbeOutcome
    control: ProbeOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationReads:
    """The reads of one principal from one relation, in every context.

    `keyed` says that its rows have a tenant, `stored` that it stores rows itself, `has_control` that each canary must
    read a row of its own, and `proven` that the policies are proven to expose one tenant at most. `part` is set if it
    is too large to be read as a whole. `converts` says that its policies make other types from texts of its rows.
    """

    principal: str
    table: str
    keyed: bool
    stored: bool
    has_control: bool
    proven: bool
    approvables: tuple[Approvable, ...]
    reads: tuple[ContextRead, ...]
    part: PartRead | None = None
    converts: bool = False

    @property
    def leaks(self) -> tuple[str, ...]:
        """The contexts in which a row of another tenant was read."""
        return tuple(sorted(seen.context for seen in self.reads if seen.others.rows)) if self.is_conclusive else ()

    @property
    def shows_by_error(self) -> bool:
        """Whether an error quoted a value of a row, which plans without an index evaluate for every tenant.

        Another canary reads its row, so that the error is not about the context.
        """
        raised = [
            read for read in self.reads if {read.others.sqlstate, read.control and read.control.sqlstate} & _QUOTING
        ]
        works = any(read.control and read.control.rows for read in self.reads if read not in raised)
        contexts = {*Canary, NoTenant.UNKNOWN}
        return self.converts and works and any(read.context in contexts for read in raised)

    @property
    def inconclusive(self) -> tuple[ProbeOutcome, ...]:
        """The outcomes that tell nothing.

        An error in the context of a canary is one too, unless the policies are proven: it may depend on the row that is
        read first, and another query may read the others.
        """
        found = [outcome for read in self.reads for outcome in (read.others, read.control) if outcome is not None]
        raised = [read.others for read in self.reads if read.context in set(Canary) and not self.proven]
        unclear = [outcome for outcome in found if not outcome.conclusive]
        return (*unclear, *(o for o in raised if o.conclusive and o.rows is None and o.sqlstate != _REFUSED))

    @property
    def is_conclusive(self) -> bool:
        """Whether a row read from it proves a leak: a view without a tenant key may aggregate no rows into one."""
        return self.keyed or self.stored

    def approved(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether the manifest approves the relation."""
        return any(each.approved(tenancy, now) for each in self.approvables)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTenantReads:
    """The reads of all principals; `table_count` tables have the tenant key, `skipped` relations were not read.

    `shared` are the searches of shared tables for the ids of the canaries.

    The fingerprints are of the catalogues before and after: if they differ, the schema changed during the reads.
    """

    reads: tuple[RelationReads, ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    skipped: tuple[tuple[str, str], ...]
    table_count: int
    fingerprint_before: str
    fingerprint_after: str
    shared: tuple[SharedRead, ...] = ()


def cross_tenant_reads(database: DatabaseClient, component: components.Database) -> CrossTenantReads:
    """Reads as each principal, for both canaries and without a tenant; repeated once if the schema changed.

    Raises: ObservationError.
    """
    found = _observe(database, component)
    for _ in range(_TRIES - 1):
        if found.fingerprint_before != found.fingerprint_after:
            found = _observe(database, component)
    return found


def _observe(database: DatabaseClient, component: components.Database) -> CrossTenantReads:
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    proven = proven_reads(access)
    rows, shared, refused = list[RelationReads](), list[SharedRead](), list[UnprobedPrincipal]()
    for principal in tenancy.principals:
        with noting_unprobed(principal, refused):
            rows.extend(_rows(database, access, principal, tuple(readable_targets(access, principal)), proven))
            with database.session_as(principal, tenancy) as session:
                shared.extend(shared_reads(session, access, principal))
    return CrossTenantReads(
        reads=tuple(rows),
        unprobed=tuple(refused),
        skipped=tuple(
            (principal, table) for principal in tenancy.principals for table in foreign_tables(access, principal)
        ),
        table_count=len(access.tenant_tables()),
        fingerprint_before=access.inventory.server.fingerprint,
        fingerprint_after=fingerprint(database),
        shared=tuple(shared),
    )


def _no_tenant_contexts(tenancy: Tenancy) -> Iterator[tuple[NoTenant, int | None]]:
    """The contexts without a tenant; for a composite context, also those with one part that names no tenant."""
    yield from ((no_tenant, None) for no_tenant in NoTenant)
    if len(tenancy.context) > 1:
        yield from (
            (no_tenant, part)
            for part in range(len(tenancy.context))
            for no_tenant in (NoTenant.EMPTY, NoTenant.UNKNOWN)
        )


def _rows(
    database: DatabaseClient,
    access: EffectiveAccess,
    principal: str,
    targets: Sequence[ProbeTarget],
    proven: frozenset[tuple[str, int]],
) -> list[RelationReads]:
    tenancy = access.tenancy
    keyed = [target for target in targets if target.probed.keyed]
    seen: dict[str, list[ContextRead]] = {target.name: [] for target in targets}
    with database.session_as(principal, tenancy) as session:
        for no_tenant, part in _no_tenant_contexts(tenancy):
            context = no_tenant if part is None else f"{no_tenant} in {tenancy.context[part]}"
            with session.probe() as probe:
                probe.set_context(no_tenant, part=part)
                for target, outcome in zip(targets, probe.any_rows([t.probed for t in targets]), strict=True):
                    seen[target.name].append(ContextRead(context=context, others=outcome))
                probe.stop_if_blocking([target.probed for target in targets])
        for canary in Canary:
            with session.probe() as probe:
                probe.set_context(canary)
                relations = [target.probed for target in keyed]
                own, others = probe.rows_of(relations, canary), probe.rows_of_others(relations, canary)
                for target, mine, theirs in zip(keyed, own, others, strict=True):
                    seen[target.name].append(ContextRead(context=canary, others=theirs, control=mine))
                probe.stop_if_blocking(relations)
    return [
        RelationReads(
            principal=principal,
            table=target.name,
            keyed=target.probed.keyed,
            stored=target.stored,
            has_control=target.has_control,
            proven=(principal, target.relation.oid) in proven,
            approvables=target.approvables,
            reads=tuple(seen[target.name]),
            part=part_read(
                access,
                target.relation,
                [outcome for read in seen[target.name] for outcome in (read.others, read.control)],
                proven=(principal, target.relation.oid) in proven,
            ),
            converts=_converts(access, target.relation),
        )
        for target in targets
    ]


def _converts(access: EffectiveAccess, relation: Relation) -> bool:
    key = access.tenant_key(relation)
    own = {column.number for column in key} if isinstance(key, tuple) else set[int]()
    return any(
        converted_columns(policy.using.tree) - own
        for policy in access.policies_on(relation)
        if policy.using is not None
    )
