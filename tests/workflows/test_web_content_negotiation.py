"""A scraper gets the format that it prefers, and text if it accepts no existing format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposition.page import ExpositionFormat
from workflows.web.negotiation import gzip_accepted, negotiated_format

OM = "application/openmetrics-text"
DEBIAN = f"{OM};version=1.0.0,{OM};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
V3 = (
    f"{OM};version=1.0.0;escaping=allow-utf-8;q=0.6,{OM};version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TEXT_FIRST = f"text/plain;version=0.0.4;q=0.6,{OM};version=1.0.0;q=0.5,*/*;q=0.1"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (DEBIAN, ExpositionFormat.OPENMETRICS),
        (V3, ExpositionFormat.OPENMETRICS),
        (TEXT_FIRST, ExpositionFormat.TEXT),
        (OM, ExpositionFormat.OPENMETRICS),
        (f" {OM.upper()} ; version=1.0.0 ; q=0.5 , TEXT/PLAIN;q=0.5", ExpositionFormat.OPENMETRICS),
        (f'{OM};version="1.0.0"', ExpositionFormat.OPENMETRICS),
        (f"{OM};version=0.0.1,text/plain;q=0.5", ExpositionFormat.TEXT),
        (f"{OM};version=2.0.0,text/plain;q=0.5", ExpositionFormat.TEXT),
        (f"{OM};q=0,*/*", ExpositionFormat.TEXT),
        (f"{OM};q=0", ExpositionFormat.TEXT),
        (f"{OM};q=0.5,*/*;q=0.9", ExpositionFormat.TEXT),
        (f"{OM};q=0.5,text/*;q=0.1,*/*;q=0.9", ExpositionFormat.OPENMETRICS),
        (f"{OM};q=0.5,text/plain;q=0.1,text/*;q=0.8", ExpositionFormat.OPENMETRICS),
        (f"{OM};q=0.5,text/*;q=0.8,text/plain;q=0.1", ExpositionFormat.OPENMETRICS),
        (f"{OM};q=much", ExpositionFormat.TEXT),
        (f"{OM};q=nan", ExpositionFormat.TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", ExpositionFormat.TEXT),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            ExpositionFormat.TEXT,
        ),
        ("application/json", ExpositionFormat.TEXT),
        ("text/plain;q=0", ExpositionFormat.TEXT),
        ("*/*", ExpositionFormat.TEXT),
        ("", ExpositionFormat.TEXT),
        (",;,=;q", ExpositionFormat.TEXT),
    ],
)
def test_the_format_with_the_highest_quality_is_sent(accept: str, expected: ExpositionFormat) -> None:
    """OpenMetrics is sent to clients that name and prefer it, text to all others."""
    assert negotiated_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("x-gzip", True),
        ("GZIP;Q=0.5", True),
        ("*", True),
        ("identity;q=0.5, gzip;q=1.0", True),
        ("identity, gzip", True),
        ("*;q=0, gzip", True),
        ("identity;q=0, *", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.5, identity", False),
        ("deflate, br", False),
        ("gzipped", False),
        ("*;q=0", False),
        ("", False),
    ],
)
def test_gzip_is_sent_where_it_is_accepted(accept_encoding: str, expected: bool) -> None:  # noqa: FBT001  # pytest hands it over by name
    """A quality of 0 means never; a higher quality of identity means no compression."""
    assert gzip_accepted(accept_encoding) is expected


@given(st.text())
def test_any_header_is_answered(header: str) -> None:
    """No header value raises an error."""
    assert negotiated_format(header) in ExpositionFormat
    assert gzip_accepted(header) in (True, False)
