"""What each principal reads when it acts for a canary and for nobody: observed once, judged by two checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.postgres import Database
from basewatch.postgres.place import Canary, Nobody, Outcome
from basewatch.tenancy import Tenancy
from checks.tenancy.probes.places import Object, Target, foreign, readable
from checks.tenancy.probes.refusals import Refused, unless_refused
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Command
from isolation.inventory.world import World, world
from isolation.proof.gates import Answer, obligations

# Whoever vouched for part of a proof did so for this text of it; whether the day has come is for the judge to say.
_EVER = datetime.min.replace(tzinfo=UTC)
_TRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Whether rows of one relation were read in one context: a canary's, or one that names nobody.

    `own` is a canary's positive control: whether it reads a row of its own; None where there is none.
    """

    context: str
    others: Outcome
    own: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one principal read of one relation, in every context.

    `keyed` says that its rows have a tenant, `stored` that it has rows of its own, `controlled` that each canary must
    see its own there, and `proven` that the catalogues prove that reading it shows one tenant at most.
    """

    principal: str
    table: str
    keyed: bool
    stored: bool
    controlled: bool
    proven: bool
    vouchers: tuple[Object, ...]
    seen: tuple[Seen, ...]

    @property
    def leaks(self) -> tuple[str, ...]:
        """The contexts in which a row was read that is not the context's own."""
        return tuple(sorted(seen.context for seen in self.seen if seen.others.rows)) if self.counts else ()

    @property
    def counts(self) -> bool:
        """Whether rows of it are told from none: those of a view without a tenant key may be sums of nothing."""
        return self.keyed or self.stored

    def vouched(self, tenancy: Tenancy, now: datetime) -> bool:
        """Whether somebody vouches for what it shows."""
        return any(voucher.vouched(tenancy, now) for voucher in self.vouchers)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossTenant:
    """What every principal read; `tables` is how many tables have the tenant key, `skipped` what was left out.

    The fingerprints are of the catalogues before and after: where they differ, it was read during a change.
    """

    rows: tuple[Rows, ...]
    refused: tuple[Refused, ...]
    skipped: tuple[tuple[str, str], ...]
    tables: int
    before: str
    after: str


def cross_tenant(database: Database, component: components.Database) -> CrossTenant:
    """Reads as each principal for both canaries and for nobody, once more if the schema changed meanwhile.

    Raises: CouldNotLook.
    """
    found = _observe(database, component)
    for _ in range(_TRIES - 1):
        if found.before != found.after:
            found = _observe(database, component)
    return found


def _observe(database: Database, component: components.Database) -> CrossTenant:
    tenancy = component.tenancy
    known = world(inventory(database, component), tenancy)
    proven = _proven(known)
    rows, refused = list[Rows](), list[Refused]()
    for principal in tenancy.principals:
        with unless_refused(principal, refused):
            rows.extend(_rows(database, tenancy, principal, tuple(readable(known, principal)), proven))
    return CrossTenant(
        rows=tuple(rows),
        refused=tuple(refused),
        skipped=tuple((principal, table) for principal in tenancy.principals for table in foreign(known, principal)),
        tables=len(known.tenant_tables()),
        before=known.inventory.server.fingerprint,
        after=fingerprint(database),
    )


def _proven(known: World) -> frozenset[tuple[str, int]]:
    """What is proven to be read by one tenant alone: the principals, as themselves, with the relations' OIDs."""
    reads = [o for o in obligations(known, _EVER) if o.gate.command is Command.SELECT and o.role == o.principal]
    holds = {Answer.PROVEN, Answer.DENIED}
    broken = {(o.principal, o.relation) for o in reads if o.answer not in holds or o.waived}
    return frozenset((o.principal, o.relation) for o in reads) - broken


def _nobodies(tenancy: Tenancy) -> Iterator[tuple[Nobody, int | None]]:
    """Every context that names nobody, and where it has several parts, each in which one part names nobody."""
    yield from ((nobody, None) for nobody in Nobody)
    if len(tenancy.context) > 1:
        yield from (
            (nobody, part) for part in range(len(tenancy.context)) for nobody in (Nobody.EMPTY, Nobody.STRANGER)
        )


def _rows(
    database: Database, tenancy: Tenancy, principal: str, targets: Sequence[Target], proven: frozenset[tuple[str, int]]
) -> list[Rows]:
    keyed = [target for target in targets if target.place.keyed]
    seen: dict[str, list[Seen]] = {target.name: [] for target in targets}
    with database.session(principal, tenancy) as session:
        for nobody, part in _nobodies(tenancy):
            context = nobody if part is None else f"{nobody} in {tenancy.context[part]}"
            with session.probe() as probe:
                probe.act_as(nobody, part=part)
                for target, outcome in zip(targets, probe.any_rows([t.place for t in targets]), strict=True):
                    seen[target.name].append(Seen(context=context, others=outcome))
                probe.step_aside()
        for canary in Canary:
            with session.probe() as probe:
                probe.act_as(canary)
                places = [target.place for target in keyed]
                own, others = probe.rows_of(places, canary), probe.rows_of_others(places, canary)
                for target, mine, theirs in zip(keyed, own, others, strict=True):
                    seen[target.name].append(Seen(context=canary, others=theirs, own=mine))
                probe.step_aside()
    return [
        Rows(
            principal=principal,
            table=target.name,
            keyed=target.place.keyed,
            stored=target.stored,
            controlled=target.controlled,
            proven=(principal, target.relation.oid) in proven,
            vouchers=target.vouchers,
            seen=tuple(seen[target.name]),
        )
        for target in targets
    ]
