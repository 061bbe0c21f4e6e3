"""A model folder's tokenizer, without transformers and torch, which take seconds to load."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from assay.foreign import Failure, attempt
from trainer.errors import ModelError

__all__ = ["Counted", "Tokens", "has_chat_template", "is_han"]


class Counted(NamedTuple):
    """A text in tokens."""

    tokens: int
    """How many there are."""

    han_tokens: int
    """Those of them that begin with a Chinese character, or part of one."""

    letter_tokens: int
    """Those that begin with a letter of another script, behind a blank perhaps."""


class Tokens:
    """Counts tokens."""

    def __init__(self, folder: Path, places: int | None) -> None:
        """Raises ModelError for a tokenizer that is broken, or has more tokens than the model has places."""
        path = folder / "tokenizer.json"
        # It raises bare exceptions for whatever it cannot read.
        found: Tokenizer | Failure[Tokenizer] = attempt(Tokenizer.from_file, str(path))
        if isinstance(found, Failure):
            raise ModelError(f"cannot read {path}: {found.said}; take a whole copy of the model")
        size = found.get_vocab_size(with_added_tokens=True)
        if places is not None and size > places:
            raise ModelError(
                f"the tokenizer in {folder} has {size} tokens, the model {places}; they do not belong together"
            )
        found.no_truncation()
        found.no_padding()
        self._tokenizer = found
        self.size = size
        """How many tokens it has."""

    @classmethod
    def of(cls, folder: Path, places: int | None) -> "Tokens | None":
        """The tokenizer of a model folder; None for one without a tokenizer.json. Raises ModelError as a new one."""
        return cls(folder, places) if (folder / "tokenizer.json").exists() else None

    def count(self, texts: Sequence[str]) -> list[Counted]:
        """Count the tokens of texts, special ones left out."""
        # Half of a character, as JSON can write one, is no text to it.
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch(whole, add_special_tokens=False)
        return [_counted(text, item.offsets) for text, item in zip(whole, encoded, strict=True)]


def has_chat_template(folder: Path) -> bool:
    """Whether a model folder brings a chat template, by which chat models are told from base models."""
    if (folder / "chat_template.jinja").is_file():
        return True
    for name in ("tokenizer_config.json", "chat_template.json"):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("chat_template"):
            return True
    return False


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one.

    >>> [is_han(character) for character in "药a，"]
    [True, False, False]
    """
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"


def _counted(text: str, spans: Sequence[tuple[int, int]]) -> Counted:
    firsts = [text[begin:end].lstrip()[:1] for begin, end in spans]
    han = sum(bool(first) and is_han(first) for first in firsts)
    return Counted(len(spans), han, sum(map(str.isalpha, firsts)) - han)
