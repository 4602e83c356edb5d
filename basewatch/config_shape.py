"""Which keys the configuration has at a place, read off its models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from basewatch.components import Declared
from basewatch.config import Config
from basewatch.config_yaml import Keys


def models_at(at: Keys) -> tuple[type[Declared], ...]:
    """The models that may stand at a key path, more than one where a `kind` decides between them."""
    models: tuple[type[Declared], ...] = (Config,)
    for key in at:
        fields = [model.model_fields[key] for model in models if isinstance(key, str) and key in model.model_fields]
        if fields:
            models = tuple(model for field in fields for model in _models_in(field.annotation))
    return models


def keys_at(at: Keys, kind: object = None) -> tuple[str, ...]:
    """The keys that may stand in the mapping at `at`, in the order of the model; `kind` chooses among several."""
    models = models_at(at)
    chosen = [model for model in models if kind in _kinds(model)] or models
    return tuple(dict.fromkeys(key for model in chosen for key in model.model_fields))


def field_at(at: Keys) -> FieldInfo | None:
    """What the models say of the key at the end of a path; None, where keys are free names."""
    last = at[-1] if at else None
    fields = (model.model_fields.get(last) for model in models_at(at[:-1]) if isinstance(last, str))
    return next((field for field in fields if field), None)


def _models_in(annotation: Any) -> Iterator[type[Declared]]:
    if inspect.isclass(annotation) and issubclass(annotation, Declared):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _kinds(model: type[Declared]) -> tuple[object, ...]:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind and get_origin(kind.annotation) is Literal else ()
