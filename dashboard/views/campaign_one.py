"""Campaigns: one of them: how far it has come, its rules, how to close it, and the way to its results."""

from html import escape

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_campaigns, identity, widgets
from dashboard.language import current, t
from dashboard.views import campaign_results, plain
from dashboard.views import campaign_words as words
from dashboard.widgets import Card
from dashboard.words import ago, count, duration
from evals.review.progress import Status
from evals.review.service import close_campaign
from store.access import Actor
from store.clock import utc_now
from store.database import Store

__all__ = ["show"]

DIGEST = 12
"""Characters of a digest on screen."""

_PROBLEM = "campaign-problem"


def show(one: Status, who: Actor) -> None:
    """The whole view of a campaign, by what the viewer may do."""
    may = cached_campaigns.may_do(cached.store_path(), who, one.campaign)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(_head(one))
        if "campaign:close" in may and one.closed is None:
            _close(one)
    if _PROBLEM in st.session_state:
        widgets.notice(st.session_state.pop(_PROBLEM), "bad")
    widgets.cards(_cards(one))
    st.html(words.progress(one))
    if "campaign:results" in may:
        campaign_results.show(one, who)
    _before(one)
    _rules(one)


def _head(one: Status) -> str:
    lines = [
        f"<h1>{escape(one.name)}</h1>{words.state(one)}{words.marks(one, demo=True)}",
        f'<span class="a-source">{escape(" · ".join(_facts(one)))}</span>',
    ]
    return "".join(f'<div class="a-head">{line}</div>' for line in lines)


def _facts(one: Status) -> list[str]:
    now = utc_now()
    said = [t("campaigns.against", candidate=one.candidate, baseline=one.baseline)]
    if one.title != one.name:
        said.append(one.title)
    said.append(t("campaigns.opened", when=ago(one.opened, now, current()), who=one.opened_by))
    if one.closed is not None:
        key = "campaigns.ended.by" if one.closed_by else "campaigns.ended"
        said.append(t(key, when=ago(one.closed, now, current()), who=one.closed_by, reason=words.reason(one)))
    return said


def _cards(one: Status) -> list[Card]:
    return [
        Card(
            t("campaigns.judged"), t("campaigns.judged.value", judged=count(one.judged), pairs=count(one.pairs)),
            t("campaigns.judged.final", final=count(one.final)),
        ),
        _pace(one), _forecast(one),
        Card(
            t("campaigns.seconds"), "–" if one.seconds is None else duration(one.seconds, current()),
            t("campaigns.seconds.what"),
        ),
        Card(
            t("campaigns.people"), t("campaigns.people.value", graders=one.graders, roster=one.roster),
            t("campaigns.people.what", open=one.open_leases),
        ),
        Card(
            t("campaigns.aside"), count(one.identical),
            t("campaigns.aside.what", skipped=count(one.skipped), flags=count(one.flags)),
        ),
    ]  # fmt: skip


def _pace(one: Status) -> Card:
    if one.closed is not None:
        return Card(t("campaigns.pace"), "–", t("campaigns.forecast.over"))
    if not one.pace:
        return Card(t("campaigns.pace"), "–", t("campaigns.pace.none"))
    value = t("campaigns.pace.value", pace=words.pace(one.pace))
    return Card(t("campaigns.pace"), value, t("campaigns.pace.what"))


def _forecast(one: Status) -> Card:
    if one.closed is not None:
        return Card(t("campaigns.forecast"), "–", t("campaigns.forecast.over"))
    if one.forecast is None:
        return Card(t("campaigns.forecast"), "–", t("campaigns.forecast.none"))
    # Of the rules and of how far it is alone, so that it tells nothing of who wins.
    key = "campaigns.forecast.least" if one.final < one.least else "campaigns.forecast.what"
    return Card(t("campaigns.forecast"), words.date(one.forecast), t(key, least=count(one.least)))


def _before(one: Status) -> None:
    if one.warnings:
        with st.expander(t("campaigns.before")):
            st.html("".join(f'<p class="a-notice">{escape(words)}</p>' for words in one.warnings))


def _rules(one: Status) -> None:
    policy = one.policy
    named = ", ".join(map(words.criterion, policy.criteria)) or t("campaigns.rule.none")
    least = t("campaigns.rule.least.what", count=count(one.least)) if one.least else t("campaigns.rule.none")
    with st.expander(t("campaigns.policy")):
        plain.facts(
            [
                (t("campaigns.rule.margin"), t("campaigns.points", value=f"{100 * policy.margin:g}")),
                (t("campaigns.rule.alpha"), words.share(policy.alpha)),
                (t("campaigns.rule.futility"), words.share(policy.futility)),
                (t("campaigns.rule.n_max"), t("campaigns.rule.pairs", count=count(policy.n_max))),
                (t("campaigns.rule.least"), least),
                (t("campaigns.rule.overlap"), words.share(policy.overlap)),
                (t("campaigns.rule.critical"), words.share(policy.critical_limit)),
                (t("campaigns.rule.blinding"), f"{policy.max_blinding_index:g}"),
                (t("campaigns.rule.position"), t("campaigns.rule.errors", value=f"{policy.max_position_z:g}")),
                (t("campaigns.rule.criteria"), named),
                (t("campaigns.rule.final"), t("campaigns.rule.final.what", hours=policy.sitting_hours)),
                (t("campaigns.policy.digest"), one.policy_sha256[:DIGEST]),
            ]
        )


def _close(one: Status) -> None:
    field = f"campaign-reason-{one.campaign}"
    with (
        st.popover(t("campaigns.close"), key=f"campaign-close-{one.campaign}"),
        st.form(f"campaign-close-form-{one.campaign}", border=False),
    ):
        widgets.notice(t("campaigns.close.what"), "warn")
        st.text_input(t("campaigns.close.reason"), key=field, max_chars=300)
        st.form_submit_button(t("campaigns.close.confirm"), on_click=_closed, args=(one.campaign, field))


def _closed(campaign: int, field: str) -> None:
    reason = " ".join(str(st.session_state[field] or "").split())
    if not reason:
        st.session_state[_PROBLEM] = t("campaigns.close.empty")
        return
    try:
        close_campaign(Store.at(cached.store_path()), identity.actor(), campaign, reason)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
    cached_campaigns.campaigns.clear()
