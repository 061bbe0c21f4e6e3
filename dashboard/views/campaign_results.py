"""Campaigns: what one found, shown after a press that says what looking means."""

from html import escape

import streamlit as st

from dashboard import cached, cached_campaigns, identity, widgets
from dashboard.charts.campaigns import Line, evidence_chart
from dashboard.drawing import draw
from dashboard.language import t
from dashboard.views import campaign_details, campaign_errors, plain
from dashboard.views import campaign_words as words
from dashboard.views.plain import Column
from dashboard.widgets import Card
from dashboard.words import count
from evals.review.needed import LEAST
from evals.review.progress import Status
from evals.review.results import Part, Results, Share
from store.access import Actor

__all__ = ["bar", "cards", "chart", "parts", "show"]


def show(one: Status, who: Actor) -> None:
    """The press, and after it the results."""
    widgets.heading(t("campaigns.results"))
    key = _shown(one, who)
    if not st.session_state.get(key):
        widgets.notice(t("campaigns.results.ask.demo" if one.demo else "campaigns.results.ask"), "warn")
        st.button(t("campaigns.results.show"), key=f"campaign-show-{one.campaign}", on_click=_toggle, args=(key,))
        return
    found = cached_campaigns.found(cached.store_path(), who, one.campaign, cached_campaigns.stamp(one))
    _decision(found)
    if found.overall is not None:
        widgets.cards(cards(found, found.overall))
        if found.blinding is not None and found.blinding.held is False:
            widgets.notice(t("campaigns.blinding.broken.what", limit=f"{found.blinding.limit:g}"), "bad")
        bar(found, found.overall)
        left, right = st.columns(2, gap="medium")
        with left:
            chart(found)
        with right:
            parts(found)
    campaign_errors.show(found)
    campaign_details.show(found)
    st.button(t("campaigns.results.hide"), key=f"campaign-hide-{one.campaign}", on_click=_toggle, args=(key,))


def _shown(one: Status, who: Actor) -> str:
    """A press is that of one person: whoever signs in after them in the same browser presses anew."""
    return f"campaign-results-{one.campaign}-{who.named}"


def _toggle(key: str) -> None:
    identity.guard("campaign:results")
    st.session_state[key] = not st.session_state.get(key)


def _decision(found: Results) -> None:
    tone = words.TONES[found.decision]
    marks = [t("campaigns.simulated")] * found.simulated
    if found.unblinded:
        marks.append(t("campaigns.unblinded", count=found.unblinded))
    red = "".join(f' <span class="a-status a-bad">{escape(mark)}</span>' for mark in marks)
    told = [t("campaigns.results.of", n=found.overall.n if found.overall else 0)]
    if found.behind:
        told.append(t("campaigns.results.behind", count=count(found.behind)))
    st.html(
        f'<p class="a-decision a-{tone}">{escape(words.sentence(found))}</p>'
        f'<p class="a-caption">{escape(" · ".join(told))}{red}</p>'
    )


def cards(found: Results, overall: Share) -> list[Card]:
    """The figures that a lead decides by."""
    sure = words.share(1 - found.alpha)
    bounds = t("campaigns.bounds", low=words.points(overall.lower), high=words.points(overall.upper), sure=sure)
    margin = t("campaigns.points", value=f"{100 * found.margin:g}")
    # What came after the end changes nothing.
    counted = found.course[: overall.n]
    better, held = [point.superior for point in counted], [point.not_worse for point in counted]
    return [
        Card(t("campaigns.difference"), words.points(overall.win_difference), bounds),
        Card(t("campaigns.strength"), words.strength(better[-1]), _against(found, better)),
        Card(t("campaigns.strength.not_worse", margin=margin), words.strength(held[-1]), _against(found, held)),
        _blinding(found), _agreement(found), _needed(found),
    ]  # fmt: skip


def _against(found: Results, path: list[float]) -> str:
    return t("campaigns.strength.at", decides=words.decides(found), most=words.strength(max(path)))


def _blinding(found: Results) -> Card:
    known = found.blinding
    if known is None:
        return Card(t("campaigns.blinding"), t("campaigns.blinding.missing"), t("campaigns.blinding.missing.what"))
    told = t(
        "campaigns.blinding.what", index=f"{known.index:+.2f}", low=f"{known.low:+.2f}", high=f"{known.high:+.2f}",
        count=known.guesses,
    )  # fmt: skip
    said = {None: "campaigns.blinding.few", True: "campaigns.blinding.held", False: "campaigns.blinding.broken"}
    return Card(t("campaigns.blinding"), t(said[known.held]), told)


