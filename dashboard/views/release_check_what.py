"""Release check: what exactly would be released, by its digests, and how it differs from what is live."""

from html import escape
from typing import Any

import streamlit as st

from dashboard import cached, cached_release, widgets
from dashboard.cached_people import called
from dashboard.language import t
from dashboard.views import release_check_words as words
from evals.gate.looking import Look
from evals.gate.proposals import DIGESTS, Proposal

__all__ = ["digest_html", "show", "table_html"]

PARTS = {
    "base": "release.what.base", "tokenizer": "release.what.tokenizer", "adapter": "release.what.adapter",
    "weights": "release.what.weights", "data": "release.what.data", "chat_template": "release.what.chat_template",
    "generation_config": "release.what.generation_config",
}  # fmt: skip
"""Texts of what a folder is made of."""

Row = dict[str, Any]


def show(seen: Look, *, released: bool) -> None:
    """The folder and its parts; nothing where none was built, which the next part of the page says.

    `released`: whether it was, so that what it is compared with is what it took the place of.
    """
    made = seen.proposal
    if made is None:
        return
    live = seen.live
    known = None if live is None else cached_release.live_digests(cached.store_path(), seen.environment, live.version)
    none = t("release.what.before.none" if released else "release.what.live.none")
    widgets.heading(t("release.what.was" if released else "release.what"), none if live is None else "")
    other = "" if live is None else t(_OTHER[released], version=live.version)
    st.html(table_html(made, known, other))
    kind = t(
        "release.what.merged" if made.merged else "release.what.adapter.kind" if _adapts(made) else "release.what.whole"
    )
    assert made.created is not None, "what is in the store has a time"
    built = t("release.what.built", when=words.moment(made.created), who=called(made.created_by))
    st.html(f'<p class="a-note a-path">{escape(kind)} {escape(built)} <code>{escape(made.path)}</code></p>')


_OTHER = {False: "release.what.live", True: "release.what.before"}


def _adapts(made: Proposal) -> bool:
    return bool(made.digests.get("adapter"))


def table_html(made: Proposal, live: Row | None, named: str) -> str:
    """A row for the folder and each of its parts; beside another release, which is `named`, where there is one."""
    head = [t("release.what.part"), t("release.what.this")]
    head += [] if live is None else [named, t("release.what.same")]
    other: Row = {} if live is None else live["digests"]
    rows = [(t("release.what.folder"), made.sha256, None if live is None else live["sha256"])]
    rows += [
        (t(PARTS[part]), made.digests.get(part), other.get(part))
        for part in DIGESTS
        if made.digests.get(part) or other.get(part) or part not in ("adapter", "weights")
    ]
    cells = "".join(f"<th>{escape(word)}</th>" for word in head)
    body = "".join(_row(*row, beside=live is not None) for row in rows)
    return f'<div class="a-scroll"><table class="a-table a-what"><tr>{cells}</tr>{body}</table></div>'


def _row(part: str, mine: str | None, theirs: str | None, *, beside: bool) -> str:
    cells = f"<td>{escape(part)}</td><td>{digest_html(mine)}</td>"
    if beside:
        said, tone = ("release.what.is_same", "quiet") if mine == theirs else ("release.what.is_changed", "warn")
        cells += f'<td>{digest_html(theirs)}</td><td><span class="a-{tone}">{escape(t(said))}</span></td>'
    return f"<tr>{cells}</tr>"


def digest_html(digest: str | None) -> str:
    """A digest: its first characters are seen, all of it is there on hover and to be copied."""
    if not digest:
        return '<span class="a-quiet">–</span>'
    return f'<code class="a-digest" title="{escape(digest)}">{escape(digest)}</code>'
