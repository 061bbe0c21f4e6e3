"""What a base predicted at each place of the texts of a suite, in a file: other models' divergence is from that."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.likelihood import Likeliest
from store.evaluations import FOLDER

__all__ = ["keep_predictions", "read_predictions"]


def keep_predictions(root: Path, key: str, found: Sequence[Likeliest]) -> None:
    """Write the predictions of a base, text by text, beside its result of this key. Raises OSError."""
    file = _file(root, key)
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {}
    for place, one in enumerate(found):
        arrays |= {f"t{place}": one.tokens, f"p{place}": one.log_probs}
    new = file.with_name(f".{key}.{os.getpid()}.npz")
    try:
        np.savez_compressed(new, **arrays)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def read_predictions(root: Path, key: str, texts: int) -> list[Likeliest] | None:
    """What a base predicted of so many texts; None where that is not kept, or its file is damaged."""
    try:
        with np.load(_file(root, key)) as kept:
            return [Likeliest(kept[f"t{place}"], kept[f"p{place}"]) for place in range(texts)]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _file(root: Path, key: str) -> Path:
    return root / FOLDER / f"{key}.npz"
