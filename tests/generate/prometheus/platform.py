"""The platform whose rules the tests load, and its rules."""

from __future__ import annotations

from pathlib import Path

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config
from basewatch.config.loading import load
from checks import CHECKS
from collectors import COLLECTORS
from generate.prometheus.rule_model import AlertRule, RecordingRule, RuleGroup
from generate.prometheus.rules import groups

PATH = Path(__file__).parent / "platform.yaml"


def the_platform() -> Config:
    """One component of each kind, with promises."""
    return load(PATH, CHANNEL_TYPES).config


def the_groups(config: Config | None = None) -> tuple[RuleGroup, ...]:
    """Every rule of the platform, or of another configuration."""
    return groups(config or the_platform(), CHECKS, COLLECTORS)


def alerts(groups: tuple[RuleGroup, ...]) -> list[AlertRule]:
    """The alerting rules."""
    return [rule for group in groups for rule in group.rules if isinstance(rule, AlertRule)]


def records(groups: tuple[RuleGroup, ...]) -> list[RecordingRule]:
    """The recording rules, in order of evaluation."""
    return [rule for group in groups for rule in group.rules if isinstance(rule, RecordingRule)]
