"""Run · Data: the check of a run's data: what it found, and the button that has it made."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, cached_checks, data_checks, identity, widgets
from dashboard.cached_checks import Now
from dashboard.cached_people import called
from dashboard.check_plan import Plan
from dashboard.language import current, t
from dashboard.queries.data_check import STOPPED
from dashboard.views import data_findings, data_made_up
from dashboard.words import ago
from store.clock import utc_now
from store.database import Store
from store.requests import ask

__all__ = ["show"]

REFUSED = ("not checked: ", "not done: ")
"""How the answer to a request begins where no check was made."""

NAMES = ", "

_PROBLEM = "check_problem"

Run = dict[str, Any]
Row = dict[str, Any]


def show(run: Run) -> None:
    """The newest result, or that there is none; nothing for a run that recorded no file."""
    path = cached.store_path()
    plan = cached_checks.plan(path, run["id"])
    if plan is None:
        return
    now, request = cached_checks.now(plan), cached_checks.asked(path, run["id"])
    found = cached_checks.result(path, cached_checks.key(plan, plan.files.values()))
    is_of_what_was_read = found is not None
    if found is None and now.digests:
        found = cached_checks.result(path, cached_checks.key(plan, now.digests))
    if found is None:
        widgets.heading(t("check.heading"))
    else:
        widgets.heading(t("check.heading"), _about(found))
    _told(plan, now, found, is_of_what_was_read=is_of_what_was_read)
    _state(request, found)
    # What was read cannot be read again once it has changed.
    can_be_checked = not now.gone and not (now.changed and is_of_what_was_read)
    _button(run, request, found, can_be_checked=can_be_checked)
    if found:
        data_findings.show(found)
        data_made_up.show(run, found)


def _about(found: Row) -> str:
    when = ago(_time(found), utc_now(), current())
    said = [t("check.score", score=f"{found['score']:g}"), t("check.rows", count=found["rows"])]
    said += [t("check.suites", names=NAMES.join(found["suites"]))] if found.get("suites") else []
    return " · ".join([*said, t("check.when", time=when)])


def _time(found: Row) -> datetime:
    """When it was made, in UTC."""
    return datetime.fromtimestamp(found["checked"], UTC).replace(tzinfo=None)


def _told(plan: Plan, now: Now, found: Row | None, *, is_of_what_was_read: bool) -> None:
    """What a reader of the result must know of the files."""
    if now.changed:
        key = "check.changed.kept" if is_of_what_was_read else "check.changed" if found else "check.changed.none"
        widgets.notice(t(key, names=NAMES.join(now.changed)), "warn")
    if now.gone:
        widgets.notice(t("check.gone", names=NAMES.join(now.gone)), "warn")
    if found and plan.left_out:
        widgets.notice(t("check.left_out", names=NAMES.join(one.rpartition("/")[2] for one in plan.left_out)))


def _state(request: Row | None, found: Row | None) -> None:
    """What became of the request made last; a check that was made shows itself."""
    if refused := st.session_state.pop(_PROBLEM, None):
        widgets.notice(t("check.refused", reason=refused), "bad")
    if request is None:
        return
    if request["done"] is None:
        # A server that has ended leaves what it took behind; whoever looks has it seen to.
        data_checks.begin(Store.at(cached.store_path()))
        since = ago(request["taken"] or request["created"], utc_now(), current())
        words = t("check.running", time=since) if request["taken"] else t("check.waiting")
        by = t("check.asked_by", name=called(request["actor"]))
        widgets.notice(f"{words} · {by}", "warn")
    elif request["result"].startswith(REFUSED) and (found is None or request["done"] > _time(found)):
        when = ago(request["done"], utc_now(), current())
        widgets.notice(t("check.failed", time=when, reason=_reason(request["result"])), "bad")


def _reason(result: str) -> str:
    """Why no check was made, without a full stop; the sentences of the check itself are English."""
    said = result.partition(": ")[2]
    if said == STOPPED:
        return t("check.stopped")
    if said == data_checks.TOO_SLOW:
        return t("check.too_slow", minutes=round(data_checks.LIMIT / 60))
    return said


def _button(run: Run, request: Row | None, found: Row | None, *, can_be_checked: bool) -> None:
    may = cached_checks.may_check(cached.store_path(), identity.actor())
    is_under_way = request is not None and request["done"] is None
    if found is None and not is_under_way and can_be_checked:
        widgets.notice(t("check.none" if may else "check.none.read"))
    if may and can_be_checked:
        st.button(
            t("check.again" if found else "check.button"), key=f"check-data-{run['id']}", on_click=_ask,
            args=(run["name"],), disabled=is_under_way, help=t("check.button.help"),
        )  # fmt: skip


def _ask(name: str) -> None:
    store = Store.at(cached.store_path())
    try:
        identity.guard("run:act")
        ask(store, name, "check-data", actor=identity.actor().named, once=True)
        data_checks.begin(store)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
    cached.run_now.clear()
    cached_checks.asked.clear()
