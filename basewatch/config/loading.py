"""Loads the configuration from one YAML file or a folder of them, and reports every mistake at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from basewatch.config.merging import merge
from basewatch.config.model import Config, config_model
from basewatch.config.problems import validation_problems
from basewatch.config.references import broken_references
from basewatch.config.yaml_document import YamlDocument, read_yaml
from basewatch.errors import ConfigError, Problem
from basewatch.notifier import Channel

_SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """A valid configuration, the sha256 of its text, and the files it was read from, in order."""

    config: Config
    digest: str
    files: tuple[Path, ...]


def load(
    path: Path,
    channel_types: tuple[type[Channel], ...],
    known_checks: frozenset[str] | None = None,
    known_collectors: Mapping[str, frozenset[str]] | None = None,
) -> LoadedConfig:
    """The configuration in `path`, a file or a folder whose *.yaml are merged.

    `channel_types` are the kinds of channel that `alerts.channels` may have, `known_checks` the ids that `checks` may
    have, `known_collectors` the collectors by name with the ways in which each can discover. None skips that test.
    Raises: ConfigError with every problem found, in file order.
    """
    files = _files(path)
    texts = [_text(file) for file in files]
    document = merge(_read_all(files, texts))
    config = _validated(
        config_model(channel_types), document, broken_references(document, known_checks, known_collectors)
    )
    return LoadedConfig(config=config, digest=_digest(files, texts), files=files)


def _files(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    files = tuple(sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and not file.name.startswith(".")))
    if not files:
        raise _unusable(path, "the folder holds no *.yaml file", "put config.yaml there, or name another with --config")
    return files


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _unusable(file, "there is no such file", "write it, or name another with --config") from None
    except UnicodeDecodeError:
        raise _unusable(file, "this is not UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        raise _unusable(file, f"this cannot be read: {error.strerror}", "make it readable for this user") from None


def _unusable(path: Path, message: str, remedy: str) -> ConfigError:
    return ConfigError(Problem(message=message, remedy=remedy, file=str(path)))


def _read_all(files: Sequence[Path], texts: Sequence[str]) -> list[YamlDocument]:
    """Every file as a document. Raises: ConfigError, with what is wrong in each that is not a configuration at all."""
    documents: list[YamlDocument] = []
    problems: list[Problem] = []
    for file, text in zip(files, texts, strict=True):
        try:
            document = read_yaml(text, str(file))
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        if isinstance(document.tree, dict):
            documents.append(document)
        elif document.tree is None:
            problems.append(document.problem((), "the file is empty", "start with `version: 1`"))
        else:
            problems.append(document.problem((), "this is not `key: value` lines", "start with `version: 1`"))
    if problems:
        raise ConfigError(*problems)
    return documents


def _validated(model: type[Config], document: YamlDocument, links: Iterable[Problem]) -> Config:
    problems = [*document.problems, *links]
    try:
        # Strict JSON is the mode in which pydantic takes a list for a tuple, but no text for a number.
        config = model.model_validate_json(json.dumps(document.tree), strict=True)
    except ValidationError as error:
        problems.extend(validation_problems(error, document, model))
        raise ConfigError(*_in_order(problems)) from None
    if problems:
        raise ConfigError(*_in_order(problems))
    return config


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))


def _digest(files: Sequence[Path], texts: Sequence[str]) -> str:
    """The sha256 of the text of one file, or of the names and texts of several."""
    if len(files) == 1:
        return hashlib.sha256(texts[0].encode()).hexdigest()
    named = [[file.name, text] for file, text in zip(files, texts, strict=True)]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()
