"""Values of the context in the form of a value that names a tenant, with another id or none."""

from __future__ import annotations

import json
import secrets
from uuid import UUID, uuid4


def unknown_value(like: str, claim: tuple[str, ...] | None) -> str:
    """A random value of the same form, which no tenant has with overwhelming probability.

    In a JSON object, the id at the path `claim` is replaced, and whatever else looks like an id.
    """
    found = _object(like)
    return _random_id(like) if found is None else json.dumps(_renamed(found, claim or ()))


def value_with(like: str, claim: tuple[str, ...] | None, text: str) -> str:
    """The value with a text in place of the id: all of it, or in JSON the claim."""
    found = _object(like)
    if found is None or not claim:
        return text
    return json.dumps(_put(found, claim, text))


def id_in(value: str, claim: tuple[str, ...]) -> str:
    """The id that a value names at the path `claim`; the value itself, if it is not JSON or has no such id."""
    found: object = _object(value)
    for name in claim:
        found = found.get(name) if isinstance(found, dict) else None
    return str(found) if isinstance(found, str | int) else value


def _object(value: str) -> dict[str, object] | None:
    try:
        found: object = json.loads(value)
    except ValueError:
        return None
    return {str(name): each for name, each in found.items()} if isinstance(found, dict) else None


def _put(found: object, path: tuple[str, ...], text: str) -> object:
    if not path:
        return text
    inner = found if isinstance(found, dict) else {}
    return {**inner, path[0]: _put(inner.get(path[0]), path[1:], text)}


def _renamed(found: object, claim: tuple[str, ...]) -> object:
    if isinstance(found, dict):
        return {
            name: _random_id(str(each))
            if claim == (name,) and not isinstance(each, dict | list)
            else _renamed(each, claim[1:] if claim[:1] == (name,) else ())
            for name, each in found.items()
        }
    if isinstance(found, list):
        return [_renamed(each, ()) for each in found]
    return _random_id(str(found)) if isinstance(found, str | int) and _is_id(str(found)) else found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return text.lstrip("-").isdigit()
    return True


def _random_id(like: str) -> str:
    try:
        UUID(like)
    except ValueError:
        high = 2**30
        return str(high + secrets.randbelow(high)) if like.lstrip("-").isdigit() else f"unknown-{secrets.token_hex(8)}"
    return str(uuid4())
