"""What two models said, made into HTML in which nothing can be fetched, pressed or painted.

Models are not to be trusted: an answer may hold pictures that report who reads it, links, styles, or signs that turn
the direction of writing. Both sides of a pair go through here, in the same way.
"""

from html import escape, unescape
from typing import NamedTuple

import nh3
from markdown_it import MarkdownIt

from dashboard.model_text import without_hidden

__all__ = ["LARGEST", "LONGEST", "Rendered", "render", "text_on_screen"]

LONGEST = 20_000
"""Characters shown of one text."""

LARGEST = 200_000
"""Characters of HTML; a text that makes more of it, as tables of empty cells do, is shown as it was written."""

_TAGS = {
    "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip

# `reference` would make lines such as `[1]: address` disappear. `breaks` keeps the lines of models that use no markup.
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable(["image", "link", "autolink", "html_inline", "html_block", "reference"])
)


class Rendered(NamedTuple):
    """A text, as it may be shown."""

    html: str
    """With its markup, in a few tags without attributes; only a list keeps the number it begins with."""

    raw: str
    """As it was written; to be shown as text."""

    cut: bool
    """Whether it is longer than `LONGEST`, and was cut."""


def render(text: str) -> Rendered:
    r"""Make a model's text ready to be shown.

    >>> render("**fever** ![](http://a.example/x.png) <b>now</b>").html
    '<p><strong>fever</strong> ![](http://a.example/x.png) &lt;b&gt;now&lt;/b&gt;</p>\n'
    """
    seen = without_hidden(text)
    raw = seen[:LONGEST]
    # References such as &#8238; become the signs they stand for only now.
    made = without_hidden(_MARKDOWN.render(raw))
    if len(made) > LARGEST:
        made = "<p>" + escape(raw, quote=False).replace("\n", "<br>") + "</p>"
    html = nh3.clean(made, tags=_TAGS, attributes={"ol": {"start"}}, link_rel=None)
    return Rendered(html, raw, len(seen) > LONGEST)


def text_on_screen(text: str) -> str:
    """What can be marked and copied of a rendered text: without markup and numbers of lists.

    >>> text_on_screen("1. bread &amp; **salt**").strip()
    'bread & salt'
    """
    return unescape(nh3.clean(render(text).html, tags=set()))
