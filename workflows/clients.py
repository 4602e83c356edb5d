"""The AWS sessions of a process, and the clients that a live pass gives to its observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from threading import RLock
from typing import cast

from basewatch.aws import AwsClient, AwsSession, SharedAnswers
from basewatch.aws.secrets import AwsSecretStore
from basewatch.clients import Client, K, PastPasses, PlanClient
from basewatch.components import Api, AwsAccount, AwsComponent, Component, Database, Endpoint
from basewatch.components.resources import declared_resources
from basewatch.config import Account, Config
from basewatch.errors import ConfigError, ObservationError, Problem
from basewatch.http import HttpClient
from basewatch.metrics import CollectedMetrics, MetricsClient
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Endpoints, connect
from basewatch.secrets import Reference, Secret, SecretNotFoundError, SecretStore, resolve
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.client import CloudWatch
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.throttling import RateLimits, RetryPolicy
from workflows.http_clients import HttpClients

# The SDK renews on use from this time on; the alert on credentials that were not renewed waits until five minutes.
_RENEWED_BEFORE_EXPIRY = timedelta(minutes=15)


class AwsSessions:
    """The AWS sessions, one for each account and region; they are kept from pass to pass.

    Metric requests and discovery share `rate_limits`, and are counted in `telemetry`.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], telemetry: ExporterMetrics | None = None) -> None:
        self._config = config
        self._environ = environ
        self.telemetry = telemetry or ExporterMetrics()
        self.http = HttpClients(config, environ, self.secret)
        self.rate_limits = RateLimits(config.collectors.calls_per_second, config.collectors.datapoints_per_second)
        self._sessions: dict[Location, AwsSession] = {}
        self._sources: dict[Location, CloudWatch] = {}
        self._lock = RLock()

    def drop_failed_sessions(self) -> None:
        """Drops the sessions whose sign-in failed, so that the next pass tries again."""
        with self._lock:
            self._sessions = {place: session for place, session in self._sessions.items() if not session.sign_in_failed}
            self._sources = {place: source for place, source in self._sources.items() if place in self._sessions}

    def location(self, component: Component) -> Location:
        """The account and region of a component; the first declared ones by default. Raises: ObservationError."""
        if isinstance(component, AwsComponent):
            return self.location_of(component.account, component.region)
        return self.location_of(None, None)

    def location_of(self, account: str | None, region: str | None) -> Location:
        """The account id and region of a declared account. None means the first account, or its first region.

        Raises: ObservationError, when no account is declared.
        """
        accounts = self._accounts
        known = accounts[account or next(iter(accounts))]
        return Location(account_id=known.id, region=region or known.regions[0])

    def monitoring_account(self, account_id: str) -> str:
        """The account whose CloudWatch has the metrics of this account: itself, or its monitoring account."""
        through = self._account(account_id).monitoring_account
        return self._accounts[through].id if through else account_id

    def metric_source(self, account_id: str, region: str) -> MetricSource:
        """The CloudWatch client for the metrics of an account. Accounts with one monitoring account share a client."""
        place = Location(account_id=self.monitoring_account(account_id), region=region)
        with self._lock:
            if place not in self._sources:
                signer = self._session(place)
                self._sources[place] = CloudWatch(signer, self.rate_limits, RetryPolicy(), self.telemetry)
            return self._sources[place]

    def aws_client(self, account_id: str, region: str) -> AwsClient:
        """A client of this account and region, for one chain of requests."""
        return self._session(Location(account_id=account_id, region=region)).open_client()

    def credential_expiries(self) -> Mapping[Location, datetime]:
        """When the current credentials expire, for sessions whose credentials expire; no request is sent."""
        with self._lock:
            sessions = tuple(self._sessions.items())
        return {place: at for place, session in sessions if (at := session.expires_at) is not None}

    def renew_credentials(self, at: datetime) -> None:
        """Renews the credentials that expire soon after `at`. A failure is left for the next request to report."""
        with self._lock:
            sessions = tuple(self._sessions.values())
        for session in sessions:
            if session.expires_at is not None and session.expires_at - at < _RENEWED_BEFORE_EXPIRY:
                with suppress(ObservationError):
                    session.credentials()

    def declared(self, component: Component) -> frozenset[str]:
        """The declared resources of an account in its region; empty for any other component."""
        if not isinstance(component, AwsAccount):
            return frozenset()
        own, all_of_them = self.location(component), self._config.components
        return declared_resources(c for c in all_of_them if isinstance(c, AwsComponent) and self.location(c) == own)

    def session_for(self, component: Component) -> AwsSession:
        """The session of the account and region of `component`."""
        return self._session(self.location(component))

    def secret(self, reference: Reference, answers: SharedAnswers | None = None) -> Secret:
        """The secret at `reference`; one in AWS is read once in the pass of these `answers`.

        Raises: ObservationError, when the secret does not exist or cannot be read.
        """
        try:
            return resolve(reference, self._environ, self._store(answers))
        except SecretNotFoundError as unset:
            raise ObservationError(
                Reason.DENIED, str(unset), remedy="create the secret, or correct the reference"
            ) from unset

    @property
    def secret_store(self) -> SecretStore:
        """The store of secrets in AWS: those of the first declared account."""
        return self._store(None)

    def _store(self, answers: SharedAnswers | None) -> SecretStore:
        return AwsSecretStore(lambda: self._session(self.location_of(None, None)).open_client(answers=answers))

    def require_secrets(self, references: Iterable[Reference]) -> None:
        """Checks that every reference outside AWS is set. Raises: ConfigError, naming each one that is not."""
        problems = list[Problem]()
        for reference in references:
            try:
                resolve(reference, self._environ, _AwsNotChecked())
            except SecretNotFoundError as unset:
                problems.append(Problem(message=str(unset)))
        if problems:
            raise ConfigError(*problems)

    @property
    def _accounts(self) -> Mapping[str, Account]:
        """The declared accounts. Raises: ObservationError, when there are none."""
        if self._config.aws is None:
            detail = "the configuration declares no AWS account, so Basewatch cannot use AWS"
            raise ObservationError(Reason.UNSUPPORTED, detail, remedy="Add `aws:` with its accounts.")
        return self._config.aws.accounts

    def _account(self, account_id: str) -> Account:
        return next(account for account in self._accounts.values() if account.id == account_id)

    def _session(self, place: Location) -> AwsSession:
        with self._lock:
            if place not in self._sessions:
                role = self._account(place.account_id).role
                self._sessions[place] = AwsSession.open(place.account_id, place.region, role, environ=self._environ)
            return self._sessions[place]


