"""Audit: who did what, whether the log holds, and the rows to search, read and take along."""

import streamlit as st

from dashboard import cached, cached_audit, identity, widgets
from dashboard.language import t
from dashboard.queries import audit as queries
from dashboard.queries.audit import PAGE, Wanted
from dashboard.times import zone
from dashboard.views import audit_chain, audit_filters, audit_rows, overview
from dashboard.words import count
from store.audit_log import as_csv
from store.database import Store
from store.errors import StoreMissingError

__all__ = ["show"]


def show() -> None:
    """The whole page."""
    runs, path = widgets.rows_of_runs(), cached.store_path()
    try:
        stamp = cached_audit.stamp(path)
    except StoreMissingError:
        overview.first_steps()
        return
    widgets.heading(t("audit.title"), t("audit.title.what"))
    if stamp.rows:
        # The check may take seconds, so it is drawn last.
        chain = st.container()
        _rows(audit_filters.chosen(stamp), stamp)
        with chain:
            audit_chain.show()
    else:
        widgets.notice(t("audit.none"))
    if not runs:
        overview.first_steps()


def _rows(wanted: Wanted, stamp: cached_audit.Stamp) -> None:
    path = cached.store_path()
    total = cached_audit.count(path, wanted, stamp)
    start = min(int(st.session_state.get(audit_filters.START, 0)), max(0, total - 1) // PAGE * PAGE)
    if not total:
        widgets.notice(t("audit.none.fit"))
        return
    _above(wanted, start, total)
    audit_rows.show(cached_audit.page(path, wanted, start, stamp), cached_audit.subjects(path, stamp), zone())
    if total > PAGE:
        with st.container(horizontal=True, key="a-pages-below"):
            _turn("below", start, total)


def _above(wanted: Wanted, start: int, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="a-pages"):
        last = min(start + PAGE, total)
        said = t("audit.rows", first=count(start + 1), last=count(last), count=count(total) if total != 1 else 1)
        st.html(f'<span class="a-facts">{said}</span>', width="content")
        _turn("above", start, total)
        path = cached.store_path()
        st.download_button(
            t("export.csv"), identity.guarded("audit:read", lambda: _csv(path, wanted)), file_name="audit.csv",
            mime="text/csv", key="export-audit", on_click="ignore", help=t("audit.csv.help"),
        )  # fmt: skip


def _turn(where: str, start: int, total: int) -> None:
    """Buttons to the rows before and after."""
    if total <= PAGE:
        return
    st.button(
        t("audit.newer"), key=f"audit-newer-{where}", disabled=start == 0, on_click=_go, args=(start - PAGE,)
    )  # fmt: skip
    st.button(
        t("audit.older"), key=f"audit-older-{where}", disabled=start + PAGE >= total, on_click=_go, args=(start + PAGE,)
    )  # fmt: skip


def _go(start: int) -> None:
    st.session_state[audit_filters.START] = max(0, start)


def _csv(path: str, wanted: Wanted) -> bytes:
    # For spreadsheets, which take a file without the mark for another encoding.
    return as_csv(queries.whole(Store.at(path), wanted)).encode("utf-8-sig")
