"""The code keeps its rules for folders, imports, sizes, names and suppressions."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.repository import PACKAGES, ROOT, Module, modules

PRODUCT = modules(*PACKAGES)
LONGEST = 250
# A longer module stands here with the reason why two would read worse.
LONG_FOR_A_REASON: dict[str, str] = {}
EMPTY_WORDS = {"manager", "helper", "helpers", "util", "utils", "base", "data", "info", "handler"}


def test_every_folder_is_the_package_it_says() -> None:
    """Importing a package by its folder's name gives that folder, and it says what it is for."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        assert Path(str(package.__file__)).parent == ROOT / name
        assert package.__doc__, f"{name}/__init__.py does not say what the folder is for"


def test_every_package_ships_its_types() -> None:
    """Type checkers may trust the annotations of every package."""
    assert [name for name in PACKAGES if not (ROOT / name / "py.typed").exists()] == []


def test_every_folder_with_modules_is_a_package() -> None:
    """No module is in a folder that Python would only find by accident."""
    folders = {(ROOT / module.path).parent for module in modules(*PACKAGES, "tests")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_package_names_have_one_owner() -> None:
    """No installed distribution but this one brings a package of our generic names."""
    owners = importlib.metadata.packages_distributions()
    assert {name: set(owners.get(name, ())) - {"basewatch"} for name in PACKAGES} == {name: set() for name in PACKAGES}


def test_only_the_command_line_reads_the_environment() -> None:
    """Everything but workflows/cli*.py is handed what it needs; the demo's parts start programs that inherit it."""
    readers = {module.path for module in PRODUCT if module.package != "demo" and _reads_environment(module)}
    assert {path for path in readers if not path.startswith("workflows/cli")} == set()


def _reads_environment(module: Module) -> bool:
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"} for node in module.nodes
    )


def test_the_command_line_starts_light() -> None:
    """`basewatch --help` waits for nothing heavy: neither the demo nor what only some verbs need is imported first."""
    heavy = ("demo", "boto3", "botocore", "sqlalchemy", "psycopg", "pydantic", "starlette", "moto")
    script = f"import sys, workflows.cli; print(*(name for name in {heavy} if name in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_modules_are_short() -> None:
    """A module is about one thing: longer than 250 lines needs a reason, and a reason needs a longer module."""
    long = {module.path for module in PRODUCT if len(module.text.splitlines()) > LONGEST}
    assert long == set(LONG_FOR_A_REASON)


def test_no_name_is_empty() -> None:
    """No class and no module is called by a word that says nothing of what it is."""
    named = [(module.path, Path(module.path).stem) for module in PRODUCT]
    named += [(m.path, thing.name) for m in PRODUCT for thing in m.definitions if isinstance(thing, ast.ClassDef)]
    assert [f"{path}: {name}" for path, name in named if EMPTY_WORDS & _words(name)] == []


def _words(name: str) -> set[str]:
    # GetMetricData is an operation of CloudWatch: its name is not ours.
    name = name.replace("MetricData", "").replace("metric_data", "")
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def test_words_are_split_as_people_read_them() -> None:
    """Names are judged by whole words: Database is one, DataBase and row_data are two."""
    assert _words("Database") == {"database"}
    assert _words("DataBase") == {"data", "base"}
    assert _words("_row_data") == {"row", "data"}
    assert _words("HTTPHandler") == {"http", "handler"}


def test_every_test_says_what_it_promises() -> None:
    """Every test's docstring is its promise."""
    silent = [
        f"{module.path}: {definition.name}"
        for module in modules("tests")
        for definition in module.definitions
        if definition.name.startswith("test_") and not ast.get_docstring(definition)
    ]
    assert silent == []


SUPPRESSION = re.compile(
    r"# (?:type: ignore|noqa|pyright: ignore)(?P<code>\[[\w, -]+\]|: [A-Z]+\d+(?:, [A-Z]+\d+)*)?(?P<why>  # \S.*)?"
)


def test_every_suppression_has_a_code_and_a_reason() -> None:
    """A `type: ignore` or `noqa` names what it silences and says why, itself or for the lines right below it."""
    everything = modules(*PACKAGES, "tests", "benchmarks")
    assert [f"{module.path}:{number}" for module in everything for number in _unexplained(module.text)] == []


def _unexplained(text: str) -> Iterator[int]:
    explained = None
    for number, line in enumerate(text.splitlines(), 1):
        match = SUPPRESSION.search(line)
        if match is None or (match["code"] and match["why"]):
            explained = match and match["code"]
        elif match["code"] is None or match["code"] != explained:
            yield number


def test_a_suppression_is_explained_once_for_neighbours() -> None:
    """One reason serves the lines right below that silence the same, and no others."""
    lines = ["1  #~noqa: A001  # because", "2  #~noqa: A001", "3  #~noqa: A001", "4", "5  #~noqa: A001"]
    lines += ["6  #~noqa: A001  # because", "7  #~noqa: B001", "8  #~noqa"]
    assert list(_unexplained("\n".join(lines).replace("~", " "))) == [5, 7, 8]
