"""What the exit status of every verb means."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from basewatch.model import Finding, Severity, Status


class ExitCode(IntEnum):
    """The exit statuses; where several apply, FAILED beats UNDELIVERED beats UNVERIFIED."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    UNVERIFIED = 3
    UNDELIVERED = 4


def exit_code(findings: Iterable[Finding], *, fail_on: Severity, undelivered: bool = False) -> ExitCode:
    """The status of a pass: a FAIL at or above `fail_on`, else an undelivered alert, else anything UNVERIFIED."""
    found = tuple(findings)
    if any(f.status is Status.FAIL and f.severity.rank >= fail_on.rank for f in found):
        return ExitCode.FAILED
    if undelivered:
        return ExitCode.UNDELIVERED
    if any(f.status is Status.UNVERIFIED for f in found):
        return ExitCode.UNVERIFIED
    return ExitCode.PASSED
