"""Checks that an endpoint refuses old versions of TLS, and shows a certificate that clients believe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.endpoint.tls_facts import Handshakes, handshakes
from checks.endpoint.visit import SILENT


@check(
    "endpoint.tls.version",
    component=Endpoint,
    observe=handshakes,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("tls.minimum",),
    follows_from=SILENT,
)
def old_tls_is_refused(found: Handshakes, endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """The endpoint speaks no version of TLS below the promised one.

    Why: Whoever sits between a client and the endpoint can read or alter what old versions protect.
    Reads: A handshake for each older version, which the endpoint must refuse; nothing is sent in it.
    Unverified when: No handshake succeeds, an offer is neither taken nor refused, or the OpenSSL of Basewatch cannot
    speak the version, which it tries with itself.
    Fix: Set the security policy of the custom domain, load balancer or distribution to TLS 1.2 or newer.
    Source: RFC 8996, Deprecating TLS 1.0 and TLS 1.1, https://www.rfc-editor.org/rfc/rfc8996
    """
    minimum = endpoint.tls.minimum if endpoint.tls else None
    expected = f"TLS {minimum} or newer"
    spoken = [each.version for each in found.old if each.end == "spoken"]
    unknown = [each for each in found.old if each.end not in ("spoken", "refused")]
    if spoken:
        versions = " and ".join(f"TLS {version}" for version in spoken)
        yield failed(f"It speaks {versions}", observed=versions, expected=expected)
    elif unknown:
        ours = [each.version for each in unknown if each.end == "unspoken"]
        what = ", ".join(f"TLS {each.version}" for each in unknown)
        yield unverified(
            Reason.UNSUPPORTED if ours else Reason.UNREACHABLE,
            f"It is not known whether it refuses {what}",
            observed=f"it speaks TLS {found.version}",
            expected=expected,
            remedy="Run Basewatch with an OpenSSL that speaks old versions, as that of python.org's image does."
            if ours
            else "Look again: the endpoint neither took nor refused the offer.",
        )
    else:
        yield passed(f"It refuses everything below TLS {minimum}", observed=f"TLS {found.version}", expected=expected)


@check(
    "endpoint.tls.certificate",
    component=Endpoint,
    observe=handshakes,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("tls.certificate_left",),
    follows_from=SILENT,
)
def certificate_is_believed(found: Handshakes, endpoint: Endpoint, now: datetime) -> Iterator[Verdict]:
    """Clients believe the endpoint's certificate, and it stays valid for as long as promised.

    Why: An expired certificate stops every client at the same second, and a renewal that fails is noticed only then.
    Reads: A handshake that checks the chain and the name, with the authorities of Mozilla, of the machine, and of
    SSL_CERT_FILE. The expiry is that of the endpoint's own certificate, not of those above it; it is not asked whether
    the certificate was revoked.
    Unverified when: No handshake succeeds.
    Fix: Renew the certificate, serve it with the certificates between it and the root, and look why the renewal did not
    happen by itself. For an authority of your own, let SSL_CERT_FILE name its certificate.
    Source: RFC 5280, section 6, https://www.rfc-editor.org/rfc/rfc5280#section-6
    """
    left = endpoint.tls.certificate_left if endpoint.tls else None
    expected = f"believed, and valid for {format_duration(left or timedelta())} at least"
    if found.distrust:
        yield failed(f"Clients reject its certificate: {found.distrust}", observed=found.distrust, expected=expected)
    elif found.expires is None:
        yield unverified(Reason.NOT_ENOUGH_DATA, "Its certificate does not say how long it is valid", expected=expected)
    else:
        rest = found.expires - now
        until = f"valid until {found.expires:%Y-%m-%d %H:%M} UTC, issued by {found.issuer or 'an unnamed authority'}"
        days = f"{max(rest.days, 0)} days"
        if left is not None and rest < left:
            yield failed(f"Its certificate expires in {days}", observed=until, expected=expected)
        else:
            yield passed(f"Its certificate is valid for {days}", observed=until, expected=expected)
