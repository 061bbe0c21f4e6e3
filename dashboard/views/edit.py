"""What can be done with ticked runs: keep on top, archive, project and tags; notes one run at a time.

The form lies beside the table and not in it, so that the table may change while someone writes.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import streamlit as st

from assay.errors import AssayError
from dashboard import cached, identity, widgets
from dashboard.language import t
from dashboard.views import ticked
from store.database import Store
from store.run_edits import Edit, edit_runs

__all__ = ["panel", "save"]

_PROBLEM, _SAID, _TURN = "edit_problem", "edit_said", "edit_turn"

Run = dict[str, Any]


def save(names: Sequence[str], edit: Edit) -> None:
    """Write it down; what prevents it is said on the page."""
    try:
        edit_runs(Store.at(cached.store_path()), identity.actor(), names, edit)
    except AssayError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    cached.runs.clear()


def panel(chosen: list[Run], everything: list[Run]) -> None:
    """Buttons for all ticked runs, and a form: for a single one with its notes."""
    # Said here and not by what saves: a callback of a live part may not draw.
    said = st.session_state.pop(_SAID, None)
    if said:
        st.toast(said)
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        widgets.notice(t("ticked.failed", reason=problem), "bad")
    if not chosen or cached.is_served(cached.store_path()):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="a-ticked"):
        _title(chosen)
        _switch(chosen, "starred", "ticked.star", "ticked.unstar")
        _switch(chosen, "archived", "ticked.archive", "ticked.restore")
        st.button(t("ticked.clear"), key="untick", on_click=ticked.clear, type="tertiary")
    tags = sorted({tag for row in everything for tag in row["tags"]})
    if len(chosen) == 1:
        _form(chosen[0], tags)
    else:
        _form_for_all(chosen, tags)


def _title(chosen: list[Run]) -> None:
    if len(chosen) == 1:
        widgets.run_link(chosen[0])
    else:
        st.html(f'<span class="a-facts">{t("ticked.count", count=len(chosen))}</span>', width="content")


def _switch(chosen: list[Run], field: str, on: str, off: str) -> None:
    wanted = not all(row[field] for row in chosen)
    edit: Edit = {"starred": wanted} if field == "starred" else {"archived": wanted}
    names = [row["name"] for row in chosen]
    st.button(t(on if wanted else off), key=f"ticked-{field}", on_click=save, args=(names, edit))


def _form(run: Run, tags: list[str]) -> None:
    number = run["id"]
    with st.form(f"edit-{number}", border=False, enter_to_submit=False):
        left, right = st.columns(2)
        left.text_input(t("ticked.project"), run["project"] or "", key=f"project-{number}")
        left.multiselect(
            t("ticked.tags"), tags, run["tags"], key=f"tags-{number}", accept_new_options=True,
            placeholder=t("ticked.tags_hint"),
        )  # fmt: skip
        right.text_area(t("ticked.notes"), run["notes"] or "", key=f"notes-{number}", height=124)
        st.form_submit_button(t("ticked.save"), on_click=_submit, args=(run,))


def _submit(run: Run) -> None:
    written = {name: st.session_state[f"{name}-{run['id']}"] for name in ("project", "tags", "notes")}
    edit: Edit = {}
    # What nobody touched stays the script's own.
    if (written["project"].strip() or None) != run["project"]:
        edit["project"] = written["project"]
    if written["tags"] != run["tags"]:
        edit["tags"] = written["tags"]
    if (written["notes"].strip() or None) != run["notes"]:
        edit["notes"] = written["notes"]
    save([run["name"]], edit)
    if _PROBLEM not in st.session_state:
        st.session_state[_SAID] = t("ticked.saved", name=widgets.plain(run["name"]))


def _form_for_all(chosen: list[Run], tags: list[str]) -> None:
    """What several runs can be given at once; a new key empties it once it is saved."""
    turn = st.session_state.get(_TURN, 0)
    key = f"{zlib.crc32(repr([run['id'] for run in chosen]).encode())}-{turn}"
    theirs = sorted({tag for run in chosen for tag in run["tags"]})
    same = len({run["project"] for run in chosen}) == 1
    with st.form(f"edit-all-{key}", border=False, enter_to_submit=False):
        left, middle, right = st.columns(3)
        left.text_input(
            t("ticked.project"), (chosen[0]["project"] or "") if same else "", key=f"project-{key}",
            placeholder=None if same else t("ticked.many"),
        )  # fmt: skip
        middle.multiselect(
            t("ticked.add"), tags, key=f"add-{key}", accept_new_options=True, placeholder=t("ticked.tags_hint")
        )
        right.multiselect(
            t("ticked.remove"), theirs, key=f"remove-{key}", placeholder=t("ticked.remove_hint"), disabled=not theirs
        )
        st.form_submit_button(t("ticked.save_all", count=len(chosen)), on_click=_submit_all, args=(chosen, key))


def _submit_all(chosen: list[Run], key: str) -> None:
    project, added, removed = (st.session_state[f"{name}-{key}"] for name in ("project", "add", "remove"))
    same = len({run["project"] for run in chosen}) == 1
    project = project.strip() or None
    for run in chosen:
        edit: Edit = {}
        if project != (chosen[0]["project"] if same else None):
            edit["project"] = project
        tags = [tag for tag in dict.fromkeys([*run["tags"], *added]) if tag not in removed]
        if tags != run["tags"]:
            edit["tags"] = tags
        save([run["name"]], edit)
    if _PROBLEM not in st.session_state:
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        st.session_state[_SAID] = t("ticked.saved_all", count=len(chosen))
