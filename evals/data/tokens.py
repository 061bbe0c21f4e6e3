"""How many tokens texts have: by a model's tokenizer.json, without torch or transformers, or by a guess without it."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.foreign import Failure, attempt

__all__ = ["check_tokenizer", "estimated_tokens", "token_counts"]


def check_tokenizer(path: str | Path) -> Path:
    """The tokenizer.json behind a path: that file, or a folder of a model that holds it.

    Raises AssayError where there is none, where it is no tokenizer, and where the package that reads it is missing.
    """
    file = Path(path)
    file = file / "tokenizer.json" if file.is_dir() else file
    if not file.is_file():
        raise AssayError(
            f"there is no tokenizer {file}; name a model's folder that holds a tokenizer.json, or that file"
        )
    _tokenizer(file)
    return file


def token_counts(file: Path, texts: Sequence[str]) -> list[int]:
    """Tokens of each text, without special ones."""
    tokenizer = _tokenizer(file)
    # Half a character, which JSON can write and no tokenizer reads, becomes a question mark.
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(clean, add_special_tokens=False)]


def estimated_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens of each text as `assay plan` guesses them: one a Chinese character, one for four other characters.

    >>> estimated_tokens(["发热三天", "fever", "发热 39", ""])
    [4, 2, 3, 0]
    """
    han = [sum(map(len, _HAN.findall(text))) for text in texts]
    return [chinese + -(-(len(text) - chinese) // 4) for text, chinese in zip(texts, han, strict=True)]


_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0010ffff]+")


@cache
def _tokenizer(file: Path) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 - only the extra `train` brings it
    except ModuleNotFoundError as error:
        raise AssayError("--tokenizer needs tokenizers: pip install 'assay-llm[train]'") from error
    made = attempt(Tokenizer.from_file, str(file))
    if isinstance(made, Failure):
        raise AssayError(f"{file} is no tokenizer that can be read: {made.said}; name the tokenizer.json of a model")
    made.no_truncation()
    made.no_padding()
    return made