class _AwsNotChecked:
    """A store in which every secret exists: AWS is asked only when a secret is used."""

    def fetch(self, reference: Reference) -> str:
        return str(reference)


class LiveClients:
    """Opens the client that an observation needs, for the component that it observes."""

    def __init__(
        self,
        sessions: AwsSessions,
        collected: CollectedMetrics,
        run: str,
        unjudged: tuple[tuple[str, str], ...] = (),
        past: PastPasses | None = None,
        *,
        answers: SharedAnswers | None = None,
    ) -> None:
        """`run` names the run in PostgreSQL; `unjudged` are the promises of the plan without a check.

        `past` is None where no history is read. `answers` are those of the pass; without them every request is sent.
        """
        self._answers = answers
        self._past = past
        self._unjudged = unjudged
        self._known_ids = past.known_ids if past else {}
        self._sessions = sessions
        self._collected = collected
        self._run = run

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A client for one observation. Raises: ObservationError, when none exists or it cannot connect."""
        return cast("AbstractContextManager[K]", self._client(client_type, component))

    @contextmanager
    def _client(self, kind: type[Client], component: Component) -> Iterator[Client]:
        if kind is AwsClient:
            known_id = self._known_ids.get(component.ref, "")
            declared = self._sessions.declared(component)
            yield self._sessions.session_for(component).open_client(known_id, self._answers, declared=declared)
        elif kind is PlanClient:
            yield PlanClient(promises=self._unjudged)
        elif kind is PastPasses:
            yield self._past or _no_history()
        elif kind is MetricsClient:
            yield MetricsClient(self._collected)
        elif kind is DatabaseClient and isinstance(component, Database):
            judged = self._collected.judged_window(component.ref)
            with connect(self._endpoints(component), run=self._run, judged_window=judged) as database:
                yield database
        elif kind is HttpClient and isinstance(component, Endpoint | Api):
            with closing(self._sessions.http.open(component)) as client:
                yield client
        else:
            raise ObservationError(
                Reason.UNSUPPORTED,
                f"there is no client {kind.__name__} for a component of kind {component.kind}",
                remedy="use AwsClient, MetricsClient, DatabaseClient (of a database) or HttpClient (of an endpoint)",
            )

    def _endpoints(self, component: Database) -> Endpoints:
        logins = component.tenancy.logins
        return Endpoints(
            writer=self._secret(component.url),
            reader=self._secret(component.reader) if component.reader else None,
            logins={role: self._secret(login.url) for role, login in logins.items()},
            proxy_logins={role: self._secret(login.proxy_url) for role, login in logins.items() if login.proxy_url},
            name=component.name,
        )

    def _secret(self, reference: Reference) -> Callable[[], Secret]:
        return partial(self._sessions.secret, reference, self._answers)


def _no_history() -> PastPasses:
    raise ObservationError(
        Reason.NOT_ENOUGH_DATA,
        "there is no history here that could be read",
        remedy="Run `basewatch run`, which records one, and let `check` and `audit` read it: history.url.",
    )
