"""What Prometheus evaluates: rules in groups, and the YAML file they are loaded from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import yaml

from basewatch.model import Severity
from generate.prometheus.promql import promql_duration

_HEAD = "# Written by `basewatch generate` from the configuration; change that, and generate it again.\n"
_LONG_LINES = "# yamllint disable rule:line-length\n"


class AlertSeverity(StrEnum):
    """Who is told, and when: CRITICAL pages somebody, WARNING waits for the day, INFO for whoever looks."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


def alert_severity(severity: Severity) -> AlertSeverity:
    """How urgent a FAIL of this severity is: no page but for what is critical."""
    match severity:
        case Severity.CRITICAL:
            return AlertSeverity.CRITICAL
        case Severity.HIGH | Severity.MEDIUM:
            return AlertSeverity.WARNING
        case Severity.LOW:
            return AlertSeverity.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """A recording rule; its name is level:metric:operation, as https://prometheus.io/docs/practices/rules/ has it."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def as_yaml(self) -> dict[str, object]:
        """The rule as a rule file has it."""
        labels = {"labels": dict(self.labels)} if self.labels else {}
        return {"record": self.record, "expr": self.expr, **labels}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """An alerting rule: `expr` has to hold for `sustained` before it fires."""

    alert: str
    expr: str
    sustained: timedelta
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def as_yaml(self) -> dict[str, object]:
        """The rule as a rule file has it."""
        sustained = {"for": promql_duration(self.sustained)} if self.sustained else {}
        texts = {"labels": dict(self.labels), "annotations": dict(self.annotations)}
        return {"alert": self.alert, "expr": self.expr, **sustained, **texts}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated one after the other, every `interval`."""

    name: str
    interval: timedelta
    rules: tuple[RecordingRule | AlertRule, ...]

    def as_yaml(self) -> dict[str, object]:
        """The group as a rule file has it."""
        return {
            "name": self.name,
            "interval": promql_duration(self.interval),
            "rules": [rule.as_yaml() for rule in self.rules],
        }


def rules_file(groups: Iterable[RuleGroup]) -> str:
    """The text of a rule file; a group without rules is left out."""
    return generated_yaml({"groups": [group.as_yaml() for group in groups if group.rules]})


def generated_yaml(document: Mapping[str, object]) -> str:
    """A generated YAML file: who wrote it, and the document with its keys in the order given."""
    return _HEAD + _LONG_LINES + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """YAML as it is written by hand here: items indented, texts of several lines as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # PyYAML's signature
        super().increase_indent(flow, False)  # noqa: FBT003  # an item is always indented

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # as above
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(StrEnum, lambda dumper, value: _text(dumper, value.value))
