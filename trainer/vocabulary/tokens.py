"""A tokenizer that is extended: what it makes of texts, and the same with new tokens.

New tokens are merges behind all merges there are, not "added tokens", which cut a text before anything else reads it
and so split the tokens around them. A merge behind all others acts on what the others have made: every old token stays
whole, and a text in which no new token stands is read as it was.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from assay.foreign import Failure, attempt
from trainer.errors import ModelError
from trainer.vocabulary.learning import NewToken, Run
from trainer.vocabulary.spelling import Spelling, is_letters

__all__ = ["FILE", "Source"]

FILE = "tokenizer.json"

AT_ONCE = 1000
"""Texts that are read together."""


class Source:
    """The tokenizer of a model folder, as it is."""

    def __init__(self, folder: Path, raw: dict[str, Any]) -> None:
        """`raw` is its tokenizer.json. Raises ModelError where it cannot be extended, or is broken."""
        self._folder, self._raw = folder, raw
        _check_kind(folder, raw)
        self._tokenizer = _made_of(raw, folder / FILE)
        self._vocabulary: dict[str, int] = raw["model"]["vocab"]
        self.spelling = Spelling(raw)
        """What its tokens stand for."""
        self._added = {item["content"]: item["id"] for item in raw.get("added_tokens") or []}
        self._known = self._vocabulary.keys() | self._added.keys()
        self._not_text = {*self._added.values(), self._vocabulary.get(raw["model"].get("unk_token") or "")}

    @classmethod
    def of(cls, folder: Path) -> "Source":
        """The tokenizer of a model folder. Raises ModelError for one that is not there, is broken, or is no BPE."""
        path = folder / FILE
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ModelError(
                f"{folder} has no {FILE}, and only such a tokenizer can be extended; load the model's tokenizer with "
                f"transformers and save it there"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"cannot read {path}: {error}; take a whole copy of the model") from error
        if not isinstance(raw, dict) or not isinstance(raw.get("model"), dict):
            raise ModelError(f"{path} is no tokenizer; take a whole copy of the model")
        return cls(folder, raw)

    @property
    def size(self) -> int:
        """Places in a model's vocabulary that it takes: one more than its highest id."""
        return 1 + max([*self._vocabulary.values(), *self._added.values()])

    def runs(self, texts: Sequence[str]) -> Counter[Run]:
        """Neighbouring tokens of letters within the words of texts, counted.

        The bytes of a character that has no token stand there as that character.
        """
        found: Counter[Run] = Counter()
        for text, item in zip(texts, self._encoded(texts), strict=True):
            found.update(self._runs_of(text, item))
        return found

    def is_new(self, token: str) -> bool:
        """Whether a spelling may become a token: letters that are none yet."""
        return token not in self._known and self.spelling.is_word(token)

    def extended(self, learned: Sequence[NewToken]) -> dict[str, Any]:
        """The tokenizer.json with new tokens, in order, from id `size` on."""
        raw = deepcopy(self._raw)
        model = raw["model"]
        # The tokenizers package counts ids up for added tokens that are not in here, and would give them new ones.
        model["vocab"].update(self._added)
        model["vocab"].update({item.token: self.size + number for number, item in enumerate(learned)})
        as_text = bool(model["merges"]) and isinstance(model["merges"][0], str)
        pairs = [item.parts for item in learned if len(item.parts) == 2]
        model["merges"] += [" ".join(pair) if as_text else list(pair) for pair in pairs]
        return raw

    def pieces(self, learned: Sequence[NewToken]) -> list[list[int]]:
        """The old tokens that each new one stands for, by their ids."""
        found: dict[str, list[int]] = {}
        for item in learned:
            found[item.token] = [
                piece for part in item.parts for piece in found.get(part) or self._ids_of(part)
            ]  # fmt: skip
        return list(found.values())

    def bounds(self, ids: Sequence[int], spelled: Sequence[str]) -> tuple[bytes, set[int]]:
        """The bytes of a text's tokens, and where each ends; `spelled` has the spelling of those from id `size` on."""
        parts = [self.spelling.bytes_of(self._spelled(number, spelled)) for number in ids]
        return b"".join(parts), set(accumulate(map(len, parts)))

    def _spelled(self, number: int, spelled: Sequence[str]) -> str:
        return spelled[number - self.size] if number >= self.size else str(self._tokenizer.id_to_token(number))

    def _ids_of(self, part: str) -> list[int]:
        if part in self._vocabulary:
            return [self._vocabulary[part]]
        return [self._vocabulary[f"<0x{byte:02X}>"] for byte in part.encode()]

    def _encoded(self, texts: Sequence[str]) -> Iterator[Encoding]:
        for begin in range(0, len(texts), AT_ONCE):
            yield from self._tokenizer.encode_batch(texts[begin : begin + AT_ONCE], add_special_tokens=False)

    def _runs_of(self, text: str, item: Encoding) -> Iterator[Run]:
        marks = zip(item.ids, item.tokens, item.offsets, item.word_ids, strict=True)
        for (is_word, _), group in groupby(marks, lambda mark: (self._is_word(text, mark[0], mark[2]), mark[3])):
            tokens = self._characters([token for _, token, _, _ in group]) if is_word else []
            if len(tokens) > 1 or any(token not in self._vocabulary for token in tokens):
                yield tuple(tokens)

    def _is_word(self, text: str, number: int, span: tuple[int, int]) -> bool:
        return number not in self._not_text and is_letters(text[span[0] : span[1]].strip(" "))

    def _characters(self, tokens: Sequence[str]) -> list[str]:
        """The same with the bytes of characters that have no token put together."""
        found: list[str] = []
        for is_byte, group in groupby(tokens, self.spelling.is_byte):
            if not is_byte:
                found += group
                continue
            text = b"".join(map(self.spelling.bytes_of, group)).decode(errors="replace")
            # A token of its own would save nothing where one byte is the whole character.
            found += [f"<0x{ord(sign):02X}>" if sign.isascii() else sign for sign in text]
        return found


def _check_kind(folder: Path, raw: dict[str, Any]) -> None:
    """Raise ModelError where a token more could split others, or where we would spell it wrong."""
    model = raw["model"]
    kind = model.get("type") or ("BPE" if "merges" in model else "another kind")
    if kind != "BPE":
        raise ModelError(
            f"the tokenizer in {folder} is {kind}; only BPE can be extended so that its tokens stay whole, so train "
            f"with it as it is"
        )
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise ModelError(
            f"the tokenizer in {folder} marks parts or ends of words, which is not supported; train with it as it is"
        )


def _made_of(raw: dict[str, Any], path: Path) -> Tokenizer:
    # It raises bare exceptions for whatever it cannot read.
    found: Tokenizer | Failure[Tokenizer] = attempt(Tokenizer.from_str, json.dumps(raw))
    if isinstance(found, Failure):
        raise ModelError(f"cannot read {path}: {found.said}; take a whole copy of the model")
    found.no_truncation()
    found.no_padding()
    return found
