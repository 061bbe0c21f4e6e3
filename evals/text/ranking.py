"""Where a file of preferences is and what its columns mean: a path, or ranking data in a `dataset_info.json`.

What LLaMA-Factory calls ranking has "ranking": true there, and names its columns chosen and rejected.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.text.columns import TAGS
from evals.text.dataset_info import Located, locate
from evals.text.errors import DataError
from evals.text.json_rows import read_json
from evals.text.record import Row, as_object

__all__ = ["is_ranking", "locate_pairs"]

_REFUSED = ("num_samples", "split")
"""What would make the rows others than those of the file."""


def is_ranking(spec: str) -> bool:
    """Whether `dir/dataset_info.json:name` is described as ranking data. Raises DataError for a broken description."""
    info, colon, name = spec.rpartition(":")
    entry = None if Path(spec).exists() or not (colon and info.endswith(".json")) else _entry(Path(info), name)
    return bool(entry and entry.get("ranking"))


def locate_pairs(spec: str, columns: Mapping[str, str]) -> Located:
    """Find the file behind a path or `dir/dataset_info.json:name`; columns given here go before those described.

    Raises DataError where the description is missing, or asks for what Assay does not read.
    """
    info, colon, name = spec.rpartition(":")
    if Path(spec).expanduser().exists() or not (colon and info.endswith(".json")):
        return Located(Path(spec), columns)
    entry = _entry(Path(info), name)
    file = entry.get("file_name") if entry else None
    if entry is None or not entry.get("ranking") or not isinstance(file, str) or not file:
        found = locate(spec)
        return Located(found.path, {**found.columns, **columns})
    where = f"the data set {name} in {info}"
    if odd := next((key for key in _REFUSED if entry.get(key) and entry[key] != "train"), None):
        raise DataError(f"{where} asks for {odd}, which Assay does not read; take it out, or make a file without")
    return Located(Path(info).parent / file, {**_columns(entry, where), **columns})


def _entry(info: Path, name: str) -> Row | None:
    """What describes a data set; None where nothing does, which is told elsewhere."""
    try:
        table = as_object(read_json(info))
    except OSError:
        return None
    return as_object(table.get(name)) if table else None


def _columns(entry: Row, where: str) -> dict[str, str]:
    names, tags = _names(entry, "columns", where), _names(entry, "tags", where)
    answers = {name: names.get(name, name) for name in ("chosen", "rejected")}
    rest = {name: names.get(name, "") for name in ("system", "history")}
    formatting = entry.get("formatting") or "alpaca"
    if formatting in ("sharegpt", "openai"):
        turns = {"conversations": names.get("messages", "conversations")}
        return {**turns, **answers, **rest, **{key: tags[key] for key in TAGS if key in tags}}
    if formatting != "alpaca":
        raise DataError(f"{where} has the formatting {formatting!r}; Assay reads alpaca, sharegpt and openai")
    question, extra = ("instruction", "input") if not names else (names.get("prompt", ""), names.get("query", ""))
    return {"instruction": question, "input": extra, **answers, **rest}


def _names(entry: Row, part: str, where: str) -> dict[str, str]:
    found: dict[str, Any] | None = as_object(entry.get(part) or {})
    if found is None or not all(isinstance(value, str | type(None)) for value in found.values()):
        raise DataError(f"`{part}` of {where} must be an object of texts")
    return {name: value for name, value in found.items() if value}
