"""Compress a long history: leave out whole exchanges that the last question has least to do with."""

from collections.abc import Sequence

from evals.text import Turn

__all__ = ["compressed"]


def compressed(turns: tuple[Turn, ...], budget: int) -> tuple[Turn, ...]:
    """The turns with a history, that is all before the last question, of at most so many characters.

    Kept are the exchange before the last question, where it fits, and then those that share the most pairs of
    characters with that question, later ones first; in their order, and each whole, so that no answer breaks off.
    System turns and the last exchange always stay, and count nothing.
    """
    exchanges = _exchanges([turn for turn in turns if turn.role != "system"])
    history, last = exchanges[:-1], exchanges[-1]
    if sum(map(_size, history)) <= budget:
        return turns
    wanted = _pairs(last[0].content)
    ranked = sorted(
        range(len(history)), key=lambda place: (place < len(history) - 1, -_shared(history[place], wanted), -place)
    )
    kept, left = set[int](), budget
    for place in ranked:
        if _size(history[place]) <= left:
            kept.add(place)
            left -= _size(history[place])
    system = [turn for turn in turns if turn.role == "system"]
    return (*system, *(turn for place in sorted(kept) for turn in history[place]), *last)


def _exchanges(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns from one question to before the next; questions in a row belong together."""
    exchanges: list[list[Turn]] = []
    for turn in turns:
        if not exchanges or (turn.role == "user" and exchanges[-1][-1].role != "user"):
            exchanges.append([])
        exchanges[-1].append(turn)
    return exchanges


def _size(exchange: Sequence[Turn]) -> int:
    return sum(len(turn.content) for turn in exchange)


def _shared(exchange: Sequence[Turn], wanted: set[str]) -> int:
    return len(wanted & _pairs("\n".join(turn.content for turn in exchange)))


def _pairs(text: str) -> set[str]:
    return {text[start : start + 2] for start in range(len(text) - 1) if text[start : start + 2].isalnum()}
