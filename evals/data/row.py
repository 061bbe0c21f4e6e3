"""A row of training data, as the checks look at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from evals.text import Sample, Turn, words_of
from evals.text.pairs import Pair

__all__ = ["DataRow"]


@dataclass(frozen=True)
class DataRow:
    """A row and the file it stands in; a preference is the conversation with the answer that was chosen."""

    file: str
    """Name of its file."""

    sample: Sample
    """The row, read as training reads it."""

    @property
    def place(self) -> str:
        """File and row, counted from 1: where a file has no blank lines, that is its line."""
        return f"{self.file}:{self.sample.row + 1}"

    @property
    def is_text(self) -> bool:
        """Whether it is plain text, and no conversation."""
        return self.sample.turns[0].role == "text"

    @property
    def words(self) -> Iterator[str]:
        """What is said in each turn."""
        return (turn.content for turn in self.sample.turns)

    @cached_property
    def rejected(self) -> str | None:
        """The answer that was rejected; None where the row is no preference."""
        return self.sample.rejected if isinstance(self.sample, Pair) else None

    @property
    def compared(self) -> str:
        """What is asked and answered, without system turns, and of a preference both answers: what copies share."""
        said = words_of(self.sample)
        return said if self.rejected is None else f"{said}\n{self.rejected}"

    @cached_property
    def learned(self) -> tuple[str, ...]:
        """The words that are learned: the answers, or the whole of a plain text."""
        return tuple(turn.content for turn in self.sample.turns if turn.role in ("assistant", "text"))

    @cached_property
    def last_answer(self) -> int | None:
        """Place of the last answer among the turns; None where there is none."""
        turns = self.sample.turns
        return next((place for place in reversed(range(len(turns))) if turns[place].role == "assistant"), None)

    @cached_property
    def answer(self) -> str:
        """The last answer; empty where there is none, and for plain text."""
        place = self.last_answer
        return "" if place is None else self.sample.turns[place].content

    @cached_property
    def asked(self) -> tuple[Turn, ...]:
        """All that is said before the last answer, without system turns."""
        return tuple(turn for turn in self.sample.turns[: self.last_answer] if turn.role not in ("system", "text"))

    @cached_property
    def question(self) -> str:
        """The last question; empty where there is none."""
        return next((turn.content for turn in reversed(self.asked) if turn.role == "user"), "")

    @cached_property
    def system(self) -> str:
        """What the model is told beforehand; empty for nothing."""
        return "\n".join(turn.content for turn in self.sample.turns if turn.role == "system")
