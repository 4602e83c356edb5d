"""The clients of a live pass: each observation gets AWS, the database or the collected metrics of its component."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Lock
from typing import cast

from basewatch.aws import Aws, AwsSession
from basewatch.aws.secrets import AwsSecrets
from basewatch.clients import Client, K
from basewatch.components import Component, Database, InAccount
from basewatch.config import Account, Config
from basewatch.errors import ConfigError, CouldNotLook, Problem
from basewatch.metrics import Collected, Metrics
from basewatch.model import Reason
from basewatch.postgres import Database as DatabaseClient
from basewatch.postgres import Endpoints, connect
from basewatch.secrets import Reference, Secret, SecretStore, SecretUnset, resolve


class Sessions:
    """The AWS sessions, one for each account and region that a component lives in; they are kept from pass to pass."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._config = config
        self._environ = environ
        self._sessions: dict[tuple[str, str], AwsSession] = {}
        self._lock = Lock()

    def begin_pass(self) -> None:
        """Forgets the sessions that could not sign in, so that the next pass tries again."""
        with self._lock:
            self._sessions = {key: session for key, session in self._sessions.items() if not session.refused}

    def of(self, component: Component) -> AwsSession:
        """The session of the account and region where `component` lives: the only ones declared, unless it says."""
        place = component if isinstance(component, InAccount) else None
        accounts = self._accounts
        account = accounts[(place and place.account) or next(iter(accounts))]
        return self._session(account, (place and place.region) or account.regions[0])

    def secret(self, reference: Reference) -> Secret:
        """The secret at `reference`. Raises: CouldNotLook, when it is kept in AWS and is not there or not to be had."""
        try:
            return resolve(reference, self._environ, self.store)
        except SecretUnset as unset:
            raise CouldNotLook(
                Reason.DENIED, str(unset), remedy="create the secret, or correct the reference"
            ) from unset

    @property
    def store(self) -> SecretStore:
        """Where secrets kept in AWS are looked up: the first declared account."""
        return AwsSecrets(lambda: self._first().look())

    def require(self, references: Iterable[Reference]) -> None:
        """Raises: ConfigError, naming every reference that this machine does not set; AWS is not asked."""
        problems = list[Problem]()
        for reference in references:
            try:
                resolve(reference, self._environ, _Later())
            except SecretUnset as unset:
                problems.append(Problem(message=str(unset)))
        if problems:
            raise ConfigError(*problems)

    @property
    def _accounts(self) -> Mapping[str, Account]:
        """The declared accounts. Raises: CouldNotLook, when there are none."""
        if self._config.aws is None:
            detail = "the configuration declares no AWS account, so nothing in AWS can be asked"
            raise CouldNotLook(Reason.UNSUPPORTED, detail, remedy="Add `aws:` with its accounts.")
        return self._config.aws.accounts

    def _first(self) -> AwsSession:
        account = next(iter(self._accounts.values()))
        return self._session(account, account.regions[0])

    def _session(self, account: Account, region: str) -> AwsSession:
        with self._lock:
            key = (account.id, region)
            if key not in self._sessions:
                self._sessions[key] = AwsSession.open(account.id, region, account.role, environ=self._environ)
            return self._sessions[key]


class _Later:
    """A store that vouches for what it has not looked up."""

    def fetch(self, reference: Reference) -> str:
        return str(reference)


class LiveClients:
    """Opens the client an observation names, for the component it looks at."""

    def __init__(self, sessions: Sessions, collected: Collected, run: str) -> None:
        self._sessions = sessions
        self._collected = collected
        self._run = run

    def open(self, kind: type[K], component: Component) -> AbstractContextManager[K]:
        """A client of `kind` for one observation. Raises: CouldNotLook, when there is none or it cannot be had."""
        return cast("AbstractContextManager[K]", self._client(kind, component))

    @contextmanager
    def _client(self, kind: type[Client], component: Component) -> Iterator[Client]:
        if kind is Aws:
            yield self._sessions.of(component).look()
        elif kind is Metrics:
            yield Metrics(self._collected)
        elif kind is DatabaseClient and isinstance(component, Database):
            with connect(self._endpoints(component), run=self._run) as database:
                yield database
        else:
            raise CouldNotLook(
                Reason.UNSUPPORTED,
                f"there is no client {kind.__name__} for a component of kind {component.kind}",
                remedy="an observation may ask Aws, Metrics, or Database (of a database)",
            )

    def _endpoints(self, component: Database) -> Endpoints:
        logins = component.tenancy.logins
        return Endpoints(
            writer=self._later(component.url),
            reader=self._later(component.reader) if component.reader else None,
            logins={role: self._later(login.url) for role, login in logins.items()},
            proxied={role: self._later(login.through_proxy) for role, login in logins.items() if login.through_proxy},
        )

    def _later(self, reference: Reference) -> Callable[[], Secret]:
        return partial(self._sessions.secret, reference)
