"""The neutral form of a row, whatever format it was written in."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

__all__ = ["ROLES", "Sample", "Turn", "text_hash", "words_of"]

ROLES = ("system", "user", "assistant", "text")
"""Who speaks; `text` is plain text of no conversation, all of which is learned."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at once."""

    role: str
    """One of ROLES."""

    content: str
    """The words, as they stand in the file."""


@dataclass(frozen=True)
class Sample:
    """One row of a data file."""

    row: int
    """Row number in its file, from 0; blank lines do not count."""

    turns: tuple[Turn, ...]
    """The conversation from its start; of plain text, one turn of role `text`."""

    id: str | None = None
    """The row's own id, where it has one."""

    source: str | None = None
    """Where the row says it comes from."""

    task: str | None = None
    """Subtask or category, where the row names one."""

    @cached_property
    def hash(self) -> str:
        """First 16 characters of the SHA-256 of roles and words."""
        return text_hash(self.turns)


def text_hash(turns: tuple[Turn, ...]) -> str:
    """Digest the words of a conversation: equal for equal turns, whatever file they stand in.

    >>> text_hash((Turn("user", "1 + 1?"), Turn("assistant", "2")))
    '7473680c7407fbf1'
    """
    said = json.dumps([[turn.role, turn.content] for turn in turns], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def words_of(sample: Sample) -> str:
    r"""What is asked and answered in a sample, without its system turns: by this rows are compared.

    >>> words_of(Sample(0, (Turn("system", "Be brief."), Turn("user", "1 + 1?"), Turn("assistant", "2"))))
    '1 + 1?\n2'
    """
    return "\n".join(turn.content for turn in sample.turns if turn.role != "system")
