"""Cause alerts of AWS Backup vaults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.components import BackupVault
from generate.prometheus.promql import escape_template, promql_duration
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import COUNT

BACKUP_JOBS = AlertTemplate(
    name="BackupJobFailed",
    severity=AlertSeverity.WARNING,
    fires_when="A job of an AWS Backup vault failed",
    remedy="Read the job's message in AWS Backup, and create the missing recovery point",
    dashboard="basewatch-findings",
)
TEMPLATES = (BACKUP_JOBS,)

_FAILED = "aws_backup_jobs_failed_total"


def vault_alerts(context: RuleContext, vault: BackupVault) -> Iterator[AlertRule]:
    """Failed jobs, if the vault promises none."""
    for at in context.sources(vault, _FAILED):
        if not vault.no_failed_jobs:
            continue
        yield context.alert_rule(
            BACKUP_JOBS,
            f"{at.increase(_FAILED)} > 0",
            # A failed job stays failed, so the alert does not wait.
            sustained=timedelta(),
            summary=f"{escape_template(vault.name)}: {COUNT} backup jobs failed within {promql_duration(at.window)}",
            component=vault,
            promise="no_failed_jobs",
            labels=at.identity_labels,
        )
