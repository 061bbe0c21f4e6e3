"""Campaigns: the critical errors that graders found, with their texts."""

from html import escape

import streamlit as st

from dashboard import widgets
from dashboard.language import t
from dashboard.model_text import html_text
from dashboard.views import campaign_words as words
from evals.review.quality import CriticalFound
from evals.review.results import Results

__all__ = ["MOST", "show"]

MOST = 4
"""Errors shown at once; the others are folded away."""

SIDES = {"candidate": "campaigns.side.candidate", "baseline": "campaigns.side.baseline"}


def show(found: Results) -> None:
    """How often, against the limit, and each with question, answer and sentence."""
    known = found.critical
    widgets.heading(t("campaigns.critical"))
    if known.n:
        told = t(
            "campaigns.critical.sum", candidate=known.candidate, baseline=known.baseline, n=known.n,
            low=words.share(known.lower), high=words.share(known.upper), limit=words.share(known.limit),
        )  # fmt: skip
        fixed = t("campaigns.critical.fixed", high=words.share(known.fixed_upper or 0.0))
        above = f' <span class="a-status a-bad">{escape(t("campaigns.critical.above"))}</span>' * known.shown_above
        st.html(f'<p class="a-notice">{escape(told)} {escape(fixed)}{above}</p>')
    if not known.found:
        widgets.notice(t("campaigns.critical.none"))
        return
    _items(known.found[:MOST])
    if rest := known.found[MOST:]:
        with st.expander(t("campaigns.critical.more", count=len(rest))):
            _items(rest)


def _items(found: tuple[CriticalFound, ...]) -> None:
    st.html(f'<div class="a-items">{"".join(map(_item, found))}</div>')


def _item(one: CriticalFound) -> str:
    tone = "bad" if one.side == "candidate" else "quiet"
    facts = [words.error(one.type), *([one.specialty] if one.specialty else [])]
    head = "".join(f"<b>{escape(fact)}</b>" for fact in facts)
    side = f'<span class="a-status a-{tone}">{escape(t(SIDES[one.side]))}</span>'
    turns = [
        ("campaigns.critical.question", one.question), ("campaigns.critical.quote", one.quote),
        ("campaigns.critical.answer", one.answer),
    ]  # fmt: skip
    body = "".join(
        f'<div class="a-turn"><span class="a-quiet">{escape(t(key))}</span>{html_text(text)}</div>'
        for key, text in turns
    )
    return f'<div class="a-item"><div class="a-facts">{side}{head}</div>{body}</div>'
