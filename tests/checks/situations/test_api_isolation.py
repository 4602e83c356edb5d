"""Tenant isolation through an API: each classic mistake, the sound designs, and what proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from basewatch.model import Status, Verdict
from checks.access.rate_limit_tried import a_fast_customer_is_stopped
from checks.access.token import tokens_are_as_promised
from checks.tenancy.api.cross_tenant import tenants_read_only_their_own_through_the_api as isolated
from tests.checks.situations.situation import Situation, each
from tests.checks.tenancy.api.shop import INVOICES, MARKS, SECRETS, SIGNER, A, Shop, declared, judged

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
SEARCH = {"route": "POST /search", "body": {"customer_id": "{id}"}, "reads_only": True}


def shop(*mistakes: str, probes: tuple[object, ...] = (), **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a shop with these mistakes."""
    return lambda: judged(isolated, Shop(*mistakes), declared(*probes), **settings)


def sound(number: int, what: str, why: str, *mistakes: str, **settings: Any) -> Situation:
    """A sound design."""
    return Situation(
        number=f"api-sound-{number}", what=what, right=(PASS,), why=why, judged=shop(*mistakes, **settings)
    )


def broken(number: int, what: str, says: str, *mistakes: str, **settings: Any) -> Situation:
    """A mistake that gives one tenant's rows away."""
    return Situation(
        number=f"api-broken-{number}",
        what=what,
        right=(FAIL,),
        why="another tenant's rows can be read",
        judged=shop(*mistakes, **settings),
        says=says,
    )


def unclear(number: int, what: str, why: str, judged_: Callable[[], Iterable[Verdict]], says: str = "") -> Situation:
    """What proves nothing."""
    return Situation(number=f"api-unclear-{number}", what=what, right=(UNVERIFIED,), why=why, judged=judged_, says=says)


def _with_a_token_that_is_valid() -> Iterable[Verdict]:
    return judged(isolated, Shop(), declared(expired_token="env:KEY_A"))


SITUATIONS = (
    sound(1, "403 and 404 for what is not yours", "every attempt is refused"),
    sound(2, "a query by another tenant's id gets one's own rows", "the id is ignored", "ignored"),
    sound(3, "an empty list for what is not yours, and for what does not exist", "both are the same", "empty"),
    sound(4, "200 with an error for whoever has no token, as GraphQL does", "nothing is told", "graph"),
    sound(5, "whoever has no token is sent to a login page", "the page is the same for everything", "login-page"),
    sound(6, "tokens that are no JSON Web Tokens", "they cannot be forged", "opaque"),
    sound(7, "a search by POST that only reads", "the id in its body is compared", probes=(SEARCH,)),
    sound(8, "answers are compressed", "they are read all the same", "gzip"),
    Situation(
        number="api-sound-9",
        what="a usage plan needs a key besides the token",
        right=(PASS,),
        why="each canary sends its own, and attempts send that of canary a",
        judged=lambda: judged(isolated, Shop("plan"), declared(plan=True)),
    ),
    Situation(
        number="api-broken-25",
        what="a usage plan needs a key, and no route needs a token",
        right=(FAIL,),
        why="a key of a plan says who pays, and not who may read",
        judged=lambda: judged(isolated, Shop("plan", "open"), declared(plan=True)),
        says="no token",
    ),
    broken(1, "the signature of tokens is not checked", "algorithm none", "unsigned"),
    broken(2, "tokens of the algorithm none are accepted", "algorithm none", "none"),
    broken(3, "tokens are signed with the key of a tutorial", "the key 'secret'", "guess"),
    broken(4, "tokens are signed with an empty key", "the key ''", "empty-key"),
    broken(5, "the public key is accepted as the secret of HS256", "public key", "confusion"),
    broken(6, "an expired token is accepted", "expired token", "expiry"),
    broken(7, "the authorizer's cache knows the path alone", "no token, after", "cache"),
    broken(8, "no authorizer at all", "no token", "open"),
    broken(9, "an invoice is read by its id, whoever asks", "on what b owns", "path"),
    broken(10, "a list is read by the id in the query", "on what b owns", "query"),
    broken(11, "one of two ids in the query is compared, and the other is read", "values of both", "last"),
    broken(12, "a header of the client names the tenant", "headers that name b", "header"),
    broken(13, "a path with a slash at the end has no authorizer", "", "slash", "path"),
    broken(14, "the row is in the text of an error", "500", "error"),
    broken(15, "the refusal names what it refuses", "403", "refusal"),
    broken(16, "the row is in a header", "", "in-header", "path"),
    broken(17, "the row is in base64", "", "base64", "path"),
    broken(18, "the row is compressed", "", "gzip", "path"),
    broken(19, "the row is escaped", "", "escaped", "path"),
    broken(20, "only some of the fields come, and no mark", "It did not refuse", "partial"),
    broken(21, "a redirect leads to a file of the other tenant", "302", "download"),
    broken(22, "HEAD is not compared", "HEAD", "head"),
    broken(23, "one of several servers is old", "", "third"),
    broken(24, "a search reads by the id in its body", "on what b owns", "query", probes=(SEARCH,)),
    unclear(1, "a canary cannot log in", "nothing was tried", shop("login"), "cannot log in"),
    unclear(2, "the API throttles", "429 is no refusal", shop("throttled"), ""),
    unclear(3, "the API fails for what is not yours", "500 tells nothing", shop("crash"), "500"),
    unclear(4, "answers are compressed in a way that cannot be read", "a mark may be in it", shop("brotli"), ""),
    unclear(
        5,
        "the kept expired token is none",
        "its refusal would prove nothing",
        _with_a_token_that_is_valid,
        "has expired",
    ),
    unclear(6, "the certificate is of a stranger", "it gets no key", shop(signed="stranger"), ""),
    unclear(
        7,
        "a canary's own rows are not there",
        "what is not there cannot leak",
        lambda: judged(isolated, Shop(), declared("GET /invoices/{invoice}", owns={"invoice": "gone"})),
        "does not see its own rows",
    ),
)


