"""The shape of a text."""

from typing import TypedDict

__all__ = ["Text"]


class Text(TypedDict):
    """One text in all languages."""

    zh: str
    en: str
