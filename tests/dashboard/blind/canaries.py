"""Words that no expert may ever be sent, and the search for them in whatever form they could travel."""

import base64
import secrets
import string
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Canaries", "Found", "Seen", "canary", "forms", "search"]

_LETTERS = string.ascii_letters + string.digits


def canary() -> str:
    """A word that is nowhere by chance; it begins with a letter, as names do."""
    return "q" + "".join(secrets.choice(_LETTERS) for _ in range(17))


class Canaries(dict[str, str]):
    """What it stands for -> the word; a word is made when it is first asked for."""

    def __missing__(self, what: str) -> str:
        """Make the word."""
        self[what] = canary()
        return self[what]


class Seen(NamedTuple):
    """Something that a browser sent, got, kept or showed."""

    where: str
    """What it is, such as `frame received`, with its address."""

    data: bytes
    """All of it."""


class Found(NamedTuple):
    """A canary where it must not be."""

    what: str
    """What it stands for."""

    form: str
    """How it was written."""

    where: str
    """In what."""


def forms(word: str) -> dict[str, bytes]:
    """Every form of a word that is looked for, by name; `plain` and `hex` are looked for in any case."""
    raw = word.encode()
    found = {
        "plain": raw.lower(),
        "backwards": raw[::-1].lower(),
        "hex": raw.hex().encode(),
        "in an address": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "JSON": "".join(f"\\u{ord(letter):04x}" for letter in word).encode(),
        "UTF-16": word.encode("utf-16-le"),
    }
    for number, encoded in enumerate(_base64(raw)):
        found[f"base64 at {number}"] = encoded
    for number, encoded in enumerate(_base64(word.swapcase().encode())):
        found[f"base64 of the other case at {number}"] = encoded
    return found


def search(canaries: dict[str, str], seen: Iterable[Seen]) -> list[Found]:
    """Where any of the words is, in any form."""
    wanted = [(what, name, form) for what, word in canaries.items() for name, form in forms(word).items()]
    places: dict[bytes, str] = {}
    for each in seen:
        places.setdefault(each.data, each.where)
    found = []
    for data, where in places.items():
        either = data.lower()
        found += [
            Found(what, name, where)
            for what, name, form in wanted
            if form in (data if name.startswith(("base64", "UTF")) else either)
        ]
    return found


def _base64(raw: bytes) -> list[bytes]:
    """A word inside of something longer, at each of the three places where base64 can begin, without what its
    neighbours change.
    """
    made = []
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).rstrip(b"=")
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        made.append(whole[first:last])
    return made
