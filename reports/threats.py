"""What row-level security by a setting is relative to, whom it holds against, and what it leaves out; said once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What every tenancy verdict takes for given."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One kind of attacker, whether row-level security by a setting holds against it, and why."""

    level: str
    threat: str
    guarantee: str
    because: str


ASSUMPTIONS = (
    Assumption(
        name="The context is set by trusted code",
        meaning="Trusted code sets the tenant of each transaction at its start, and no tenant can change it. No check "
        "can prove this; the checks look for functions, defaults and pooled sessions that would break it.",
    ),
    Assumption(
        name="The executor is correct",
        meaning="PostgreSQL asks the policies that its catalogues hold, as documented. A version with a known flaw in "
        "that is a finding of its own.",
    ),
)
THREATS = (
    Threat(
        level="T1",
        threat="A bug in the application: a forgotten condition, the wrong id in an address",
        guarantee="Holds, where every tenancy check passes",
        because="The database adds the tenant's condition to every statement, whatever the application wrote.",
    ),
    Threat(
        level="T2",
        threat="A tenant who can write part of the SQL, such as by injection",
        guarantee="None",
        because="The setting belongs to the session: whoever can run SQL can set it to another tenant. Only privileges "
        "on tables still hold, and timing, errors or estimates may give away that rows exist.",
    ),
    Threat(
        level="T3",
        threat="Stolen credentials of the application's role",
        guarantee="None",
        because="The thief can run SQL, as above.",
    ),
    Threat(
        level="T4",
        threat="Drift: a migration, a grant, a new role, an extension, a repair by hand",
        guarantee="Detected: within seconds where the catalogue is watched, else at the next run",
        because="The proof is made from the catalogues as they are, and made again when they change.",
    ),
)
MITIGATION = (
    "Against the second and third threat a tenant's identity is needed that the role cannot forge: one role per "
    "tenant, or a signed token that the database verifies."
)
_CODE = (
    "Code that runs with its owner's rights, and extensions in C, are not proven: somebody reads them and answers for "
    "the text that was read."
)
LIMITS = (
    "Timing, and what else a shared server shows by being slow or full, is not covered.",
    "Caches, search indexes, object storage, logs and dumps outside the database are not covered.",
    _CODE,
    "Superusers, and whoever runs the server, are outside the isolation.",
    "Defaults in the server's own files are in no catalogue; only a fresh session shows them.",
    "A catalogue that changed and changed back between two polls was not seen.",
)
