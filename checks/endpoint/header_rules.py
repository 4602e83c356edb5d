"""What each security header has to say, as browsers read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Values = Sequence[str]
_MONTHS_6 = 180 * 24 * 3600
_FRAMES = {"deny", "sameorigin"}
_POLICIES = {
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
}
_ANY_SOURCE = {"*", "http:", "https:", "data:", "blob:"}
_GUARDED = re.compile(r"'(nonce-|sha(256|384|512)-|strict-dynamic')")


def problem(rule: str, headers: Mapping[str, Values]) -> str:
    """Why the headers do not do what the rule promises; empty when they do. Names are in lower case."""
    return _RULES[rule](headers)


def _strict_transport(headers: Mapping[str, Values]) -> str:
    values = headers.get("strict-transport-security", ())
    if not values:
        return "missing"
    # Browsers use the first of several, and ignore one with a directive twice.
    directives = [part.strip().lower() for part in values[0].split(";")]
    ages = [re.fullmatch(r'max-age\s*=\s*"?(\d+)"?', part) for part in directives]
    known = [int(match[1]) for match in ages if match]
    if len(known) != 1:
        return f"'{values[0]}' has no single max-age, so browsers ignore it"
    return f"max-age={known[0]} is less than 180 days" if known[0] < _MONTHS_6 else ""


def _content_security(headers: Mapping[str, Values]) -> str:
    policies = _policies(headers)
    if not policies:
        return "missing"
    # Each policy of several applies, so one that restricts scripts is enough.
    problems = [_script_problem(policy) for policy in policies]
    return "" if "" in problems else problems[0]


def _policies(headers: Mapping[str, Values]) -> list[dict[str, tuple[str, ...]]]:
    """The directives of each policy; the first of a name counts."""
    found = list[dict[str, tuple[str, ...]]]()
    for text in ",".join(headers.get("content-security-policy", ())).split(","):
        policy = dict[str, tuple[str, ...]]()
        for directive in text.split(";"):
            words = directive.lower().split()
            if words:
                policy.setdefault(words[0], tuple(words[1:]))
        if policy:
            found.append(policy)
    return found


def _script_problem(policy: Mapping[str, tuple[str, ...]]) -> str:
    sources = policy.get("script-src", policy.get("default-src"))
    if sources is None:
        return "no default-src and no script-src: scripts may come from anywhere"
    if _GUARDED.search(" ".join(sources)):
        return ""
    loose = sorted(set(sources) & (_ANY_SOURCE | {"'unsafe-inline'"}))
    return f"scripts may come from {', '.join(loose)}" if loose else ""


def _frames(headers: Mapping[str, Values]) -> str:
    ancestors = [policy["frame-ancestors"] for policy in _policies(headers) if "frame-ancestors" in policy]
    if ancestors:
        # Where a policy names the frames, browsers ignore X-Frame-Options.
        loose = all(set(sources) & _ANY_SOURCE for sources in ancestors)
        return "frame-ancestors lets any page frame it" if loose else ""
    values = [part.strip().lower() for value in headers.get("x-frame-options", ()) for part in value.split(",")]
    if not values:
        return "missing, and no frame-ancestors either"
    unknown = sorted(set(values) - _FRAMES)
    return f"'{unknown[0]}' is neither DENY nor SAMEORIGIN, so browsers ignore it" if unknown else ""


def _content_type(headers: Mapping[str, Values]) -> str:
    values = ",".join(headers.get("x-content-type-options", ()))
    if not values:
        return "missing"
    return "" if values.split(",")[0].strip().lower() == "nosniff" else f"'{values}' is not nosniff"


def _referrer(headers: Mapping[str, Values]) -> str:
    values = [part.strip().lower() for value in headers.get("referrer-policy", ()) for part in value.split(",")]
    known = [value for value in values if value in _POLICIES]
    if not known:
        return f"'{', '.join(values)}' is no policy" if values else "missing"
    return "unsafe-url gives other sites the whole address" if known[-1] == "unsafe-url" else ""


_RULES: Mapping[str, Callable[[Mapping[str, Values]], str]] = {
    "strict-transport-security": _strict_transport,
    "content-security-policy": _content_security,
    "frame-options": _frames,
    "x-content-type-options": _content_type,
    "referrer-policy": _referrer,
}