def _agreement(found: Results) -> Card:
    name, known = t("campaigns.agreement"), found.agreement
    if known is None:
        return Card(name, t("campaigns.agreement.missing"), t("campaigns.agreement.missing.what"))
    if not known.items or known.same is None:
        return Card(name, "–", t("campaigns.agreement.none"))
    if known.alpha is None or known.low is None or known.high is None:
        return Card(name, words.share(known.same), t("campaigns.agreement.undefined", items=known.items))
    told = t(
        "campaigns.agreement.what", low=f"{known.low:.2f}", high=f"{known.high:.2f}", items=known.items,
        same=words.share(known.same),
    )  # fmt: skip
    return Card(name, f"{known.alpha:.2f}", told)


def _needed(found: Results) -> Card:
    name, known = t("campaigns.needed"), found.needed
    if known.state == "over":
        return Card(name, t("campaigns.needed.over"), t("campaigns.needed.over.what"))
    if known.state == "early":
        return Card(name, t("campaigns.needed.early"), t("campaigns.needed.early.what", least=LEAST))
    if known.pairs is None:
        told = t("campaigns.needed.unforeseeable.what", most=count(known.most))
        return Card(name, t("campaigns.needed.unforeseeable"), told)
    if found.sentence == "superior.early":
        left = t("campaigns.needed.left", pairs=count(known.pairs))
        return Card(name, left, t("campaigns.needed.good", least=words.least(found)))
    key = "campaigns.needed.what" if known.high is not None else "campaigns.needed.open"
    return Card(name, t("campaigns.needed.value", pairs=count(known.pairs)), t(key, low=known.low, high=known.high))


def bar(found: Results, overall: Share) -> None:
    """Pairs won, tied and lost."""
    colors = widgets.look().series
    cells_of = [
        ("win", overall.wins, t("campaigns.bar.win", count=overall.wins), f"background:{colors[0]}"),
        ("tie", overall.ties, t("campaigns.bar.tie", count=overall.ties), ""),
        ("loss", overall.losses, t("campaigns.bar.loss", count=overall.losses), f"background:{colors[1]}"),
    ]
    cells = "".join(
        f'<div class="a-{name}" style="flex-grow:{number};{color}"><span>{escape(said)}</span></div>'
        for name, number, said, color in cells_of
        if number
    )
    told = [t("campaigns.bar.both_bad", count=overall.both_bad)] * bool(overall.both_bad)
    if found.identical and found.with_identical is not None:
        difference = words.points(found.with_identical)
        told.append(t("campaigns.bar.identical", count=found.identical, difference=difference))
    st.html(
        f'<p class="a-title">{escape(t("campaigns.bar"))}</p><div class="a-wtl">{cells}</div>'
        f'<p class="a-note">{escape(" ".join(told))}</p>'
    )


def chart(found: Results) -> None:
    """How the strength of evidence grew."""
    title = t("campaigns.chart", decides=words.decides(found))
    st.html(f'<p class="a-title">{escape(title)}</p>')
    lines = [
        Line(t("campaigns.chart.superior"), [point.superior for point in found.course], 0),
        Line(t("campaigns.chart.not_worse"), [point.not_worse for point in found.course], 2),
        Line(
            t("campaigns.chart.futile", value=words.strength(found.futile_at)),
            [point.futile for point in found.course],
            None,
        ),
    ]
    said = {
        "pairs": t("campaigns.chart.pairs"), "ended": t("campaigns.chart.ended"),
        "decides": t("campaigns.chart.decides", value=words.decides(found)),
    }  # fmt: skip
    ended = found.ended_at if found.decision != "inconclusive" else None
    picture = evidence_chart(lines, found.decides_at, ended, said, widgets.look())
    draw(picture, key=f"campaign-evidence-{found.campaign}", alt=title)


def parts(found: Results) -> None:
    """By criterion and field; nothing where there are none."""
    if not found.criteria and not any(part.name for part in found.specialties):
        return
    st.html(f'<p class="a-title">{escape(t("campaigns.parts"))}</p>')
    _table(t("campaigns.parts.criterion"), [_row(words.criterion(part.name), part) for part in found.criteria])
    if any(part.name for part in found.specialties):
        rows = [_row(part.name or t("campaigns.parts.everyone"), part) for part in found.specialties]
        _table(t("campaigns.parts.specialty"), rows)


def _table(name: str, rows: list[list[str]]) -> None:
    columns = [
        Column(name, wide=True), Column(t("campaigns.parts.n"), numbers=True),
        Column(t("campaigns.parts.wtl"), numbers=True), Column(t("campaigns.parts.difference"), numbers=True),
        Column(t("campaigns.parts.range"), numbers=True), Column(t("campaigns.parts.strength"), numbers=True),
    ]  # fmt: skip
    if rows:
        plain.table(columns, rows)


def _row(name: str, part: Part) -> list[str]:
    share = part.share
    return [
        name, count(share.n), f"{share.wins} / {share.ties} / {share.losses}", words.points(share.win_difference),
        f"{100 * share.lower:+.0f} … {100 * share.upper:+.0f}".replace("-", "\u2212"), words.strength(part.not_worse),
    ]  # fmt: skip
