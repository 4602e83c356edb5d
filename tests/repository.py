"""The repository as text: its packages, its modules, and what each module imports and defines."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import typer
from typer.main import get_group

from workflows import cli, cli_offline

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: tuple[str, ...] = tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@dataclass(frozen=True, kw_only=True)
class Module:
    """One Python file: its path from the root and its text. Each file is read and parsed once."""

    path: str
    text: str

    @property
    def package(self) -> str:
        """The top-level folder that the module is in."""
        return self.path.partition("/")[0]

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @property
    def imports(self) -> Iterator[tuple[str, ast.stmt]]:
        """Every module it imports by full name, wherever in the file, with the statement that does."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((alias.name, node) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield node.module, node

    @property
    def definitions(self) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every class and function it defines, at any depth."""
        for node in self.nodes:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file under these folders, in order of path."""
    return tuple(_module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def _module(path: Path) -> Module:
    return Module(path=path.relative_to(ROOT).as_posix(), text=path.read_text(encoding="utf-8"))


def make_targets() -> set[str]:
    """Every target that the Makefile offers."""
    return set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def verbs() -> set[str]:
    """Every verb of the command line, of both modules that hold them."""
    describing = typer.Typer()
    cli_offline.add_to(describing)
    return {*get_group(cli.app).commands, *get_group(describing).commands}
