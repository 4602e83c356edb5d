"""Rules that every check of Basewatch follows."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from pathlib import Path

import pytest

import checks
from basewatch.check import DOC_SECTIONS, AnyCheck, Check
from basewatch.clients import PassFindings, PastPasses, PlanClient
from basewatch.components import COMPONENT_TYPES, Component
from basewatch.http import HttpClient
from checks import CHECKS


def each_check() -> pytest.MarkDecorator:
    """Runs a test once for every check, named by its id."""
    return pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def test_every_check_in_the_folder_is_listed_once() -> None:
    """The modules of the folder `checks` define exactly the checks in CHECKS."""
    defined = {
        id(value): value.id
        for module in pkgutil.walk_packages(checks.__path__, "checks.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Check)
    }
    listed = sorted(check.id for check in CHECKS)
    missing = sorted(set(defined.values()) - set(listed))
    assert not missing, (
        f"{', '.join(missing)} is not registered: add it to CHECKS in the __init__.py of its folder in checks/"
    )
    assert sorted(defined.values()) == listed, "list each check once in CHECKS"


def test_every_id_is_used_once() -> None:
    """An id names exactly one check."""
    duplicates = [name for name, count in Counter(check.id for check in CHECKS).items() if count > 1]
    assert not duplicates, f"give each check an id of its own: {', '.join(duplicates)} is used twice"


@each_check()
def test_a_check_is_in_the_folder_of_its_family(check: AnyCheck) -> None:
    """The first word of a check's id is its folder, or a family that the folder contains."""
    family, folder = check.id.partition(".")[0], check.judge.__module__.split(".")[1]
    assert folder in {family, *FAMILIES_IN_OTHER_FOLDERS.get(family, ())}, (
        f"move {check.id} to checks/{family}/, or begin its id with {folder}"
    )


# The audit table is part of the tenancy database, and is read over the same connection.
FAMILIES_IN_OTHER_FOLDERS = {"audit": ("tenancy",)}


@each_check()
def test_the_docstring_of_a_check_is_its_documentation(check: AnyCheck) -> None:
    """The docstring of a judge states the promise in one sentence, and then has every fixed section."""
    first = (check.judge.__doc__ or "").strip().partition("\n")[0]
    assert first.endswith("."), f"make the first line of the docstring of {check.id} one sentence: {first}"
    assert tuple(check.doc_sections) == DOC_SECTIONS, f"give {check.id} the sections {', '.join(DOC_SECTIONS)}"
    assert all(check.doc_sections.values()), f"fill every section of the docstring of {check.id}"


@each_check()
def test_the_component_of_a_check_can_be_declared(check: AnyCheck) -> None:
    """The component of a check is a kind that has a section in config.yaml; a check of the plan is of any kind."""
    kinds = [kind for kind in COMPONENT_TYPES if issubclass(kind, check.component)]
    assert kinds
    assert check.component is not Component or check.client_type is PlanClient


@each_check()
def test_a_check_declares_its_needs_and_its_types(check: AnyCheck) -> None:
    """The privileges, the client and the facts of a check are known without running it."""
    assert check.needs or check.client_type in (PlanClient, PastPasses, PassFindings, HttpClient), (
        f"list the IAM actions or SQL grants of {check.id} in `needs`"
    )
    assert isinstance(check.client_type, type)
    assert isinstance(check.facts_type, type)


@each_check()
def test_a_check_has_an_entry_in_the_docs(check: AnyCheck) -> None:
    """Every check is documented in docs/checks.md."""
    page = Path(__file__).parents[2] / "docs" / "checks.md"
    assert f"\n## {check.id}\n" in page.read_text(encoding="utf-8"), f"run `make docs`: {check.id} is not in {page}"
