"""Campaigns: graders, and how far their verdicts can be trusted; folded away."""

import streamlit as st

from dashboard import widgets
from dashboard.language import current, t
from dashboard.model_text import beginning
from dashboard.views import campaign_words as words
from dashboard.views import plain
from dashboard.views.plain import Column
from dashboard.words import count, duration
from evals.review.quality import GraderFound
from evals.review.results import Results

__all__ = ["show"]

QUESTION = 120
"""Characters of a question in a table."""


def show(found: Results) -> None:
    """What came by packs, two folded parts, and the pairs found faulty."""
    if known := found.offline:
        by = ", ".join(known.imported_by)
        widgets.notice(t("campaigns.offline", n=count(known.verdicts), of=count(known.of), by=by))
    if found.graders:
        with st.expander(t("campaigns.graders")):
            _graders(found)
    if found.overall is not None:
        with st.expander(t("campaigns.details")):
            plain.facts(
                [_like_these(found), _position(found), _skips(found), _length(found), *_reversed(found)]
            )  # fmt: skip
    if found.flags:
        with st.expander(t("campaigns.flags", count=len(found.flags))):
            columns = [Column(t("campaigns.flags.question"), wide=True), Column(t("campaigns.flags.reason"), wide=True)]
            plain.table(columns, [[beginning(one["question"], QUESTION), str(one["reason"])] for one in found.flags])


def _graders(found: Results) -> None:
    columns = [
        Column(t("campaigns.graders.name"), wide=True), Column(t("campaigns.graders.verdicts"), numbers=True),
        Column(t("campaigns.graders.seconds"), numbers=True), Column(t("campaigns.graders.side"), numbers=True),
        Column(t("campaigns.graders.without"), wide=True),
    ]  # fmt: skip
    plain.table(columns, [_grader(one, found) for one in found.graders])


def _grader(one: GraderFound, found: Results) -> list[str]:
    left = next((each for each in found.without if each.grader == str(one.grader)), None)
    if left is None:
        without = t("campaigns.graders.alone")
    elif left.flips:
        without = t("campaigns.graders.flips", decision=t(words.DECISIONS[left.decision]))
    else:
        without = t("campaigns.graders.same")
    return [
        one.name or t("campaigns.graders.erased", number=one.grader), count(one.verdicts),
        duration(one.seconds, current()), words.share(one.position.left_share) if one.position else "–", without,
    ]  # fmt: skip


def _like_these(found: Results) -> tuple[str, str]:
    known = found.like_these
    said = t("campaigns.like_these.none") if known is None else t(
        "campaigns.like_these.value", low=words.points(known.low), high=words.points(known.high)
    )  # fmt: skip
    return t("campaigns.like_these"), said


def _position(found: Results) -> tuple[str, str]:
    known = found.position
    if known is None:
        return t("campaigns.position"), t("campaigns.position.none")
    reads = t("campaigns.position.within" if known.within else "campaigns.position.beyond")
    return t("campaigns.position"), t(
        "campaigns.position.value", share=words.share(known.left_share), z=f"{known.z:+.1f}", p=f"{known.p:.2g}",
        reads=reads,
    )  # fmt: skip


def _skips(found: Results) -> tuple[str, str]:
    known = found.skips
    assert known is not None, "there are judged pairs"
    reads = t("campaigns.skips.holds" if known.holds else "campaigns.skips.hangs")
    return t("campaigns.skips"), t(
        "campaigns.skips.value", share=words.share(known.share), ties=words.points(2 * known.as_ties - 1),
        losses=words.points(2 * known.as_losses - 1), reads=reads,
    )  # fmt: skip


def _length(found: Results) -> tuple[str, str]:
    known = found.length
    if known is None:
        return t("campaigns.length"), t("campaigns.length.none")
    return t("campaigns.length"), t(
        "campaigns.length.value", adjusted=words.points(2 * known.adjusted - 1), low=words.points(2 * known.low - 1),
        high=words.points(2 * known.high - 1),
    )  # fmt: skip


def _reversed(found: Results) -> list[tuple[str, str]]:
    known = found.agreement
    if known is None or known.reversed is None:
        return []
    return [(t("campaigns.reversed"), t("campaigns.reversed.value", share=words.share(known.reversed)))]
