"""Large relations of which a probe read a part: no index answers their policies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from basewatch.model import Reason, Verdict, unverified
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.probe_targets import BEFORE_ANY_EXPIRY, tenant_key_columns
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import qualified, quoted
from isolation.inventory.relations import Command, Relation
from isolation.proof import ProofStatus, proof_obligations

READ_IN_PART = "the rows of the canaries and a sample of its blocks"
"""What a probe reads of a large relation whose policies no index answers."""


BARE_KEY = (
    "Compare the bare key column with the context in the policies, in a STABLE expression, as tenancy.rls.policies "
    "prints it: an index answers neither a cast of the column nor a VOLATILE function, and none of BRIN finds a tenant."
)
"""The remedy where an index by tenant exists, and the policies cannot use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRead:
    """A relation that was read in part, by its declared name.

    `missing` are the statements that create the missing indexes; empty if there is an index by tenant that the policies
    cannot use. `proven` says that the policies are proven, so that a part is enough where no index can help.
    """

    table: str
    missing: tuple[str, ...]
    proven: bool

    @property
    def suffices(self) -> bool:
        """Whether the part is enough: the policies are proven, and no index is missing."""
        return self.proven and not self.missing


def proven_reads(access: EffectiveAccess) -> frozenset[tuple[str, int]]:
    """The pairs of principal and relation OID whose reads are proven to expose one tenant alone."""
    return frozenset((who, relation) for who, relation, command in proven_commands(access) if command is Command.SELECT)


def proven_commands(access: EffectiveAccess) -> frozenset[tuple[str, int, Command]]:
    """The principals, relation OIDs and commands that are proven to reach rows of one tenant alone."""
    own = [o for o in proof_obligations(access, BEFORE_ANY_EXPIRY) if o.role == o.principal]
    holds = {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}
    broken = {(o.principal, o.relation, o.gate.command) for o in own if o.status not in holds or o.waived}
    return frozenset((o.principal, o.relation, o.gate.command) for o in own) - broken


def part_read(
    access: EffectiveAccess, relation: Relation, outcomes: Iterable[ProbeOutcome | None], *, proven: bool
) -> PartRead | None:
    """What is known of a relation that at least one attempt read in part without a row; None if none did."""
    names = {name for outcome in outcomes if outcome is not None and not outcome.rows for name in outcome.unindexed}
    if not names:
        return None
    missing = tuple(missing_indexes(access, names))
    return PartRead(table=access.declared_name(relation), missing=missing, proven=proven)


def missing_indexes(access: EffectiveAccess, names: Iterable[str]) -> Iterator[str]:
    """The statements for the relations of these quoted names that have no index by tenant."""
    wanted = set(names)
    for relation in access.inventory.relations:
        name = f'"{_doubled(relation.schema)}"."{_doubled(relation.name)}"'
        if name in wanted and not _has_index(access, relation):
            columns = ", ".join(map(quoted, tenant_key_columns(access, relation)))
            if columns:
                yield f"CREATE INDEX CONCURRENTLY ON {qualified(relation.schema, relation.name)} ({columns});"


def _doubled(name: str) -> str:
    return name.replace('"', '""')


def _has_index(access: EffectiveAccess, relation: Relation) -> bool:
    key = {c.number for c in relation.columns if c.name in tenant_key_columns(access, relation)}
    return any(
        index.valid and not index.partial and key.intersection(index.columns[:1])
        for index in access.indexes_of(relation)
    )


def judge_parts(principal: str, parts: Sequence[PartRead], expected: str) -> Verdict | None:
    """UNVERIFIED if a part does not suffice, with the missing indexes; None otherwise."""
    unclear = sorted((part for part in parts if not part.suffices), key=lambda part: part.table)
    if not unclear:
        return None
    missing = list(dict.fromkeys(statement for part in unclear for statement in part.missing))
    why = "have no index by tenant" if missing else "have policies that use no index by tenant"
    remedy = " ".join(missing) or BARE_KEY
    return unverified(
        Reason.NOT_ENOUGH_DATA,
        f"Some relations that {principal} may read are too large to be read as a whole, and {why}",
        subject=principal,
        observed=f"of {', '.join(part.table for part in unclear)}: no row of others among {READ_IN_PART}",
        expected=expected,
        remedy=remedy,
    )


def parts_text(parts: Iterable[PartRead]) -> str:
    """What a PASS says about the relations that were read in part; empty without any."""
    names = sorted({part.table for part in parts})
    return f"; of {', '.join(names)}, whose proven policies no index answers, {READ_IN_PART}" if names else ""
