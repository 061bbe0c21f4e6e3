"""How a BPE tokenizer spells its tokens: as bytes in disguise, or as text with a sign for a blank."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

__all__ = ["LONGEST", "Spelling"]

LONGEST = 20
"""Characters of a new token at the most: longer ones are phrases that a file repeats, not words."""

BLANK = "▁"
"""SentencePiece's sign for a blank."""

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OF_SIGN = {chr(byte): byte for byte in _PRINTED} | {
    chr(0x100 + number): byte for number, byte in enumerate(sorted(set(range(0x100)) - set(_PRINTED)))
}
"""The byte of each sign that GPT-2's tokenizer, and all byte-level ones since, write bytes as."""


class Spelling:
    """What the tokens of one tokenizer stand for."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        """`raw` is the tokenizer.json."""
        self._is_bytes = _has(raw.get("pre_tokenizer"), "ByteLevel") or _has(raw.get("decoder"), "ByteLevel")
        self._falls_back = bool(raw["model"].get("byte_fallback"))

    def bytes_of(self, token: str) -> bytes:
        """The bytes of text that a token stands for."""
        if self._is_bytes and all(sign in _OF_SIGN for sign in token):
            return bytes(_OF_SIGN[sign] for sign in token)
        if self.is_byte(token):
            return bytes.fromhex(token[3:5])
        return token.replace(BLANK, " ").encode("utf-8", "replace")

    def is_byte(self, token: str) -> bool:
        """Whether a token is one byte of a character that has no token: such bytes are joined before any others."""
        return self._falls_back and _BYTE.fullmatch(token) is not None

    def is_word(self, token: str) -> bool:
        """Whether a token is letters, behind a blank perhaps, or the beginning of one letter."""
        spelled = self.bytes_of(token)
        try:
            text = spelled.decode().removeprefix(" ")
        except UnicodeDecodeError:
            return _begins_character(spelled)
        return 0 < len(text) <= LONGEST and is_letters(text)


def is_letters(text: str) -> bool:
    """Whether all of a text are letters, or signs that belong to one.

    >>> [is_letters(text) for text in ("药品", "naïve", "हिन्दी", "a1", "。", " ")]
    [True, True, True, False, False, False]
    """
    return all(unicodedata.category(character)[0] in "LM" for character in text)


def _begins_character(spelled: bytes) -> bool:
    """Whether bytes are the beginning of one character, or that behind a blank."""
    inner = spelled.removeprefix(b" ")
    length = 4 if inner[0] >= 0xF0 else 3 if inner[0] >= 0xE0 else 2 if inner[0] >= 0xC0 else 0
    return len(inner) < length and all(0x80 <= byte < 0xC0 for byte in inner[1:])


def _has(part: Any, kind: str) -> bool:
    """Whether a part of a tokenizer.json is of a kind, or holds one that is."""
    if isinstance(part, dict):
        return part.get("type") == kind or any(_has(item, kind) for item in part.values())
    return isinstance(part, list) and any(_has(item, kind) for item in part)
