"""What the tests of reading rows share: files of rows, and what is said of bad ones."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.text import read_samples
from evals.text.errors import DataError


def written(folder: Path, *rows: Any, name: str = "data.jsonl") -> Path:
    """A file with a row a line."""
    return file_of(folder, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), name)


def file_of(folder: Path, text: str, name: str) -> Path:
    """A file of a text, its line ends as they are."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def said(role: str, content: Any) -> dict[str, Any]:
    """A turn as OpenAI writes it."""
    return {"role": role, "content": content}


def turns_of(spec: str | Path, columns: Mapping[str, str] | None = None) -> list[list[tuple[str, str]]]:
    """Who says what in each sample."""
    return [[(turn.role, turn.content) for turn in sample.turns] for sample in read_samples(spec, columns)]


def refusal(spec: str | Path, columns: Mapping[str, str] | None = None) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(DataError) as caught:
        read_samples(spec, columns)
    return str(caught.value)
