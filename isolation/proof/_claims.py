"""A claim: the value at a path of a setting whose value is JSON. The proof treats it as a setting of its own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, cast

from basewatch.tenancy import Tenancy
from isolation.inventory.builtin_oids import BOOLEAN, CURRENT_SETTING_OR_NULL, TEXT
from isolation.proof._expressions import (
    Coalesce,
    Comparison,
    Constant,
    ContextValue,
    Expression,
    FunctionCall,
    IsNull,
    NullIf,
    Opaque,
    Resolve,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._rewriting import subexpressions
from isolation.proof._terms import setting_of

# https://www.postgresql.org/docs/18/functions-json.html: the operators -> and ->> of json and jsonb with a text.
_FIELD: Final = frozenset({3962, 3211})
_FIELD_AS_TEXT: Final = frozenset({3963, 3477})
_JSON: Final = frozenset({114, 3802})
_TRUE: Final = Constant(BOOLEAN, False, b"\1")  # noqa: FBT003  # not NULL
# What stands in for a setting that was not set, and has no claim.
_NO_CLAIMS: Final = frozenset({"", "{}"})


def context_names(tenancy: Tenancy) -> tuple[str, ...]:
    """The names of the context settings in a proof, in the order of the key; of a claim, with its path."""
    return tenancy.context if tenancy.claim is None else (claim_name(tenancy.context[0], tenancy.claim),)


def claim_name(setting: str, path: tuple[str, ...]) -> str:
    """The name of a claim in a proof: its setting and its path."""
    return " ->> ".join((setting, *path))


class ClaimReader:
    """Replaces the claims in expressions by settings of their own, by the manifest; without a claim, by nothing."""

    def __init__(self, tenancy: Tenancy, resolve: Resolve) -> None:
        self._context = tenancy.context[0]
        self._names = frozenset(name.lower() for name in (tenancy.context[0], *tenancy.context_aliases))
        self._declared = tenancy.claim is not None
        self._resolve = resolve

    def in_body(self, expression: Expression) -> Expression:
        """The body of a function with each claim as a call of current_setting(), which is NULL without the claim."""
        return self._rebuilt(expression, closed=False) if self._declared else expression

    def in_policy(self, expression: Expression) -> Expression:
        """The same for a policy; what else it reads from the setting is unknown."""
        return self._rebuilt(expression, closed=True) if self._declared else expression

    def _rebuilt(self, part: Any, *, closed: bool) -> Any:  # a field of an expression
        if isinstance(part, tuple):
            return tuple(self._rebuilt(one, closed=closed) for one in part)
        if not is_dataclass(part) or isinstance(part, type):
            return part
        if isinstance(part, Comparison) and part.operator in _FIELD_AS_TEXT:
            found = self._path(part)
            if found is not None:
                setting = self._context if self._is_context(found[0]) else found[0]
                name = claim_name(setting, found[1]).encode()
                constant = Constant(TEXT, False, len(name).to_bytes(4, "little") + name)  # noqa: FBT003  # not NULL
                return FunctionCall(CURRENT_SETTING_OR_NULL, (constant, _TRUE), TEXT, False)  # noqa: FBT003  # not a set
        if isinstance(part, IsNull | Comparison) and any(self._is_whole(one) for one in subexpressions(part)):
            return part
        expression = cast("Expression", part)
        # An alias as it stands is an id: the text of a token is never equal to one.
        if self._is_whole(expression) or self._is_context(self._json(expression)):
            return Opaque("JSON", (), TEXT) if closed else part
        return replace(
            part, **{each.name: self._rebuilt(getattr(part, each.name), closed=closed) for each in fields(part)}
        )

    def _is_whole(self, expression: Expression) -> bool:
        """Whether an expression is the text of the whole setting."""
        return self._text(expression) == self._context

    def _is_context(self, setting: str | None) -> bool:
        return setting is not None and setting.lower() in self._names

    def _path(self, field: Comparison) -> tuple[str, tuple[str, ...]] | None:
        """The setting and the path of the value of -> or ->>; None if either is unknown."""
        inner, key = field.arguments
        name = key.text if isinstance(key, Constant) and key.type == TEXT else None
        if name is None:
            return None
        if isinstance(inner, Comparison) and inner.operator in _FIELD:
            above = self._path(inner)
            return above and (above[0], (*above[1], name))
        setting = self._json(inner)
        return None if setting is None else (setting, (name,))

    def _json(self, expression: Expression) -> str | None:
        """The setting that an expression reads as JSON."""
        match expression:
            case ContextValue(type=kind) if kind in _JSON:
                return self._context
            case TypeCast(cast_method="text", argument=argument, type=kind) if kind in _JSON:
                return self._text(argument)
            case SubqueryExpr():
                inner = _only_value(expression)
                return None if inner is None else self._json(inner)
            case FunctionCall():
                found = self._resolve(expression)
                return None if found is expression else self._json(found)
            case _:
                return None

    def _text(self, expression: Expression) -> str | None:  # noqa: PLR0911  # one case per shape
        """The setting whose text an expression is, where that is not empty."""
        match expression:
            case NullIf(arguments=(value, Constant() as other)) | Coalesce(arguments=(value, Constant() as other)):
                known = other.null or (other.type == TEXT and other.text in _NO_CLAIMS)
                return self._text(value) if known else None
            case Coalesce(arguments=arguments):
                # The context and its aliases hold the same, or nothing.
                each = {self._text(one) for one in arguments}
                return self._context if all(map(self._is_context, each)) else None
            case TypeCast(cast_method="relabel", argument=argument):
                return self._text(argument)
            case SubqueryExpr():
                inner = _only_value(expression)
                return None if inner is None else self._text(inner)
            case FunctionCall():
                name = setting_of(expression)
                if name is not None:
                    return name.text
                found = self._resolve(expression)
                return None if found is expression else self._text(found)
            case _:
                return None


def _only_value(select: SubqueryExpr) -> Expression | None:
    """The value of a sub-select without FROM and WHERE."""
    query = select.query
    plain = select.kind == "value" and query.simple and not query.rows and not query.conditions
    return query.targets[0] if plain and len(query.targets) == 1 else None
