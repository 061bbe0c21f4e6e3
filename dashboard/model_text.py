"""What a model or a data file says, as it may be put on a page: plain text, without signs that hide or turn words.

Markup in it is shown, never followed: nothing is fetched, nothing can be pressed, nothing looks like the page's own.
"""

import re
from html import escape

__all__ = ["beginning", "html_text", "plain_text", "without_hidden"]

LONGEST = 4000
"""Characters shown of one text."""

SHORT = 480
"""Characters above which the rest of a text is folded away."""

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, Unicode's format characters, fillers, and selectors of variants: what is not seen, or turns what is."""


def without_hidden(text: str) -> str:
    """A text without signs that cannot be seen."""
    return _HIDDEN.sub("", text)


def plain_text(text: str) -> str:
    r"""A text without signs that cannot be seen, cut at `LONGEST`.

    >>> plain_text("a\u202eb\u200b\r\nc")
    'ab\nc'
    """
    seen = without_hidden(text)
    return seen if len(seen) <= LONGEST else f"{seen[:LONGEST]}…"


def beginning(text: str, most: int) -> str:
    r"""The first characters of a text, in one line.

    >>> beginning("fever\n for three days", 9), beginning("fever", 9)
    ('fever for…', 'fever')
    """
    line = " ".join(plain_text(text).split())
    return line if len(line) <= most else f"{line[:most].rstrip()}…"


def html_text(text: str) -> str:
    """A text in HTML that keeps its lines; of a long one the rest is folded away.

    >>> html_text("<b>bold</b>")
    '<bdi>&lt;b&gt;bold&lt;/b&gt;</bdi>'
    """
    seen = plain_text(text)
    if len(seen) <= SHORT:
        return f"<bdi>{escape(seen)}</bdi>"
    first, rest = escape(seen[:SHORT]), escape(seen[SHORT:])
    return f'<bdi>{first}<details class="a-more"><summary>…</summary>{rest}</details></bdi>'
