"""Which samples had the largest loss around an alarm, as text: for a person to look at, not as a cause."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from trainer.examples import Example

__all__ = ["Suspects"]

STEPS = 256
"""Steps that are remembered."""

SHOWN = 5
"""Samples that are told."""

TEXT_BYTES = 4096
"""Bytes of text that an event holds at the most."""


class _Seen(NamedTuple):
    step: int
    examples: Sequence[Example]
    losses: Sequence[float]


class Suspects:
    """The samples of the newest steps with their losses."""

    def __init__(self, decode: Callable[[torch.Tensor], str]) -> None:
        """Remember nothing yet; `decode` makes text of token ids, int32 [tokens]."""
        self._decode = decode
        self._seen: deque[_Seen] = deque(maxlen=STEPS)

    def add(self, step: int, examples: Sequence[Example], losses: Sequence[float]) -> None:
        """Remember a step."""
        self._seen.append(_Seen(step, examples, losses))

    def forget(self, after: int) -> None:
        """Forget the steps behind one that was gone back to."""
        while self._seen and self._seen[-1].step > after:
            self._seen.pop()

    def worst(self, first: int, last: int) -> list[dict[str, Any]]:
        """Samples of some steps, the largest loss first: step, row, source, loss, text; one that is no number is
        larger than any.
        """
        found = [
            (loss if loss == loss else float("inf"), seen.step, example)  # noqa: PLR0124 - NaN is not itself
            for seen in self._seen
            if first <= seen.step <= last
            for loss, example in zip(seen.losses, seen.examples, strict=True)
        ]
        found.sort(key=lambda item: (-item[0], item[1], item[2].row))
        room = TEXT_BYTES // SHOWN
        return [
            {
                "step": step, "row": example.row, "source": example.source,
                "loss": "inf" if loss == float("inf") else loss, "text": _cut(self._text(example), room),
            }
            for loss, step, example in found[:SHOWN]
        ]  # fmt: skip

    def _text(self, example: Example) -> str:
        """The sample; of a preference with the answer that was rejected behind it."""
        if example.rejected is None:
            return self._decode(example.ids)
        ids, answer = example.rejected
        return f"{self._decode(example.ids)}\nrejected: {self._decode(ids[answer])}"


def _cut(text: str, room: int) -> str:
    """The beginning of a text, in `room` bytes at the most, at the border of a character.

    >>> _cut("绿豆糕", 7), _cut("rice", 7)
    ('绿…', 'rice')
    """
    if len(text.encode()) <= room:
        return text
    return text.encode()[: room - 3].decode(errors="ignore") + "…"