def flooded(*mistakes: str, trial: int = 40, **settings: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on so many requests in a row."""
    return lambda: judged(a_fast_customer_is_stopped, Shop(*mistakes), declared(trial=trial, **settings))


FLOODS = (
    Situation(
        number="flood-1",
        what="the 31st request is refused, of 20 a minute with some burst",
        right=(PASS,),
        why="whoever sends faster is stopped",
        judged=flooded("limited"),
        says="request 31",
    ),
    Situation(
        number="flood-2",
        what="40 requests succeed where 20 a minute are promised",
        right=(FAIL,),
        why="nobody was stopped",
        judged=flooded(),
        says="refused none",
    ),
    Situation(
        number="flood-3",
        what="the budget is below a minute of the rate",
        right=(UNVERIFIED,),
        why="it would have been allowed anyway",
        judged=flooded(rate="1000/min"),
        says="more requests",
    ),
    Situation(
        number="flood-4",
        what="the API answers with errors",
        right=(UNVERIFIED,),
        why="an error is no limit; it gets no more than ten",
        judged=flooded("plan"),
        says="cannot log in",
    ),
    Situation(
        number="flood-5",
        what="the limit is that of a usage plan, by key",
        right=(PASS,),
        why="the key is sent",
        judged=flooded("plan", "limited", plan=True),
    ),
)


@each((*SITUATIONS, *FLOODS))
def test_isolation_through_an_api(situation: Situation) -> None:
    """An attempt that succeeds fails the check, and one that nobody could have seen succeed does not pass it."""
    situation.test()


def test_attempts_name_canaries_alone_and_only_read() -> None:
    """No request has another method than the declared ones, nor an id that is neither a canary's nor made up."""
    shop_ = Shop()
    judged(isolated, shop_, declared())
    reads = [request for request in shop_.seen if request.target != "/auth/authenticate"]
    assert {request.method for request in reads} == {"GET", "HEAD"}
    assert len(shop_.seen) < 100
    assert all(request.body == b"" for request in reads)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probes": ["DELETE /invoices/{invoice}"]}, "may change something"),
        ({"probes": ["GET /orders/{order}"]}, "not of each canary"),
        ({"marks": ["short"]}, "at least 8"),
        ({"marks": [INVOICES[A]]}, "is sent in requests"),
        ({"marks": list(MARKS.values())}, "of both canaries"),
        ({"key": None}, "neither a token nor a key"),
    ],
)
def test_what_could_not_be_tried_is_refused_at_once(change: dict[str, Any], message: str) -> None:
    """A probe that changes something, an id that is missing and a mark that an answer may repeat are mistakes."""
    probes, canary = change.pop("probes", []), change
    with pytest.raises(ValidationError, match=message):
        declared(*probes, **canary)


@pytest.mark.parametrize(
    ("claims", "promise", "status"),
    [
        ({"iat": 0, "exp": 86_400, "customer_id": "a"}, {}, PASS),
        ({"iat": 0, "exp": 86_401, "customer_id": "a"}, {}, FAIL),
        ({"iat": 0, "customer_id": "a"}, {}, FAIL),
        ({"iat": 0, "exp": 3600}, {}, FAIL),
        ({"iat": 0, "exp": 3600, "customer_id": "a"}, {"algorithm": "RS256"}, FAIL),
        ({"iat": 3600, "exp": 3600, "customer_id": "a"}, {}, FAIL),
        ({"iat": 0, "exp": True, "customer_id": "a"}, {}, FAIL),
        (None, {}, UNVERIFIED),
    ],
)
def test_a_token_is_as_promised(
    claims: dict[str, Any] | None, promise: dict[str, str], status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Algorithm, lifetime and claims are those of the issued token; one that is none of these is not verified."""
    token = "opaque" if claims is None else SIGNER.sign({"alg": "HS256"}, claims)
    monkeypatch.setitem(SECRETS, "TOKEN", lambda: token)
    api = declared(token="env:TOKEN")
    assert api.tenant_isolation
    promised = {"algorithm": "HS256", "lifetime": "24h", "claims": ["customer_id"], **promise}
    isolation = type(api.tenant_isolation).model_validate({**api.tenant_isolation.model_dump(), "token": promised})
    api = api.model_copy(update={"tenant_isolation": isolation})
    (verdict,) = judged(tokens_are_as_promised, Shop(), api)
    assert verdict.status is status
