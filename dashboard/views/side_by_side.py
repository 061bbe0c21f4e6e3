"""A table with a column a run: how each came out, what it scores, kept and cost, and what differs in their
configurations.
"""

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard import cached, cached_compare
from dashboard.language import current, t
from dashboard.views import side_by_side_evals
from dashboard.words import count, duration, figure, status_word
from store.clock import utc_now

__all__ = ["show"]

Run = dict[str, Any]
Row = dict[str, Any]


def show(shown: list[Run], colors: Mapping[int, str]) -> None:
    """The table, in the colours of the charts."""
    found = cached_compare.comparison(cached.store_path(), tuple(run["name"] for run in shown))
    heads = "".join(_head(run, colors[run["id"]]) for run in shown)
    body = [_section(t("compare.outcome"), len(shown))]
    body += [_line(title, [cell(row) for row in found.runs]) for title, cell in _outcome(shown).items()]
    for words, lines in side_by_side_evals.parts(found, [run["name"] for run in shown]):
        body.append(_section(words, len(shown)))
        body += [_line(title, cells) for title, cells in lines.items()]
    body.append(_section(t("compare.differs" if found.differs else "compare.same"), len(shown)))
    # What only some of them say at all comes last: of runs of different programs that is most of it.
    differs = sorted(found.differs.items(), key=lambda item: not _is_told_apart(item[1]))
    body += [_line(key, [_value(value) for value in values.values()]) for key, values in differs]
    st.html(f'<div class="a-beside"><table><tr><th></th>{heads}</tr>{"".join(body)}</table></div>')


def _head(run: Run, color: str) -> str:
    address = escape("run?" + urlencode({"run": run["name"], "lang": current()}))
    return f'<th><i style="background:{color}"></i><a href="{address}" target="_self">{escape(run["name"])}</a></th>'


def _section(words: str, columns: int) -> str:
    return f'<tr><th class="a-part" colspan="{columns + 1}">{escape(words)}</th></tr>'


def _line(title: str, cells: list[str]) -> str:
    return f"<tr><th>{escape(title)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _outcome(shown: list[Run]) -> dict[str, Callable[[Row], str]]:
    language, now = current(), utc_now()
    own = {run["name"]: run for run in shown}
    return {
        t("compare.status"): lambda row: status_word(own[row["run"]], now, language),
        t("compare.steps"): _steps,
        t("compare.loss"): lambda row: figure(row["loss"]),
        t("compare.val_loss"): lambda row: figure(row["val_loss"]) + _at(row["val_step"]),
        t("compare.best"): lambda row: _at(row["best_step"]).strip() or "–",
        t("compare.took"): lambda row: duration(row["seconds"], language) if row["seconds"] else "–",
    }


def _steps(row: Row) -> str:
    done = count(row["step"] or 0)
    return f"{done} / {count(row['total_steps'])}" if row["total_steps"] else done


def _at(step: int | None) -> str:
    return "" if step is None else f" @{count(step)}"


def _is_told_apart(values: Mapping[str, Any]) -> bool:
    """Whether two of the runs say something else, and not only one of them something."""
    return len({json.dumps(value, sort_keys=True) for value in values.values() if value is not None}) > 1


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
