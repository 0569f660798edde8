"""OSC address patterns: ``? * [a-z] [!a-z] {one,two}`` of OSC 1.0 and ``//`` (any number of levels) of OSC 1.1.

A pattern becomes an automaton whose states are the bits of one number, so a match takes one step a character of the
address, however many stars the pattern has.
"""

import functools
import re
from collections.abc import Iterable

from bridge.osc.wire import OscError

MAX_PATTERN = 255
"""Characters of a pattern; bounds the time of a match, as does:"""
MAX_CHOICES = 16
"""Pairs of braces in a pattern."""

_SPECIAL = re.compile(r"[?*\[\]{}]|//")


def is_pattern(path: str) -> bool:
    """Whether an address holds any character of a pattern."""
    return _SPECIAL.search(path) is not None


class Pattern:
    """One compiled pattern. ``*`` alone stands for every address. Raises OscError where it is not a pattern."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise OscError(f"a pattern must have at most {MAX_PATTERN} characters, got {len(text)}")
        if not text.startswith("/") and text != "*":
            raise OscError(f"a pattern must start with '/' or be '*', got {text!r}")
        self.text = text
        # State i waits for a character of tokens[i]: (characters, whether all others instead). None: for nothing.
        self._tokens: list[tuple[frozenset[str], bool] | None] = []
        self._stars = 0  # states that a character other than '/' leaves as they are
        self._levels = 0  # states after '//', that any character leaves as they are
        self._choices: list[tuple[int, int, int, int]] = []  # of each {}: before it, its starts, its ends, after it
        self._masks: dict[str, int] = {}  # the states that a character satisfies
        self._compile("//" if text == "*" else text)
        self._accepted = 1 << len(self._tokens)
        self._start = self._reached(1)

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a whole address."""
        states = self._start
        for character in path:
            mask = self._masks.get(character)
            if mask is None:
                mask = self._mask(character)
            if character == "/":
                states = (states & mask) << 1 | states & self._levels
                states |= (states & self._levels) << 1
            else:
                states = (states & mask) << 1 | states & (self._stars | self._levels)
            if not states:
                return False
            if self._choices:
                states = self._reached(states)
        return bool(states & self._accepted)

    def _reached(self, states: int) -> int:
        for before, starts, ends, after in self._choices:  # from left to right, so once is enough
            if states & before:
                states |= starts
            if states & ends:
                states |= after
        return states

    def _mask(self, character: str) -> int:
        mask = 0
        for state, token in enumerate(self._tokens):
            if token is not None and (character in token[0]) != token[1]:
                mask |= 1 << state
        if len(self._masks) < 256:
            self._masks[character] = mask
        return mask

    def _compile(self, text: str) -> None:
        tokens = self._tokens
        position = 0
        while position < len(text):
            character = text[position]
            position += 1
            if character == "*":
                self._stars |= 1 << len(tokens)
            elif character == "?":
                tokens.append((frozenset("/"), True))
            elif character == "[":
                position = self._class(text, position)
            elif character == "{":
                position = self._choice(text, position)
            elif character in "]}":
                raise OscError(f"{character!r} must close a {'[' if character == ']' else '{'!r}, got {text!r}")
            else:
                tokens.append((frozenset(character), False))
                if character == "/" and text[position : position + 1] == "/":
                    self._levels |= 1 << len(tokens)
                    tokens.append(None)
                    while text[position : position + 1] == "/":
                        position += 1
                    if position == len(text):
                        self._stars |= 1 << len(tokens)

    def _class(self, text: str, position: int) -> int:
        end = text.find("]", position)
        if end < 0:
            raise OscError(f"'[' must be closed by ']', got {text!r}")
        body = text[position:end]
        negated = body.startswith("!")
        body = body[negated:]
        characters: set[str] = set()
        at = 0
        while at < len(body):
            low = high = body[at]
            if body[at + 1 : at + 2] == "-" and at + 2 < len(body):
                high = body[at + 2]
                at += 2
            at += 1
            if ord(high) > 0x7F and high != low:
                raise OscError(f"a range must be of ASCII characters, got {low}-{high} in {text!r}")
            # 1.0 leaves a range that runs backwards open: it is taken as meant.
            characters.update(map(chr, range(min(ord(low), ord(high)), max(ord(low), ord(high)) + 1)))
        self._tokens.append((frozenset(characters | {"/"} if negated else characters - {"/"}), negated))
        return end + 1

    def _choice(self, text: str, position: int) -> int:
        tokens = self._tokens
        end = text.find("}", position)
        if end < 0:
            raise OscError(f"'{{' must be closed by '}}', got {text!r}")
        if len(self._choices) == MAX_CHOICES:
            raise OscError(f"a pattern must have at most {MAX_CHOICES} pairs of braces, got {text!r}")
        before, starts, ends = 1 << len(tokens), 0, 0
        tokens.append(None)
        for word in text[position:end].split(","):
            starts |= 1 << len(tokens)
            tokens += [(frozenset(character), False) for character in word]
            ends |= 1 << len(tokens)
            tokens.append(None)
        self._choices.append((before, starts, ends, 1 << len(tokens)))
        return end + 1


class PatternIndex:
    """A fixed set of addresses, to be found by pattern."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = dict.fromkeys(paths)
        self.expand = functools.lru_cache(maxsize=256)(self._expand)

    def _expand(self, text: str) -> tuple[str, ...]:
        """Return the addresses that the pattern matches, in their order. Raises OscError."""
        if text in self._paths:  # an address by itself, as most are
            return (text,)
        pattern = Pattern(text)
        return tuple(path for path in self._paths if pattern.matches(path))
