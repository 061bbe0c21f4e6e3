"""Where a data file is and what its columns mean: a path, or a name in LLaMA-Factory's `dataset_info.json`.

The file describes data sets by name; see `data/README.md` of LLaMA-Factory. A column it does not name
is not read, though the file may have it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from evals.text.columns import check_names
from evals.text.errors import DataError, hint
from evals.text.json_rows import read_json
from evals.text.record import Row, as_object

__all__ = ["Located", "locate"]

INFO = "dataset_info.json"
HUBS = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
COLUMNS = ("prompt", "query", "response", "history", "system", "messages")
OTHER_COLUMNS = ("tools", "images", "videos", "audios", "chosen", "rejected", "kto_tag")
"""Columns that change what is learned in ways we do not have."""
TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "system_tag")
OTHER_TAGS = ("observation_tag", "function_tag")
"""Speakers we do not train on: rows where they speak are refused."""
ALPACA = {"instruction": "instruction", "output": "output", "history": "", "system": ""}
"""What the columns of an Alpaca file are where its description does not say."""


class Located(NamedTuple):
    """A data file and the names of its columns."""

    path: Path
    """The file with the rows."""

    columns: Mapping[str, str]
    """The file's column, or tag, of each name of ours; "" where there is none to be read."""


def locate(spec: str | Path, columns: Mapping[str, str] | None = None) -> Located:
    """Find the file behind a path or `dir/dataset_info.json:name`; columns given here go before those described.

    Raises DataError for a name in `columns` that we do not have, and for a description that is missing
    or asks for what Assay does not read.
    """
    check_names(columns or {})
    path = Path(spec)
    info, colon, name = str(spec).rpartition(":")
    if path.name == INFO:
        info, colon, name = str(spec), ":", ""
    if (path.exists() and path.name != INFO) or not colon or not info.endswith(".json"):
        return Located(path, dict(columns or {}))
    found = _described(Path(info), name)
    return Located(found.path, {**found.columns, **(columns or {})})


def _described(info: Path, name: str) -> Located:
    table = _read(info)
    if not name:
        first = next(iter(table))
        raise DataError(f"{info} describes {', '.join(table)}; name one of them, as in {info}:{first}")
    if name not in table:
        raise DataError(f"{info} describes no data set {name}; {hint(name, table)}")
    where = f"the data set {name} in {info}"
    entry = as_object(table[name])
    if entry is None:
        raise DataError(f'{where} is no JSON object; write {{"file_name": "rows.jsonl"}}')
    path = info.parent / _file_name(entry, where)
    _refuse_others(entry, where)
    names = _part(entry, "columns", (*COLUMNS, *OTHER_COLUMNS), where)
    if other := next((key for key in OTHER_COLUMNS if key in names), None):
        raise DataError(f"{where} has a column for {other}, which Assay does not read; it learns answers from text")
    tags = _part(entry, "tags", (*TAGS, *OTHER_TAGS), where)
    return Located(path, _columns(entry, names, where) | {key: tags[key] for key in TAGS if key in tags})


def _read(info: Path) -> Row:
    try:
        table = as_object(read_json(info))
    except FileNotFoundError as error:
        raise DataError(f"there is no data file {info}") from error
    except OSError as error:
        raise DataError(f"cannot read {info}: {error.strerror}") from error
    if not table:
        raise DataError(f'{info} describes no data sets; it looks like {{"name": {{"file_name": "rows.jsonl"}}}}')
    return table


def _file_name(entry: Row, where: str) -> str:
    name = entry.get("file_name")
    if isinstance(name, str) and name:
        return name
    if hub := next((key for key in HUBS if entry.get(key)), None):
        raise DataError(
            f"{where} is elsewhere ({hub}), and Assay reads local files; download it and give its file_name"
        )
    raise DataError(f"{where} has no file_name; give the name of the file with its rows, from the folder of {INFO}")


def _refuse_others(entry: Row, where: str) -> None:
    """Refuse what would make the rows others than those of the file."""
    split = entry.get("split") or "train"
    asked = [key for key in ("ranking", "num_samples") if entry.get(key)] + ["split"] * (split != "train")
    if asked:
        raise DataError(f"{where} asks for {asked[0]}, which Assay does not read; take it out, or make a file without")


def _part(entry: Row, part: str, known: Iterable[str], where: str) -> dict[str, str]:
    names = as_object(entry.get(part) or {})
    if names is None:
        raise DataError(f"`{part}` of {where} must be an object")
    for key, value in names.items():
        if key not in known:
            raise DataError(f"`{part}` of {where} names {key}, which is unknown; {hint(key, tuple(known))}")
        if value is not None and not isinstance(value, str):
            raise DataError(f"`{part}` of {where} must name {key} as text, and says {value!r}")
    return {key: value for key, value in names.items() if value}


def _columns(entry: Row, names: dict[str, str], where: str) -> dict[str, str]:
    formatting = entry.get("formatting") or "alpaca"
    if formatting in ("sharegpt", "openai"):
        return {"conversations": names.get("messages", "conversations"), "system": names.get("system", "")}
    if formatting != "alpaca":
        raise DataError(f"{where} has the formatting {formatting!r}; Assay reads alpaca, sharegpt and openai")
    return _alpaca(names, where) if entry.get("columns") else ALPACA


def _alpaca(names: Mapping[str, str], where: str) -> dict[str, str]:
    question = names.get("prompt") or names.get("query")
    if question is None:
        raise DataError(f'`columns` of {where} names no prompt; name it, or say "formatting": "sharegpt"')
    if set(names) == {"prompt"}:
        return {"text": question}
    if "response" not in names:
        raise DataError(f"`columns` of {where} names no response; name the column with the answers")
    extra = names.get("query", "") if "prompt" in names else ""
    return {
        "instruction": question, "input": extra, "output": names["response"], "history": names.get("history", ""),
        "system": names.get("system", ""),
    }  # fmt: skip
