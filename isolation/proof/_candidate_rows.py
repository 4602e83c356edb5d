"""Candidate rows for the leak search: synthetic rows of another tenant, each with a context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

from isolation.inventory.builtin_oids import TYPES, TypeFamily
from isolation.inventory.relations import Column
from isolation.proof._evaluation import CandidateRow, Datum
from isolation.proof._proof_context import ProofContext

# Two different ids of each type, and two with a common prefix.
_UUIDS: Final = tuple(f"{begin * 8}-0000-4000-8000-00000000000{n}" for n, begin in enumerate("abcc"))
_NUMBERS: Final = ("1000000", "2000000", "3000001", "3000002")
_WORDS: Final = ("one-tenant", "two-tenant", "like-tenant-a", "like-tenant-b")
_OTHER_TENANT: Final = "another tenant's rows"


def candidate_rows(proof_context: ProofContext) -> Iterator[tuple[str, CandidateRow]]:
    """Rows of another tenant than the context names, each with a description for a person."""
    key = proof_context.access.tenant_key(proof_context.relation)
    columns = key if isinstance(key, tuple) else ()
    tenancy = proof_context.tenancy
    role = proof_context.access.role(proof_context.role)
    start = CandidateRow(
        normalizer=proof_context.normalizer,
        column_values={},
        context=(None,) * len(tenancy.context),
        role=role.name if role else "",
        principal=proof_context.principal,
        settings={},
    )
    ids = [_ids(column.id_type, tenancy.context_type) for column in columns]
    contexts = [texts for texts, _ in ids] if tenancy.members is None and ids else _users(proof_context)
    for description, row, current in (
        (_OTHER_TENANT, 0, 1),
        (_OTHER_TENANT, 1, 0),
        ("rows of a tenant whose id has the same prefix", 2, 3),
    ):
        # A composite key is another tenant's when any part of it is.
        for same in product((False, True), repeat=len(ids)):
            if ids and all(same):
                continue
            values = [typed[current if alike else row] for (_, typed), alike in zip(ids, same, strict=True)]
            yield description, _put(start, columns, values, tuple(text[current] for text in contexts))
    firsts = [typed[0] for _, typed in ids]
    for what, value in (
        ("every tenant's rows when the context was never set", None),
        ("every tenant's rows when the context is empty", ""),
        ("every tenant's rows when the context is a pattern such as %", "%"),
    ):
        yield what, _put(start, columns, firsts, (value,) * len(tenancy.context))
    kept = {column.number for column in columns if column.not_null}
    # By the manifest, a row without a tenant may be read.
    everybodys = (
        proof_context.global_rows and not kept and not proof_context.access.global_values(proof_context.relation)
    )
    if columns and len(kept) < len(columns) and not everybodys:
        nulls = [
            None if column.number not in kept else typed[1] for column, (_, typed) in zip(columns, ids, strict=True)
        ]
        unset: tuple[None, ...] = (None,) * len(tenancy.context)
        for context in (tuple(text[1] for text in contexts), unset, ("",) * len(tenancy.context)):
            yield "rows whose tenant key is NULL", _put(start, columns, nulls, context)


def _users(proof_context: ProofContext) -> list[tuple[str, ...]]:
    """Four values of the context that name no tenant by themselves: ids of users, where the context names one."""
    tenancy = proof_context.tenancy
    table = proof_context.access.relation_named(tenancy.members.table) if tenancy.members else None
    member = table.column(tenancy.members.member) if table and tenancy.members else None
    return [_ids(member.type, "text")[0]] if member else [_WORDS] * len(tenancy.context)


def _ids(type_oid: int, context_type: str) -> tuple[tuple[str, ...], tuple[Datum, ...]]:
    """Four ids as texts, and as values of the column's type."""
    family = TYPES.get(type_oid)
    if family is TypeFamily.UUID or (family is not TypeFamily.NUMBER and context_type == "uuid"):
        return _UUIDS, _UUIDS
    if family is TypeFamily.NUMBER:
        return _NUMBERS, tuple(int(number) for number in _NUMBERS)
    return (_NUMBERS, _NUMBERS) if context_type in {"integer", "bigint"} else (_WORDS, _WORDS)


def _put(
    start: CandidateRow, columns: tuple[Column, ...], values: list[Datum], context: tuple[str | None, ...]
) -> CandidateRow:
    numbers = [column.number for column in columns]
    return replace(start, column_values=dict(zip(numbers, values, strict=True)), context=context)
