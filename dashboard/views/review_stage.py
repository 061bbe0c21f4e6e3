"""What the Review page shows now, as the data its script gets: made of what the service says and of nothing else."""

from typing import Any

from dashboard import cached
from dashboard.hostile import render
from dashboard.language import current, t
from dashboard.model_text import beginning
from dashboard.views.review_desk import Desk, Done, end_sitting
from dashboard.views.review_pair import CHOICES, lasting, page_data, pair_page, text_data
from dashboard.words import duration
from evals.review import service
from evals.review.pace import own_pace
from evals.review.types import Assignment, Given, NoSittingError, PairView, ReviewError, Wait
from store.access import Actor
from store.database import Store

__all__ = ["stage"]

SIZES = (5, 10, 15, 20)
"""Pairs one may plan for a sitting."""

USUAL = 10

IN_DEMO = 15
"""Pairs of a demo's sitting, which closes by itself."""


def stage(desk: Desk, store: Store, actor: Actor) -> dict[str, Any] | None:
    """The page's data; None where there is no campaign to judge in. Raises AccessError, ReviewError, StoreError."""
    if desk.assignment is None:
        found = service.assignments(store, actor)
        desk.assignment = _chosen(found, store, actor)
        if desk.assignment is None:
            return _choose(found) if found else None
    if desk.done is not None:
        return _totals(desk.done, is_over=_is_over(desk.assignment, store, actor))
    return _judging(desk, desk.assignment, store, actor)


def _chosen(found: list[Assignment], store: Store, actor: Actor) -> Assignment | None:
    """The only one that is open, the one that someone sits in, or the last where none is open."""
    judged = [each for each in found if not each.closed]
    if len(judged) < 2:
        return next(iter(judged or found), None)
    return next((each for each in judged if service.sitting(store, actor, each.campaign) is not None), None)


def _judging(desk: Desk, assignment: Assignment, store: Store, actor: Actor) -> dict[str, Any]:
    if assignment.closed:
        return _over()
    opened, demo = _opened(desk, store, actor), cached.is_demo(str(store.path))
    if opened is not None:
        return pair_page(opened, demo=demo)
    if desk.summary and service.sitting(store, actor, assignment.campaign) is not None:
        return _summary(None, service.given(store, actor, assignment.campaign))
    try:
        pair = service.next_pair(store, actor, assignment.campaign)
    except NoSittingError:
        return _start(assignment, own_pace(store, actor, assignment.campaign).pair, demo=demo)
    return pair_page(pair, demo=demo) if isinstance(pair, PairView) else _waiting(pair, desk, assignment, store, actor)


def _waiting(wait: Wait, desk: Desk, assignment: Assignment, store: Store, actor: Actor) -> dict[str, Any]:
    """What there is instead of a pair."""
    if wait.reason == "closed":
        return _over()
    if wait.reason in ("sitting", "done") and cached.is_demo(str(store.path)):
        end_sitting(desk, store, actor)
        if desk.done is None:
            return _over()
        return _totals(desk.done, is_over=_is_over(assignment, store, actor))
    return _summary(wait, service.given(store, actor, assignment.campaign))


def _opened(desk: Desk, store: Store, actor: Actor) -> PairView | None:
    if desk.open is None:
        return None
    try:
        return service.reopen(store, actor, desk.open)
    except ReviewError:
        # Final by now, or somebody else's: the page goes on with what is next.
        desk.open = None
        return None


def _choose(found: list[Assignment]) -> dict[str, Any]:
    campaigns = [{"campaign": each.campaign, "title": each.title} for each in found if not each.closed]
    return page_data("choose", t("review.choose"), says=t("review.choose.says"), campaigns=campaigns)


def _start(assignment: Assignment, pace: float | None, *, demo: bool) -> dict[str, Any]:
    lasts = lasting(pace, demo=demo)
    options = [
        {"planned": size, "words": t("review.plan", count=size, time=duration(size * lasts, current()))}
        for size in SIZES
    ]
    rules = [t("review.rule.blind"), t("review.rule.practice"), t("review.rule.saved")]
    asked = render(assignment.instructions) if assignment.instructions.strip() else None
    return page_data(
        "start", assignment.title, campaign=assignment.campaign,
        instructions=None if asked is None else text_data(asked), rules=rules, by_key=t("review.rule.keys"),
        how_many=t("review.how_many"), options=options, planned=IN_DEMO if demo else USUAL,
    )  # fmt: skip


def _summary(wait: Wait | None, given: list[Given]) -> dict[str, Any]:
    rows = [
        {
            "token": each.token,
            "question": beginning(each.question, 120),
            "choice": t(f"review.desk.{CHOICES[each.choice]}"),
        }
        for each in reversed(given)
    ]
    reason = "early" if wait is None else wait.reason
    more = {"early": t("review.more"), "later": t("review.look_again")}.get(reason)
    return page_data(
        "summary", t("review.summary"), says=t(f"review.wait.{reason}"), given=rows, hint=t("review.summary.hint"),
        more=more,
    )  # fmt: skip


def _is_over(assignment: Assignment, store: Store, actor: Actor) -> bool:
    """Whether the campaign has ended by now, as the last sitting of several may have made it do."""
    found = service.assignments(store, actor)
    return all(each.closed for each in found if each.campaign == assignment.campaign)


def _totals(done: Done, *, is_over: bool) -> dict[str, Any]:
    """What one did, and whether one can go on; of a review that is over nothing of how it ended."""
    view, language = done.sitting, current()
    figures = [
        (t("review.totals.judged"), str(view.judged)),
        (t("review.totals.time"), duration(done.seconds, language)),
        (t("review.totals.all"), str(view.total)),
    ]
    if view.median_seconds is not None:
        figures.append((t("review.totals.pace"), duration(view.median_seconds, language)))
    if is_over:
        return page_data("totals", t("review.over"), figures=figures, says=t("review.over.says"), again=None)
    says = t("review.totals.more") if view.available else t("review.totals.nothing")
    again = t("review.totals.again") if view.available else None
    return page_data("totals", t("review.totals"), figures=figures, says=says, again=again)


def _over() -> dict[str, Any]:
    return page_data("totals", t("review.over"), figures=[], says=t("review.over.says"), again=None)
