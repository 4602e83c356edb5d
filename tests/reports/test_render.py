"""The three reports of a view match their snapshots and are byte-for-byte reproducible."""

from __future__ import annotations

import re

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from reports import ReportFormat, render
from tests.reports.sample import sample_view


class HtmlFile(SingleFileSnapshotExtension):
    """A snapshot that a browser opens."""

    file_extension = "html"


class MarkdownFile(SingleFileSnapshotExtension):
    """A snapshot that GitHub shows."""

    file_extension = "md"


class JsonFile(SingleFileSnapshotExtension):
    """A snapshot that programs read."""

    file_extension = "json"


_FILES = {ReportFormat.HTML: HtmlFile, ReportFormat.MARKDOWN: MarkdownFile, ReportFormat.JSON: JsonFile}


@pytest.mark.parametrize("format_", list(ReportFormat))
def test_the_sample_matches_its_snapshot(format_: ReportFormat, snapshot: SnapshotAssertion) -> None:
    """A report changes only on purpose."""
    assert render(sample_view(), format_) == snapshot(extension_class=_FILES[format_])


@pytest.mark.parametrize("format_", list(ReportFormat))
def test_the_same_view_is_the_same_bytes(format_: ReportFormat) -> None:
    """A report can be rendered again from a recorded run and compared by its hash."""
    assert render(sample_view(), format_) == render(sample_view(), format_)


def test_no_report_contains_local_paths() -> None:
    """A report is about the platform alone."""
    for format_ in ReportFormat:
        assert not re.search(rb"/home/|/root/|/tmp/|localhost", render(sample_view(), format_))
