"""The keys that the configuration may have at a key path, read from its models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo

from basewatch.component_settings import ConfigModel
from basewatch.config.yaml_document import KeyPath


def models_at(config: type[ConfigModel], at: KeyPath) -> tuple[type[ConfigModel], ...]:
    """The models that are valid at a key path: more than one where a `kind` selects among them."""
    models: tuple[type[ConfigModel], ...] = (config,)
    for key in at:
        fields = [_fields(model)[key] for model in models if isinstance(key, str) and key in _fields(model)]
        if fields:
            models = tuple(model for field in fields for model in _models_in(field.annotation))
    return models


def keys_at(config: type[ConfigModel], at: KeyPath, kind: object = None) -> tuple[str, ...]:
    """The keys that the mapping at `at` may have, in the order of the model; `kind` selects among several models."""
    models = models_at(config, at)
    chosen = [model for model in models if kind in _kinds(model)] or models
    return tuple(dict.fromkeys(key for model in chosen for key in _fields(model)))


def missing_key_remedy(config: type[ConfigModel], at: KeyPath) -> str:
    """What to write for a key that is missing, with an example of its value or the keys below it."""
    last = at[-1]
    models, field = models_at(config, at), _field_at(config, at)
    if last == "kind":
        return "add " + " or ".join(f"`kind: {kind}`" for model in models_at(config, at[:-1]) for kind in _kinds(model))
    if models and field:
        required = (key for model in models for key, inner in _fields(model).items() if inner.is_required())
        return f"add `{last}:` with {', '.join(dict.fromkeys(required))}"
    examples = _examples(field) if field else ()
    described = f": {field.description}" if field and field.description else ""
    return f"add `{last}: {examples[0]}`{described}" if examples else f"add `{last}:` and its value{described}"


def _fields(model: type[ConfigModel]) -> dict[str, FieldInfo]:
    """The fields by their key in the configuration, which is not their name where that is a word of Python."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field_at(config: type[ConfigModel], at: KeyPath) -> FieldInfo | None:
    return next((_fields(model)[str(at[-1])] for model in models_at(config, at[:-1]) if at[-1] in _fields(model)), None)


def _examples(field: FieldInfo) -> tuple[object, ...]:
    given = [part.json_schema or {} for part in field.metadata if isinstance(part, WithJsonSchema)]
    literal = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return (*(field.examples or ()), *(example for schema in given for example in schema.get("examples", ())), *literal)


def _models_in(annotation: Any) -> Iterator[type[ConfigModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, ConfigModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _kinds(model: type[ConfigModel]) -> tuple[object, ...]:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind and get_origin(kind.annotation) is Literal else ()
