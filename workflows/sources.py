"""Where each expected check looks, as the configuration says before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basewatch.aws import AwsClient
from basewatch.components import Api, AwsComponent, Component, Database, Endpoint, Slo
from basewatch.config import Config
from basewatch.http import HttpClient
from basewatch.metrics import MetricsClient
from basewatch.model import ExpectedCheck
from basewatch.postgres import DatabaseClient
from checks.engine.judge import PlannedCheck
from workflows.http_clients import source_of


def expected_sources(config: Config, checks: Iterable[PlannedCheck]) -> Mapping[ExpectedCheck, str]:
    """The source of each pair of the plan, in the words of Evidence.source; a check of the plan itself has none.

    A check of metrics asks the monitoring account, if the component's account has one.
    """
    components = {component.ref: component for component in config.components}
    return {
        ExpectedCheck(check=planned.check.id, component=planned.component.ref): source
        for planned in checks
        if (source := _source(config, planned.check.client_type, _observed(planned.component, components)))
    }


def _observed(component: Component, components: Mapping[str, Component]) -> Component:
    """The component whose resource is asked about: an objective is about another component."""
    return components.get(component.of, component) if isinstance(component, Slo) else component


def _source(config: Config, client: type[object], component: Component) -> str:
    if client is DatabaseClient and isinstance(component, Database):
        return f"postgresql:{component.name}{'/reader' if component.reader else ''}"
    if client is HttpClient and isinstance(component, Endpoint | Api):
        return source_of(component)
    if client not in (AwsClient, MetricsClient) or config.aws is None:
        return ""
    account, region = (component.account, component.region) if isinstance(component, AwsComponent) else (None, None)
    accounts = config.aws.accounts
    known = accounts[account or next(iter(accounts))]
    region = region or known.regions[0]
    if client is MetricsClient and known.monitoring_account:
        known = accounts[known.monitoring_account]
    return f"aws:{known.id}/{region}"
