"""What a model folder says of tokens that were added to it: `assay_vocabulary.json`."""

import json
from pathlib import Path
from typing import Any

from trainer.errors import ModelError

__all__ = ["NOTE", "new_tokens_of", "tokens_of", "write_note"]

NOTE = "assay_vocabulary.json"


def new_tokens_of(folder: Path) -> list[int]:
    """Ids of the tokens that were added to the model in a folder, in order; none where none were.

    Raises ModelError for a broken note.
    """
    return [item["id"] for item in tokens_of(folder)]


def tokens_of(folder: Path) -> list[dict[str, Any]]:
    """What the note says of each of them. Raises ModelError for a broken one."""
    path = folder / NOTE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["tokens"]
        ids = [item["id"] for item in found]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"{path} does not say which tokens were added; take a whole copy of the model, or delete the file to train "
            f"the model without them"
        ) from error
    if not all(type(number) is int and number >= 0 for number in ids):
        raise ModelError(f"{path} has an id that is no whole number; take a whole copy of the model")
    return found


def write_note(folder: Path, note: dict[str, Any]) -> None:
    """Write down what was added; `tokens` are objects with their `id`."""
    text = json.dumps(note, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / NOTE).write_text(text + "\n", encoding="utf-8")
