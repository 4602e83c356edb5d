"""The isolation verifier is a library: other packages use its public modules, and no arrow inside it points up."""

from __future__ import annotations

import ast
from pathlib import Path

import isolation
from tests.repository import ROOT, Module, modules

PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
# From the lowest floor to the highest: a package imports only packages before it.
FLOORS = ("isolation.sql", "isolation.inventory", "isolation.access", "isolation.proof")


def names(module: Module) -> set[str]:
    """The full names of the modules that a module imports, including modules imported by `from package import`."""
    found = set[str]()
    for name, statement in module.imports:
        found.add(name)
        if isinstance(statement, ast.ImportFrom):
            found |= {f"{name}.{alias.name}" for alias in statement.names}
    return {name for name in found if name.partition(".")[0] == "isolation"}


def is_private(name: str) -> bool:
    """Whether a full name has a part that begins with an underscore."""
    return any(part.startswith("_") for part in name.split("."))


def test_no_other_package_imports_a_private_module() -> None:
    """Modules with an underscore are imported by isolation itself and by its own tests only."""
    own = ("isolation/", "tests/isolation/")
    others = [each for each in modules(*PACKAGES) if not each.path.startswith(own) and "isolation" in each.text]
    assert len(others) > 100
    wrong = [f"{module.path}: {name}" for module in others for name in names(module) if is_private(name)]
    assert wrong == [], "Import the name from the public package, such as isolation.proof."


def test_no_module_imports_upward() -> None:
    """Inventory, access and proof each know only the floors below; no import is hidden behind TYPE_CHECKING."""
    floors = [name.replace(".", "/") + "/" for name in FLOORS]
    for module in modules("isolation"):
        assert "TYPE_CHECKING" not in module.text, f"{module.path}: use a Protocol instead of an import upward."
        floor = next((at for at, prefix in enumerate(floors) if module.path.startswith(prefix)), None)
        above = FLOORS[floor + 1 :] if floor is not None else ()
        wrong = [name for name in names(module) if name.startswith(above)] if above else []
        assert wrong == [], f"{module.path} imports from a floor above."


def test_the_modules_of_the_proof_have_no_circle() -> None:
    """The imports inside isolation.proof can be ordered: every module can be read after those that it imports."""
    folder = "isolation/proof/"
    imports = {
        Path(module.path).stem: {name.split(".")[2] for name in names(module) if name.startswith("isolation.proof._")}
        for module in modules("isolation")
        if module.path.startswith(folder)
    }
    while imports:
        ready = {name for name, needed in imports.items() if not needed & imports.keys()}
        assert ready, f"circular imports among {sorted(imports)}"
        imports = {name: needed for name, needed in imports.items() if name not in ready}


def test_every_public_name_exists_once() -> None:
    """The package offers a handful of names, and none of them hides one of its own packages."""
    assert len(isolation.__all__) <= 10
    folders = {path.parent.name for path in (ROOT / "isolation").glob("*/__init__.py")}
    assert [name for name in isolation.__all__ if not hasattr(isolation, name) or name in folders] == []
