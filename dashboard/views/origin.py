"""What a run was made with: command, code, packages, machine, configuration."""

import shlex
from typing import Any

import streamlit as st

from dashboard import cached, cached_views, widgets
from dashboard.fields import listed, part
from dashboard.language import t
from dashboard.texts import TEXTS
from dashboard.toml_text import toml_text
from dashboard.views.plain import facts
from dashboard.words import count, size

__all__ = ["show"]

COMMIT = 12
"""Characters of a commit or a digest on screen."""

KEPT = 200_000
"""Bytes of a difference that a run keeps."""

NAMES = {
    "cpus": "log.cpus", "threads": "log.threads", "memory_bytes": "log.memory_bytes", "device": "log.device",
    "precision": "log.precision", "gpu": "log.gpu", "gpu_memory_bytes": "log.gpu_memory_bytes",
}  # fmt: skip
"""What is known of a machine, in words."""

Fields = dict[str, Any]


def show(run: Fields) -> None:
    """All of it; what is long is folded away."""
    found = cached_views.origin(cached.store_path(), run["id"])
    if _is_of_others(found["provenance"] or {}):
        _log(found["provenance"])
    elif found["provenance"]:
        _provenance(run, found["provenance"])
    else:
        widgets.notice(t("log.no_provenance"))
    widgets.heading(t("log.config"))
    if found["config"]:
        st.code(toml_text(found["config"]), language="toml")
    else:
        widgets.notice(t("log.no_config"))


def _is_of_others(found: Fields) -> bool:
    """Whether another program made the run, of which its log is all that is known."""
    return "command" not in found and ("imported" in found or "watched" in found)


def _log(found: Fields) -> None:
    """The log that was imported or is watched: what it is, and which files with which content."""
    widgets.heading(t("log.imported" if "imported" in found else "log.watched"))
    kind = str(found.get("imported") or found.get("watched"))
    path = [(t("log.log"), str(found["path"]))] if found.get("path") else []
    files = [(file, f"sha256 {str(digest)[:COMMIT]}") for file, digest in part(found, "files").items()]
    facts([(t("log.kind"), kind), *path, *files])


def _provenance(run: Fields, found: Fields) -> None:
    folder = found.get("folder")
    widgets.heading(t("log.command"), t("log.command.in", folder=folder) if folder else "")
    st.code(_shell(found.get("command")), language="bash", wrap_lines=True)
    widgets.heading(t("log.code"))
    git = part(found, "git")
    facts([*_git(git), *_machine(found)])
    _diff(run, git)
    _packages(run, part(found, "packages"))


def _shell(command: Any) -> str:
    return command if isinstance(command, str) else shlex.join(map(str, listed(command)))


def _git(git: Fields) -> list[tuple[str, str]]:
    if not git:
        return [(t("log.commit"), t("log.no_git"))]
    state = t("log.changed") if git.get("changed") else t("log.clean")
    return [(t("log.commit"), f"{str(git.get('commit', ''))[:COMMIT]} · {state}")]


def _machine(found: Fields) -> list[tuple[str, str]]:
    parts = [(t(key), found[name]) for name, key in (("python", "log.python"), ("host", "log.host")) if found.get(name)]
    return [*parts, *((_name(name), _value(name, value)) for name, value in part(found, "hardware").items())]


def _name(name: str) -> str:
    return t(NAMES[name]) if NAMES.get(name) in TEXTS else name


def _value(name: str, value: Any) -> str:
    return size(value) if name.endswith("_bytes") and isinstance(value, int) else str(value)


def _diff(run: Fields, git: Fields) -> None:
    if not git.get("diff"):
        return
    folded = st.expander(t("log.diff"), key=f"diff-{run['id']}", on_change="rerun")
    if folded.open:
        with folded:
            st.code(git["diff"], language="diff", height=420)
            if git.get("diff_cut"):
                widgets.notice(t("log.diff_cut", size=size(KEPT)))


def _packages(run: Fields, packages: Fields) -> None:
    if not packages:
        return
    folded = st.expander(t("log.packages", count=count(len(packages))), key=f"packages-{run['id']}", on_change="rerun")
    if folded.open:
        with folded:
            words = st.text_input(
                t("log.packages.find"), key=f"package-{run['id']}", placeholder=t("log.packages.find"),
                label_visibility="collapsed", live=True, type="search",
            )  # fmt: skip
            lines = [f"{name}=={version}" for name, version in packages.items() if words.lower() in name.lower()]
            if lines:
                st.code("\n".join(lines), language=None, height=min(300, 32 + 24 * len(lines)))
            else:
                widgets.notice(t("log.packages.none"))
