"""What is known at one moment: the newest finding of everything that is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from basewatch.components import Component
from basewatch.model import Evidence, ExpectedCheck, Finding, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The newest findings of every expected check, however many passes they come from.

    `judged` are the pairs that the last pass, `run`, has judged; the other findings are of earlier passes. `evidence`
    is what the findings rest on, by digest, as far as it is at hand. `components` are the declared ones by ref, and
    `titles` the promises of the checks by id. `sources` says where each expected check looks, and `accounts` names the
    AWS accounts by id. `note` is a doubt about the whole, such as a history that is down.
    `continuous` is false once, in the first picture after the record of earlier notifications began anew.
    `dashboard` is the URL of the dashboard of findings.
    """

    run: str
    at: datetime
    findings: tuple[Finding, ...]
    expected: frozenset[ExpectedCheck]
    judged: frozenset[ExpectedCheck]
    before: Mapping[str, Status | None] = field(default_factory=dict[str, Status | None])
    evidence: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    components: Mapping[str, Component] = field(default_factory=dict[str, Component])
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Mapping[ExpectedCheck, str] = field(default_factory=dict[ExpectedCheck, str])
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])
    note: str = ""
    continuous: bool = True
    dashboard: str = ""
