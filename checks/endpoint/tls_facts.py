"""The handshakes of an endpoint: as a client makes it, and with each version of TLS that it must refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.components import Endpoint
from basewatch.errors import ObservationError
from basewatch.http import HttpClient
from basewatch.http.handshakes import Shaken
from basewatch.http.trust import VERSIONS, can_offer
from basewatch.model import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OldVersion:
    """What happened to a version of TLS that must be refused: `spoken`, `refused`, `silent`, or `unspoken` by us."""

    version: str
    end: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshakes:
    """The version of a handshake, why its certificate is not believed (empty when it is), and the old versions."""

    version: str
    distrust: str
    issuer: str
    expires: datetime | None
    old: tuple[OldVersion, ...]


def handshakes(http: HttpClient, endpoint: Endpoint) -> Handshakes:
    """One handshake that checks the certificate, and for each version below the promised one; nothing is sent.

    Raises: ObservationError, when no handshake succeeds.
    """
    believed = http.handshake(verify=True)
    shown = believed if believed.end is Shaken.DONE else http.handshake()
    if shown.end is not Shaken.DONE:
        raise ObservationError(
            Reason.UNREACHABLE,
            f"{http.host} makes no handshake: {shown.detail}",
            remedy="Repair what endpoint.http.status reports.",
        )
    if believed.end not in (Shaken.DONE, Shaken.DISTRUSTED):
        raise ObservationError(
            Reason.UNREACHABLE, f"one handshake of two failed: {believed.detail}", remedy="Look again."
        )
    minimum = endpoint.tls.minimum if endpoint.tls else None
    versions = list(VERSIONS)
    return Handshakes(
        version=shown.version,
        distrust=believed.detail,
        issuer=believed.issuer,
        expires=believed.expires,
        old=tuple(_offer(http, each) for each in versions[: versions.index(minimum)]) if minimum else (),
    )


def _offer(http: HttpClient, version: str) -> OldVersion:
    if not can_offer(version):
        return OldVersion(version=version, end="unspoken")
    offered = http.handshake(version)
    if offered.end is not Shaken.DONE:
        # A connection that is cut off looks like a refusal, so it has to happen twice.
        offered = http.handshake(version)
    end = "spoken" if offered.end is Shaken.DONE else offered.end.value
    return OldVersion(version=version, end=end, detail=offered.detail)
