"""What changed from one answer to the next: word by word, Chinese sign by sign."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from html import escape
from typing import Literal, NamedTuple, TypeAlias

from dashboard.model_text import plain_text

__all__ = ["Change", "changes", "marked"]

Kind: TypeAlias = Literal["same", "new", "gone"]

MOST = 1200
"""Words and signs compared of each text; longer ones are shown as written anew."""

ALIKE = 0.35
"""Share of their signs that two texts have in common, below which marking each change would make neither readable."""

_PARTS = re.compile(r"[A-Za-z0-9_'’-]+|\s+|.", re.DOTALL)


class Change(NamedTuple):
    """A stretch of text."""

    kind: Kind
    """Whether it stands in both texts, in the later one only, or in the earlier one only."""

    text: str
    """The stretch."""


@lru_cache(maxsize=1024)
def changes(before: str, after: str) -> tuple[Change, ...] | None:
    """The later text with what came and went; None where it was written anew.

    >>> changes("看内科。", "看神经内科。")
    (Change(kind='same', text='看'), Change(kind='new', text='神经'), Change(kind='same', text='内科。'))
    >>> changes("the old answer is here", "the new answer is here")[1:3]
    (Change(kind='gone', text='old'), Change(kind='new', text='new'))
    >>> changes("yes", "no") is None
    True
    """
    old, new = _PARTS.findall(plain_text(before)), _PARTS.findall(plain_text(after))
    if max(len(old), len(new)) > MOST:
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if _alike(matcher, old, new) < ALIKE:
        return None
    return tuple(_joined(matcher, old, new))


def _alike(matcher: "SequenceMatcher[str]", old: list[str], new: list[str]) -> float:
    """Share of the signs of both that stand in both, white space apart; 1 where there are none."""
    shared = sum(_signs(old[block.a : block.a + block.size]) for block in matcher.get_matching_blocks())
    whole = _signs(old) + _signs(new)
    return 2 * shared / whole if whole else 1.0


def _signs(parts: list[str]) -> int:
    return sum(len(part) for part in parts if not part.isspace())


def _joined(matcher: "SequenceMatcher[str]", old: list[str], new: list[str]) -> Iterator[Change]:
    """A stretch of one kind after the other; white space alone between two changes belongs to them."""
    gone, came = "", ""
    for kind, first, last, start, end in matcher.get_opcodes():
        stretch = "".join(new[start:end])
        if kind == "equal" and (stretch.strip() or not (gone or came)):
            yield from _flushed(gone, came)
            yield Change("same", stretch)
            gone = came = ""
        else:
            gone, came = gone + "".join(old[first:last]), came + stretch
    yield from _flushed(gone, came)


def _flushed(gone: str, came: str) -> Iterator[Change]:
    if gone:
        yield Change("gone", gone)
    if came:
        yield Change("new", came)


def marked(found: tuple[Change, ...]) -> str:
    """The changes in HTML: what came is underlined, what went is struck out.

    >>> marked((Change("same", "<"), Change("new", "a")))
    '<bdi>&lt;<ins>a</ins></bdi>'
    """
    tags = {"same": "{}", "new": "<ins>{}</ins>", "gone": "<del>{}</del>"}
    return f"<bdi>{''.join(tags[change.kind].format(escape(change.text)) for change in found)}</bdi>"
