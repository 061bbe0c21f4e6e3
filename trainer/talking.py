"""Conversations with models that were trained."""

from assay.errors import AssayError
from evals.generate import reply
from evals.prompt import ChatTemplate
from evals.text.sample import Turn
from store.database import Store
from trainer.asked import Asked, find_asked, load_asked

__all__ = ["Talk", "partners"]


def partners(asked: str, beside: str | None, store: Store) -> list[Asked]:
    """The models to talk with; `beside` may be `base`, what the run began with. Raises AssayError."""
    first = find_asked(asked, store)
    if beside is None:
        return [first]
    other = first.base if beside == "base" else find_asked(beside, store)
    if other is None:
        raise AssayError(f"{asked} does not say what it began with; name the folder of its base after --beside")
    return [first, other]


class Talk:
    """One conversation with one model."""

    def __init__(self, asked: Asked, tokens: int) -> None:
        """Load the model; answers have at most `tokens` tokens. Raises AssayError."""
        self.name = asked.name
        """What people call the model."""
        self._model, self._tokenizer = load_asked(asked)
        self._template, self._tokens = ChatTemplate(self._tokenizer), tokens
        self._turns: list[Turn] = []

    def say(self, words: str) -> str:
        """Answer; words and answer are remembered. Raises DataError where the model cannot read them."""
        self._turns.append(Turn("user", words))
        [answer] = reply(
            self._model, self._tokenizer, self._template, [self._turns], max_new_tokens=self._tokens, batch_size=1
        )
        self._turns.append(Turn("assistant", answer))
        return answer

    def forget(self) -> None:
        """Begin a new conversation."""
        self._turns = []
