"""What each principal reads when it acts for a canary and for nobody: observed once, judged by two checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, NoTenant, ProbeOutcome
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import Approvable, ProbeTarget, foreign_tables, readable_targets
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.relations import Command
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofStatus, proof_obligations

# Whoever vouched for part of a proof did so for this text of it; whether the day has come is for the judge to say.
_EVER = datetime.min.replace(tzinfo=UTC)
_TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRead:
    """Whether rows of one relation were read in one context: a canary's, or one that names nobody.

    `control` is a canary's positive control: whether it reads a row of its own; None where there is none.
    """

    context: str
    others: ProbeOutcome
    control: ProbeOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationReads:
    """What one principal read of one relation, in every context.

    `keyed` says that its rows have a tenant, `stored` that it has rows of its own, `has_control` that each canary must
    see its own there, and `proven` that the catalogues prove that reading it shows one tenant at most.
    """

    principal: str
    table: str
    keyed: bool
    stored: bool
    has_control: bool
    proven: bool
    approvables: tuple[Approvable, ...]
    reads: tuple[ContextRead, ...]

    @property
    def leaks(self) -> tuple[str, ...]:
        """The contexts in which a row was read that is not the context's own."""
        return tuple(sorted(seen.context for seen in self.reads if seen.others.rows)) if self.is_conclusive else ()

    @property
    def is_conclusive(self) -> bool:
        """Whether rows of it are told from none: those of a view without a tenant key may be sums of nothing."""
        return self.keyed or self.stored

    def approved(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether somebody vouches for what it shows."""
        return any(voucher.approved(tenancy, now) for voucher in self.approvables)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTenantReads:
    """What every principal read; `table_count` is how many tables have the tenant key, `skipped` what was left out.

    The fingerprints are of the catalogues before and after: where they differ, it was read during a change.
    """

    reads: tuple[RelationReads, ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    skipped: tuple[tuple[str, str], ...]
    table_count: int
    fingerprint_before: str
    fingerprint_after: str


def cross_tenant_reads(database: DatabaseClient, component: components.Database) -> CrossTenantReads:
    """Reads as each principal for both canaries and for nobody, once more if the schema changed meanwhile.

    Raises: ObservationError.
    """
    found = _observe(database, component)
    for _ in range(_TRIES - 1):
        if found.fingerprint_before != found.fingerprint_after:
            found = _observe(database, component)
    return found


def _observe(database: DatabaseClient, component: components.Database) -> CrossTenantReads:
    tenancy = component.tenancy
    known = effective_access(inventory(database, component), tenancy)
    proven = _proven(known)
    rows, refused = list[RelationReads](), list[UnprobedPrincipal]()
    for principal in tenancy.principals:
        with noting_unprobed(principal, refused):
            rows.extend(_rows(database, tenancy, principal, tuple(readable_targets(known, principal)), proven))
    return CrossTenantReads(
        reads=tuple(rows),
        unprobed=tuple(refused),
        skipped=tuple(
            (principal, table) for principal in tenancy.principals for table in foreign_tables(known, principal)
        ),
        table_count=len(known.tenant_tables()),
        fingerprint_before=known.inventory.server.fingerprint,
        fingerprint_after=fingerprint(database),
    )


def _proven(access: EffectiveAccess) -> frozenset[tuple[str, int]]:
    """What is proven to be read by one tenant alone: the principals, as themselves, with the relations' OIDs."""
    reads = [o for o in proof_obligations(access, _EVER) if o.gate.command is Command.SELECT and o.role == o.principal]
    holds = {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}
    broken = {(o.principal, o.relation) for o in reads if o.status not in holds or o.waived}
    return frozenset((o.principal, o.relation) for o in reads) - broken


def _nobodies(tenancy: Tenancy) -> Iterator[tuple[NoTenant, int | None]]:
    """Every context that names nobody, and where it has several parts, each in which one part names nobody."""
    yield from ((nobody, None) for nobody in NoTenant)
    if len(tenancy.context) > 1:
        yield from (
            (nobody, part) for part in range(len(tenancy.context)) for nobody in (NoTenant.EMPTY, NoTenant.UNKNOWN)
        )


def _rows(
    database: DatabaseClient,
    tenancy: Tenancy,
    principal: str,
    targets: Sequence[ProbeTarget],
    proven: frozenset[tuple[str, int]],
) -> list[RelationReads]:
    keyed = [target for target in targets if target.probed.keyed]
    seen: dict[str, list[ContextRead]] = {target.name: [] for target in targets}
    with database.session_as(principal, tenancy) as session:
        for nobody, part in _nobodies(tenancy):
            context = nobody if part is None else f"{nobody} in {tenancy.context[part]}"
            with session.probe() as probe:
                probe.set_context(nobody, part=part)
                for target, outcome in zip(targets, probe.any_rows([t.probed for t in targets]), strict=True):
                    seen[target.name].append(ContextRead(context=context, others=outcome))
                probe.stop_if_blocking()
        for canary in Canary:
            with session.probe() as probe:
                probe.set_context(canary)
                places = [target.probed for target in keyed]
                own, others = probe.rows_of(places, canary), probe.rows_of_others(places, canary)
                for target, mine, theirs in zip(keyed, own, others, strict=True):
                    seen[target.name].append(ContextRead(context=canary, others=theirs, control=mine))
                probe.stop_if_blocking()
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
        )
        for target in targets
    ]
