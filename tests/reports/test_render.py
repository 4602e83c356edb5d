"""A view in every format: each reads as it did, and is the same bytes each time."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

import reports
from reports import ReportFormat, render
from tests.reports.sample import sample_view
from tests.repository import ROOT


class ReportFile(SingleFileSnapshotExtension):
    """A snapshot in a file of the report's own kind, for a browser, GitHub or a program."""


def kind_of_file(format_: ReportFormat) -> type[ReportFile]:
    """The snapshot extension for a format: its files end as the report's own file does."""
    return type("ReportFile", (ReportFile,), {"file_extension": format_.file_name.rpartition(".")[2]})


each_format = pytest.mark.parametrize("format_", list(ReportFormat), ids=lambda format_: format_.name.lower())


@each_format
def test_the_sample_matches_its_snapshot(format_: ReportFormat, snapshot: SnapshotAssertion) -> None:
    """A report changes only on purpose."""
    assert render(sample_view(), format_) == snapshot(extension_class=kind_of_file(format_))


@each_format
def test_the_same_view_is_the_same_bytes(format_: ReportFormat) -> None:
    """A report can be made again from a recorded run and compared by its hash."""
    assert render(sample_view(), format_) == render(sample_view(), format_)


def test_every_format_is_registered() -> None:
    """A module of this package that renders a view is one of the formats, or no run would write it."""
    registered = {each.renderer for each in ReportFormat}
    modules = [import_module(f"reports.{module.name}") for module in iter_modules(reports.__path__)]
    for module in modules:
        renders = getattr(module, "render", None)
        assert renders is None or renders in registered, (
            f"{module.__name__} renders a report and is not registered: add it to ReportFormat in reports/__init__.py"
        )


@each_format
def test_every_file_is_documented(format_: ReportFormat) -> None:
    """The page on the scheduled pass names every file that a run writes."""
    page = (ROOT / "docs" / "scheduled-pass.md").read_text(encoding="utf-8")
    assert format_.file_name in page, f"docs/scheduled-pass.md does not name {format_.file_name}: add it to the list"


def test_no_report_names_this_machine() -> None:
    """A report is about the platform alone."""
    for format_ in ReportFormat:
        assert not re.search(rb"/home/|/root/|/tmp/|localhost", render(sample_view(), format_))
