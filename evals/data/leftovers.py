"""Left-overs of web pages and of files: characters that cannot be seen, and markup that nobody asked for."""

import html
import re
from collections.abc import Sequence

from evals.text import Turn

__all__ = ["control_in", "is_about_markup", "markup_in", "tidied"]

_CONTROL = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u2028\u2029\u2060\ufeff\ufff9-\ufffc]"
)
_LINE_END = re.compile("\r\n?|[\u2028\u2029\u0085]")

_ENTITY = re.compile(
    r"&(?:nbsp|lt|gt|amp|quot|#\d{2,5}|#x[0-9a-f]{2,4}|[lr]dquo|[lr]squo|hellip|mdash|middot);", re.IGNORECASE
)
_ATTRIBUTES = (
    r"""(?:\s+(?:[a-z][\w:-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=][^\s"'<>]*)|nowrap|noshade|disabled))*\s*"""
)
_TAG = re.compile(
    rf"<(?P<closes>/?)(?P<name>p|br|div|span|font|strong|em|b|i|u|a|img|table|tr|td|th|ul|ol|li|h[1-6]|center|sup|sub)"
    rf"{_ATTRIBUTES}/?>",
    re.IGNORECASE,
)
"""A tag: behind its name stand attributes only, as in formulas and code anything can stand between < and >."""

_POWER = re.compile(r"(?<=\d)<sup>\s*([-+−]?\d+)\s*</sup>", re.IGNORECASE)
"""A power of a number, which would be another number without its tags."""

_BREAK = re.compile(r"<(?:br\s*/?|/p|/div|/tr|/li|/h[1-6])>", re.IGNORECASE)
_CODE = re.compile(
    r"(?<![a-z])(?:html|css|xml|web ?page|markdown|svg|javascript|react|vue|jsx)(?![a-z])|网页|前端|标签|```",
    re.IGNORECASE,
)
"""Where markup may be what a row is about."""


def control_in(text: str) -> str | None:
    """The first character of a text that cannot be seen, with what stands before it; None where there is none."""
    match = _CONTROL.search(text)
    return f"U+{ord(match[0]):04X} after {text[max(0, match.start() - 10) : match.start()]!r}" if match else None


def markup_in(turns: Sequence[Turn]) -> str | None:
    """The first tag or entity in some turns; None where there is none, or where they are about markup.

    >>> markup_in([Turn("user", "Why &gt; 38?")]), markup_in([Turn("user", "What is <br> in HTML?")])
    ('&gt;', None)
    """
    shown = next((match[0] for turn in turns if (match := _markup(turn.content))), None)
    return None if shown is None or any(is_about_markup(turn.content) for turn in turns) else shown


def is_about_markup(text: str) -> bool:
    """Whether markup may be what a text is about.

    >>> is_about_markup("HTML 里 <br> 是什么？"), is_about_markup("体温<br>38")
    (True, False)
    """
    return bool(_CODE.search(text))


def tidied(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    r"""The turns without characters that cannot be seen, without markup, without white space around.

    >>> tidied((Turn("user", "体温&gt;38\u200b，<br>怎么办？ "),))
    (Turn(role='user', content='体温>38，\n怎么办？'),)
    """
    marked = markup_in(turns) is not None
    return tuple(Turn(turn.role, _tidy(turn.content, marked=marked)) for turn in turns)


def _tidy(text: str, *, marked: bool) -> str:
    if marked:
        text = _TAG.sub(_without, _POWER.sub(r"^\1", text))
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text).replace("\u00a0", " ")
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).strip()


def _markup(text: str) -> re.Match[str] | None:
    if "<" not in text and "&" not in text:
        return None
    return _ENTITY.search(text) or next(filter(_is_tag, _TAG.finditer(text)), None)


def _is_tag(match: re.Match[str]) -> bool:
    """Whether what looks like a tag is one: one of a single letter, which may be a variable, is closed further on."""
    if len(match["name"]) > 1 or match["closes"]:
        return True
    return re.search(rf"</{match['name']}\s*>", match.string[match.end() :], re.IGNORECASE) is not None


def _without(match: re.Match[str]) -> str:
    """What stands in a text where a tag stood."""
    if not _is_tag(match):
        return match[0]
    return "\n" if _BREAK.match(match[0]) else ""
