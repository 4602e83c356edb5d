"""Which format and encoding a scrape gets, from its Accept and Accept-Encoding headers."""

from __future__ import annotations

from collections.abc import Iterator

from exposition.page import ExpositionFormat

_TEXT = "text/plain"
_OPENMETRICS = "application/openmetrics-text"
# Media ranges that match the text format, the least specific first: the most specific one sets its quality.
_TEXT_RANGES = ("*/*", "text/*", _TEXT)


def negotiated_format(accept: str) -> ExpositionFormat:
    """OpenMetrics, if version 1.0.0 of it (or no version) is accepted with at least the quality of text; else text.

    Text is also the answer when nothing that exists is accepted: every scraper reads it, and so do people.
    """
    openmetrics = text = 0.0
    specificity = -1
    for media, parameters, quality in _ranges(accept):
        if media == _OPENMETRICS and parameters.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, quality)
        elif media in _TEXT_RANGES and parameters.get("version", "0.0.4") == "0.0.4":
            specific = _TEXT_RANGES.index(media)
            if specific >= specificity:
                specificity, text = specific, quality
    return ExpositionFormat.OPENMETRICS if openmetrics and openmetrics >= text else ExpositionFormat.TEXT


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether gzip is accepted with at least the quality of no encoding."""
    qualities = {coding: quality for coding, _, quality in _ranges(accept_encoding)}
    anything = qualities.get("*", 0.0)
    gzip = qualities.get("gzip", qualities.get("x-gzip", anything))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _ranges(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each member of the header in lower case, with its parameters and quality; an invalid one is skipped."""
    for member in header.lower().split(","):
        name, *rest = (part.strip() for part in member.split(";"))
        parameters = {key.strip(): value.strip(' "') for key, _, value in (part.partition("=") for part in rest)}
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            yield name, parameters, quality
