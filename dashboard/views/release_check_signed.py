"""Release check: who has signed a candidate's evidence, when and with what, and what counts no longer."""

from collections.abc import Iterator, Sequence
from html import escape

import streamlit as st

from dashboard.gate_said import gate_said
from dashboard.language import current, t
from dashboard.views import release_check_words as words
from evals.gate.looking import Look
from evals.gate.signed import Approval

__all__ = ["progress", "show"]

DIGEST = 12
"""Characters of a digest on screen."""

WAYS = {
    "local": "release.way.local", "oidc": "release.way.oidc", "invite": "release.way.invite",
    "persona": "release.way.persona",
}  # fmt: skip
"""How somebody came in, whom the server signed for."""

TONES = {"approve": "good", "refuse": "bad", "override": "bad"}


def progress(seen: Look) -> None:
    """How many of the wanted signatures are there, and on what."""
    standing = seen.standing
    given = standing.approvals if seen.decision == "pass" else standing.overrides
    key = "release.signed.one" if standing.required == 1 else "release.signed.of"
    words_ = escape(t(key, given=given, required=standing.required))
    evidence = f'<code class="a-digest" title="{seen.digest}">{seen.digest}</code>'
    st.html(f'<p class="a-title">{words_} · {escape(t("release.sign.evidence"))} {evidence}</p>')


def show(seen: Look) -> None:
    """A line a signature; those that are void are told apart, and why they are."""
    lines = [*_lines(seen.standing.counted), *_lines(seen.standing.void)]
    if lines:
        st.html(f'<ul class="a-signed">{"".join(lines)}</ul>')


def _lines(signed: Sequence[Approval]) -> Iterator[str]:
    for one in signed:
        tone = "quiet" if one.void else TONES[one.kind]
        mark = words.html(words.Chip(t(f"release.signed.{one.kind}"), tone))
        parts = [words.moment(one.created), _with(one), t("release.signed.on", digest=one.evidence_sha256[:DIGEST])]
        facts = f'<span class="a-facts">{escape(" · ".join(parts))}</span>'
        yield f"<li>{mark} <b>{escape(one.name)}</b> {facts}{_reason(one)}{_void(one)}</li>"


def _reason(one: Approval) -> str:
    return f'<div class="a-reason">{escape(one.reason)}</div>' if one.reason else ""


def _void(one: Approval) -> str:
    if not one.void:
        return ""
    return f'<div class="a-warn">{escape(t("release.signed.void", why=gate_said(one.void, current())))}</div>'


def _with(one: Approval) -> str:
    if one.way == "key":
        return t("release.way.key", digest=one.key_id[:DIGEST])
    known = WAYS.get(one.way)
    return t("release.way.other", way=one.way) if known is None else t(known)
