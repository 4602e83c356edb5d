"""The tokens of a function body in SQL or PL/pgSQL, after its constants were redacted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# As PostgreSQL reads them: every character that is not of ASCII belongs to a name, but the one that was redacted.
_OTHER: Final = r"\x80-\u2025\u2027-\U0010ffff"
_NAME: Final = rf'(?:"(?:[^"]|"")+"|[A-Za-z_{_OTHER}][\w${_OTHER}]*)'
_TOKEN: Final = re.compile(
    rf"""[ \t\n\r\f\v]*(?:
      (?P<text> '(?:[^']|'')*' )
    | (?P<name> {_NAME}(?:\.{_NAME})*(?:\.\*)? )
    | (?P<parameter> \$\d+ )
    | (?P<number> … | \.?\d[\w.]* )
    | (?P<mark> :: | := | <> | != | <= | >= | ->> | -> | [-+*/%<>=(),;\[\]|@\#&?^~!:] )
    )""",
    re.VERBOSE | re.ASCII,
)
_CAPITALS: Final = re.compile(r"[A-Z]+")
_PART: Final = re.compile(r'"((?:[^"]|"")+)"|([^."]+)')


class UnreadableBody(Exception):
    """The text is not understood."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text in lower case where it is no constant, and its place in the body."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a name, as PostgreSQL stores them: lower case unless quoted."""
        found = (match for match in _PART.finditer(self.text))
        return tuple(match[1].replace('""', '"') if match[1] else in_lower_case(match[2]) for match in found)


def in_lower_case(text: str) -> str:
    """A text with the letters of ASCII in lower case, as PostgreSQL stores names without quotes."""
    return _CAPITALS.sub(lambda found: found[0].lower(), text)


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a text. Raises: UnreadableBody."""
    found, at = list[Token](), 0
    end = len(text.rstrip(" \t\n\r\f\v"))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise UnreadableBody
        written = match[match.lastgroup]
        kept = match.lastgroup == "text" or '"' in written
        found.append(
            Token(match.lastgroup, written if kept else in_lower_case(written), match.end() - len(written), match.end())
        )
        at = match.end()
    return tuple(found)


@dataclass(slots=True)
class TokenReader:
    """Reads tokens in order."""

    tokens: tuple[Token, ...]
    at: int = 0

    @property
    def peek(self) -> str:
        """The text of the next token; empty at the end."""
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def next(self, *wanted: str) -> Token:
        """The next token, which is one of the wanted ones. Raises: UnreadableBody."""
        if self.at >= len(self.tokens) or (wanted and self.tokens[self.at].text not in wanted):
            raise UnreadableBody
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> bool:
        """Whether the next tokens are these words; then they are read."""
        found = tuple(token.text for token in self.tokens[self.at : self.at + len(words)])
        if found != words:
            return False
        self.at += len(words)
        return True

    def until(self, *ends: str) -> tuple[Token, ...]:
        """The tokens before the first of these words outside parentheses, or to the end. Raises: UnreadableBody."""
        start, depth = self.at, 0
        while self.at < len(self.tokens):
            word = self.tokens[self.at].text
            if depth == 0 and word in ends:
                break
            depth += (word in {"(", "["}) - (word in {")", "]"})
            if depth < 0:
                raise UnreadableBody
            self.at += 1
        if depth:
            raise UnreadableBody
        return self.tokens[start : self.at]

    def group(self) -> tuple[Token, ...]:
        """The tokens within the parentheses that begin here. Raises: UnreadableBody."""
        self.next("(")
        inner = self.until(")")
        self.next(")")
        return inner


def split(tokens: tuple[Token, ...], word: str) -> tuple[tuple[Token, ...], ...]:
    """The tokens between the words outside parentheses. Raises: UnreadableBody."""
    reader, found = TokenReader(tokens), list[tuple[Token, ...]]()
    while True:
        found.append(reader.until(word))
        if not reader.accept(word):
            return tuple(found)
