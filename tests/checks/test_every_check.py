"""What is true of every check Basewatch ships, whoever wrote it."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

import checks
from basewatch.check import DOC_SECTIONS, AnyCheck, Check
from basewatch.components import Component
from basewatch.config import Components
from checks import CHECKS


def each_check() -> pytest.MarkDecorator:
    """Runs a test once for every check, named by its id."""
    return pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def test_every_check_in_the_folder_is_listed_once() -> None:
    """A check that somebody wrote cannot be forgotten: the folder and the list hold the same."""
    written = {
        id(value): value.id
        for module in pkgutil.walk_packages(checks.__path__, "checks.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Check)
    }
    assert sorted(written.values()) == sorted(check.id for check in CHECKS)


def test_every_id_is_used_once() -> None:
    """An id names one check, for ever."""
    assert len({check.id for check in CHECKS}) == len(CHECKS)


@each_check()
def test_a_check_is_in_the_folder_of_its_family(check: AnyCheck) -> None:
    """The first word of a check's id is the folder it is found in, or a family that the folder holds."""
    assert check.judge.__module__.split(".")[1] in {
        check.id.partition(".")[0],
        *FAMILIES_HELD_ELSEWHERE.get(check.id.partition(".")[0], ()),
    }


# The audit table is a table of the tenancy database, and is read with the same connection.
FAMILIES_HELD_ELSEWHERE = {"audit": ("tenancy",)}


@each_check()
def test_a_check_says_what_an_auditor_asks(check: AnyCheck) -> None:
    """A check states its promise in one sentence, then why, from what, when nobody can tell, the fix and the source."""
    first = (check.judge.__doc__ or "").strip().partition("\n")[0]
    assert first.endswith("."), first
    assert tuple(check.doc_sections) == DOC_SECTIONS
    assert all(check.doc_sections.values())


@each_check()
def test_a_check_is_of_something_that_can_be_declared(check: AnyCheck) -> None:
    """A check's component is a kind that config.yaml has a section for."""
    assert issubclass(check.component, Component)
    assert check.component.section in Components.model_fields


@each_check()
def test_a_check_names_what_it_needs_and_its_types(check: AnyCheck) -> None:
    """What a check must be allowed, what it asks and what it is told are known without running it."""
    assert check.needs
    assert isinstance(check.client_type, type)
    assert isinstance(check.facts_type, type)


@each_check()
def test_a_check_has_an_entry_in_the_docs(check: AnyCheck) -> None:
    """Nobody has to read code to learn what a check does."""
    catalogue = Path(__file__).parents[2] / "docs" / "checks.md"
    assert f"\n## {check.id}\n" in catalogue.read_text(encoding="utf-8")
