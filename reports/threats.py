"""The assumptions, threats and limits of row-level security with a custom setting, for every report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """An assumption of every tenancy verdict."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One threat, whether row-level security with a custom setting protects against it, and why."""

    level: str
    threat: str
    guarantee: str
    because: str


ASSUMPTIONS = (
    Assumption(
        name="The context is set by trusted code",
        meaning="Trusted code sets the tenant of each transaction at its start, and no tenant can change it. No check "
        "can prove this; checks look for functions, defaults and pooled sessions that would break it.",
    ),
    Assumption(
        name="The executor is correct",
        meaning="PostgreSQL applies the policies in its catalogues as documented. A version with a known flaw in this "
        "is a finding of its own.",
    ),
)
THREATS = (
    Threat(
        level="T1",
        threat="A bug in the application: a forgotten condition, the wrong id in an address",
        guarantee="Holds, where every tenancy check passes",
        because="The database adds the tenant's condition to every statement, independent of the application.",
    ),
    Threat(
        level="T2",
        threat="A tenant who can write part of the SQL, such as by injection",
        guarantee="None",
        because="The setting belongs to the session: an attacker who can run SQL can set it to another tenant. Only "
        "table privileges still protect, and timing, errors or estimates may reveal that rows exist.",
    ),
    Threat(
        level="T3",
        threat="Stolen credentials of the application's role",
        guarantee="None",
        because="The attacker can run SQL, as in T2.",
    ),
    Threat(
        level="T4",
        threat="Drift: a migration, a grant, a new role, an extension, a manual change",
        guarantee="Detected: within seconds if the catalogue is watched, else at the next run",
        because="The proof is made from the current catalogues, and made again when they change.",
    ),
)
MITIGATION = (
    "Protection against T2 and T3 needs a tenant identity that the role cannot forge: one role for each tenant, or a "
    "signed token that the database verifies."
)
_OWNER_CODE = (
    "Code that runs with the privileges of its owner, and C extensions, are not proven: a person reviews and approves "
    "their text."
)
LIMITS = (
    "Timing, and other side channels of a shared server, are not covered.",
    "Caches, search indexes, object storage, logs and dumps outside the database are not covered.",
    _OWNER_CODE,
    "Superusers and the operators of the server are outside the isolation.",
    "Defaults in the configuration files of the server are in no catalogue; only a new session shows them.",
    "A change that was reverted between two polls is not detected.",
)
