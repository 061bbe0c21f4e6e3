"""Release check: approving, refusing or overriding for those who may, and then releasing.

The first press shows what would be signed, the digest of the evidence on screen; the second signs that, and nothing
else: where the evidence has changed between the two, it says so.
"""

import os
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, Literal, TypeAlias

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_release, identity, widgets
from dashboard.gate_said import gate_said
from dashboard.language import current, t
from dashboard.pages import page_path
from dashboard.release_said import release_said
from dashboard.views import release_check_signed, release_check_words
from evals.gate.approvals import LEAST_REASON, approve, override, refuse
from evals.gate.looking import Look
from evals.release.making import make
from evals.release.refusal import refusal
from evals.release.telling import hook_of
from store.access import Actor
from store.database import Store

__all__ = ["show"]

Act: TypeAlias = Literal["approve", "refuse", "override", "release"]

SIGNS = {"approve": approve, "refuse": refuse, "override": override}

ALLOWED: dict[Act, str] = {
    "approve": "release:approve", "refuse": "release:approve", "override": "release:approve", "release": "release:make",
}  # fmt: skip

DIGEST = 12
"""Characters of a digest on screen."""

_PROBLEM = "release-sign-problem"

_DONE = "release-sign-done"

Row = dict[str, Any]


def show(seen: Look, who: Actor, released: Sequence[Row]) -> None:
    """What can be done now, by whom, and what was signed."""
    with st.container(key="a-sign"):
        release_check_signed.progress(seen)
        for note in seen.notes:
            widgets.notice(gate_said(note, current()), "warn")
        if problem := st.session_state.pop(_PROBLEM, None):
            widgets.notice(problem, "bad")
        if done := st.session_state.pop(_DONE, None):
            widgets.notice(done, "good")
        is_live = bool(released) and released[0]["is_live"]
        if is_live or release_check_words.was_live(seen, released):
            key = "release.sign.live" if is_live else "release.sign.replaced"
            widgets.notice(t(key, version=released[0]["version"]))
            st.page_link(page_path("releases"), label=t("releases"), query_params={"lang": current()})
        elif seen.proposal is None:
            widgets.notice(t("release.sign.nothing"))
        else:
            _act(seen, who)
        release_check_signed.show(seen)


def _act(seen: Look, who: Actor) -> None:
    """The buttons, and why there are none."""
    path = cached.store_path()
    may = cached_release.may_do(path, who)
    assert seen.proposal is not None, "there is something to sign"
    why = cached_release.against(path, who, seen.proposal)
    if "release:approve" not in may:
        widgets.notice(t("release.sign.role"))
    elif why is not None:
        widgets.notice(t("release.sign.against", reason=gate_said(why, current())))
    acts: list[Act] = [act for act in _acts(seen, who) if ALLOWED[act] in may and (act == "release" or why is None)]
    if acts:
        _buttons(seen, who, acts)


def _acts(seen: Look, who: Actor) -> Iterator[Act]:
    """What there is to do, but for what this person has signed already."""
    before = next((one.kind for one in seen.standing.counted if one.user == who.user), None)
    if not refusal(seen):
        yield "release"
    if seen.decision == "pass" and before != "approve":
        yield "approve"
    if before != "refuse":
        yield "refuse"
    if seen.decision != "pass" and before != "override":
        yield "override"


def _buttons(seen: Look, who: Actor, acts: list[Act]) -> None:
    key = f"release-armed-{seen.place.sha256}-{who.named}"
    armed: tuple[Act, str] | None = st.session_state.get(key)
    if armed is not None and armed[0] in acts:
        _panel(seen, key, *armed)
        return
    with st.container(horizontal=True, gap="small", key="a-sign-buttons"):
        for number, act in enumerate(acts):
            good = number == 0 and act in ("release", "approve")
            st.button(
                t(f"release.sign.{act}"), key=f"release-{act}", on_click=_arm, args=(key, act, seen.digest),
                type="primary" if good else "secondary",
            )  # fmt: skip
    if seen.decision != "pass":
        widgets.notice(t("release.sign.not_pass"))


def _arm(key: str, act: Act, digest: str) -> None:
    st.session_state[key] = (act, digest)


def _disarm(key: str) -> None:
    st.session_state.pop(key, None)


def _panel(seen: Look, key: str, act: Act, digest: str) -> None:
    """What would be signed, and the press that signs it."""
    with st.container(border=True, key="a-sign-panel"):
        if digest != seen.digest:
            widgets.notice(t("release.sign.changed", was=digest[:DIGEST], now=seen.digest[:DIGEST]), "bad")
            st.button(t("release.sign.again"), key="release-disarm", on_click=_disarm, args=(key,))
            return
        told = t(f"release.sign.{act}.what", candidate=seen.place.candidate, environment=seen.environment)
        widgets.notice(told, "bad" if act == "override" or (act, seen.decision) == ("release", "fail") else "")
        said = escape(t("release.sign.evidence"))
        st.html(f'<p class="a-note">{said} <code class="a-digest" title="{digest}">{digest}</code></p>')
        field = f"release-reason-{seen.place.sha256[:DIGEST]}-{act}"
        with st.form(f"release-form-{act}", border=False):
            st.text_area(t(f"release.sign.{act}.reason", least=LEAST_REASON), key=field, max_chars=1000, height=80)
            st.form_submit_button(
                t(f"release.sign.{act}.confirm"), on_click=_sign, args=(seen, act, key, field),
                type="primary" if act in ("approve", "release") else "secondary",
            )  # fmt: skip
        st.button(t("release.sign.cancel"), key="release-disarm", on_click=_disarm, args=(key,))


def _sign(seen: Look, act: Act, armed: str, field: str) -> None:
    reason = " ".join(str(st.session_state[field] or "").split())
    try:
        identity.guard(ALLOWED[act])
        st.session_state[_DONE] = _done(Store.at(cached.store_path()), identity.actor(), seen, act, reason)
        _disarm(armed)
    except AssayError as error:
        key = "release.sign.release.failed" if act == "release" else "release.sign.failed"
        st.session_state[_PROBLEM] = t(key, reason=release_said(str(error), current()))
    cached_release.forget()


def _done(store: Store, who: Actor, seen: Look, act: Act, reason: str) -> str:
    """Do it; what came of it. Raises AssayError."""
    if act == "release":
        hook = hook_of(None, os.environ)
        made = make(
            store, who, seen.place.reference, environment=seen.environment, policy=seen.policy, reason=reason, hook=hook
        )
        told = "" if made.told is None else made.told.sentence
        return t("release.sign.release.done", version=made.release.version, told=told).strip()
    SIGNS[act](store, who, seen, reason)
    return t(f"release.sign.{act}.done", digest=seen.digest[:DIGEST])
