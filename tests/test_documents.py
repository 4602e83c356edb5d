"""What the documents name exists, and their picture shows the imports."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import CHECKS
from tests.repository import PACKAGES, ROOT, make_targets, modules, verbs

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|md|sql|ya?ml|toml|lock|j2)|(?:[\w.-]+/)+")
NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
# Created while running, or by a reader who follows CONTRIBUTING.md.
CREATED = re.findall(r"Create\s+`([^`]+)`:", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
MADE = ("out/", ".venv/", "report.md", *CREATED)

each_document = pytest.mark.parametrize("document", DOCUMENTS)


def _text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def _quoted(document: str) -> Iterator[str]:
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _text(document))


@each_document
def test_every_file_a_document_names_exists(document: str) -> None:
    """A reader who looks for a named file or folder finds it, from the root or beside the document."""
    named = {quoted for quoted in _quoted(document) if FILE.fullmatch(quoted) and not quoted.startswith(MADE)}
    # The id of a check such as backup.vault.lock looks like the name of a file.
    assert {name for name in named - {check.id for check in CHECKS} if not _exists(name, document)} == set()


def _exists(name: str, document: str) -> bool:
    return (ROOT / name).exists() or (ROOT / document).parent.joinpath(name).exists()


@each_document
def test_every_name_a_document_quotes_exists(document: str) -> None:
    """A reader who searches for a quoted module, function or class finds it under that very name."""
    assert {quoted for quoted in _quoted(document) if NAME.fullmatch(quoted) and not _resolves(quoted)} == set()


def _resolves(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@each_document
def test_every_link_leads_somewhere(document: str) -> None:
    """No relative link is dead."""
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", _text(document)) if "://" not in link}
    assert {link for link in links - {""} if not (ROOT / document).parent.joinpath(link).exists()} == set()


@each_document
def test_every_make_target_a_document_names_exists(document: str) -> None:
    """Every `make` target that a document names exists."""
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", _text(document), re.MULTILINE))
    assert named - make_targets() == set()


@each_document
def test_every_verb_a_document_names_exists(document: str) -> None:
    """Every `basewatch` verb that a document names exists."""
    named = set(re.findall(r"(?:^|`|/)basewatch ([a-z-]+)", _text(document), re.MULTILINE))
    assert named - verbs() == set()


def test_the_picture_draws_every_import_between_packages_and_no_other() -> None:
    """The arrows of docs/architecture.md are exactly the imports between all top-level packages, tests among them."""
    (picture,) = re.findall(r"```mermaid\n(.*?)```", _text("docs/architecture.md"), re.DOTALL)
    drawn = {
        (start, end)
        for starts, ends in re.findall(r"^\s*([\w &]+?) (?:-->|-\.->|==>) ([\w &]+)$", picture, re.MULTILINE)
        for start in starts.split(" & ")
        for end in ends.split(" & ")
    }
    folders = (*PACKAGES, "benchmarks", "tests")
    imported = {
        (module.package, name.partition(".")[0])
        for module in modules(*folders)
        for name, _ in module.imports
        if name.partition(".")[0] in folders
    }
    assert drawn == {(start, end) for start, end in imported if start != end}


def test_every_decision_is_numbered_in_order() -> None:
    """Decisions are found by number, and none is missing."""
    names = sorted(path.name for path in Path(ROOT / "docs" / "decisions").glob("*.md"))
    assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
