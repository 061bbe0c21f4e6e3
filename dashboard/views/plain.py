"""Small tables and lists that are read, not pressed."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

__all__ = ["Column", "facts", "table"]


class Column(NamedTuple):
    """A column of a small table."""

    name: str
    """Its head."""

    numbers: bool = False
    """Whether it holds figures, which are aligned right."""

    wide: bool = False
    """Whether its words may be broken into lines."""


class Cell(NamedTuple):
    """Words with what is shown on hover."""

    words: str
    hint: str = ""


def table(columns: Sequence[Column], rows: Iterable[Sequence[str | tuple[str, str]]]) -> None:
    """A table; a cell is its words, or its words and what is shown on hover."""
    head = "".join(f"<th{_look(column)}>{escape(column.name)}</th>" for column in columns)
    lines = "".join(f"<tr>{_cells(columns, row)}</tr>" for row in rows)
    st.html(f'<div class="a-scroll"><table class="a-table"><tr>{head}</tr>{lines}</table></div>')


def _cells(columns: Sequence[Column], row: Sequence[str | tuple[str, str]]) -> str:
    cells = [Cell(cell) if isinstance(cell, str) else Cell(*cell) for cell in row]
    return "".join(
        f'<td{_look(column)} title="{escape(cell.hint)}">{escape(cell.words)}</td>'
        for column, cell in zip(columns, cells, strict=True)
    )


def _look(column: Column) -> str:
    names = [name for name, said in (("a-number", column.numbers), ("a-wide", column.wide)) if said]
    return f' class="{" ".join(names)}"' if names else ""


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names with their values, as many in a row as there is room for."""
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    st.html(f'<dl class="a-pairs">{cells}</dl>')
