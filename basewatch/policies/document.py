"""Parses policy documents as IAM reads them: a string where a list could be, any case of actions, negated elements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import unquote

from basewatch.errors import ObservationError
from basewatch.model import Reason

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_WITH_VARIABLES = "2012-10-17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """The values of an element and whether it is negated, as NotAction is."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """A Principal element: pairs of a type (`AWS`, `Service`, `Federated`, `CanonicalUser`) and an identifier.

    `*` alone is `("AWS", "*")`, which is everybody.
    """

    named: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator with its modifiers, on one key. `quantifier` is `ForAllValues`, `ForAnyValue` or empty."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. An identity policy names no `principals`, and a trust policy no `resources`: these are None."""

    label: str
    effect: Literal["Allow", "Deny"]
    actions: Matcher
    resources: Matcher | None = None
    principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    variables: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The statements of one document; `name` says where it is from, such as `inline policy x of role y`."""

    name: str
    statements: tuple[Statement, ...]


def parse_policy(document: str | Mapping[str, Any], name: str) -> Policy:
    """The policy of a document: JSON, JSON that is percent-encoded as IAM answers it, or the parsed value.

    Raises: ObservationError with UNSUPPORTED, when the document is not what IAM's grammar allows.
    """
    try:
        return Policy(name=name, statements=tuple(_statements(_parsed(document), name)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"{name} is not a policy that Basewatch can read: {error}",
            remedy="report this with the version of Basewatch, and with the elements of the policy's statements",
        ) from error


def _parsed(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(document, str):
        return document
    text = document if document.lstrip().startswith("{") else unquote(document)
    return cast("Mapping[str, Any]", json.loads(text))


def _statements(document: Mapping[str, Any], name: str) -> Iterator[Statement]:
    statements = document["Statement"]
    variables = document.get("Version") == _WITH_VARIABLES
    for number, each in enumerate([statements] if isinstance(statements, dict) else statements, 1):
        if unknown := set(each) - _ELEMENTS:
            raise ValueError(f"the element {min(unknown)!r} is unknown")
        if each["Effect"] not in ("Allow", "Deny"):
            raise ValueError(f"the effect {each['Effect']!r} is unknown")
        actions = _matcher(each, "Action")
        if actions is None:
            raise ValueError("a statement has neither Action nor NotAction")
        yield Statement(
            label=f"{name}, statement {each.get('Sid') or number}",
            effect=each["Effect"],
            actions=Matcher(values=tuple(value.lower() for value in actions.values), negated=actions.negated),
            resources=_matcher(each, "Resource"),
            principals=_principals(each),
            conditions=tuple(_conditions(each.get("Condition") or {})),
            variables=variables,
        )


def _matcher(statement: Mapping[str, Any], element: str) -> Matcher | None:
    for key, negated in ((element, False), (f"Not{element}", True)):
        if key in statement:
            return Matcher(values=_texts(statement[key]), negated=negated)
    return None


def _principals(statement: Mapping[str, Any]) -> Principals | None:
    for key, negated in (("Principal", False), ("NotPrincipal", True)):
        if key not in statement:
            continue
        value = statement[key]
        if value == "*":
            return Principals(named=(("AWS", "*"),), negated=negated)
        named = tuple((kind, text) for kind, texts in value.items() for text in _texts(texts))
        return Principals(named=named, negated=negated)
    return None


def _conditions(block: Mapping[str, Mapping[str, Any]]) -> Iterator[Condition]:
    for written, keys in block.items():
        quantifier, _, operator = written.rpartition(":")
        name = operator.lower()
        if_exists = name.endswith("ifexists")
        for key, values in keys.items():
            yield Condition(
                operator=name.removesuffix("ifexists"),
                key=key.lower(),
                values=_texts(values),
                quantifier=quantifier.lower(),
                if_exists=if_exists,
            )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in (value if isinstance(value, list) else [value]))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a policy")
