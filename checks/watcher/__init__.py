"""Checks of Basewatch itself: whether it looks as often as it promises, and what it keeps silent about."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.watcher import passes, silences

CHECKS: tuple[AnyCheck, ...] = (passes.no_pass_is_missing, silences.every_silence_is_in_use)
