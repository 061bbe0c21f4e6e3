"""What is looked at before a campaign opens: answers that are the same, that name a model, or that give one away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evals.review.identity_words import Naming, find_names
from evals.review.telling_apart import LEAST, Apart, telling_apart

__all__ = ["Findings", "StoredPair", "look"]


class StoredPair(NamedTuple):
    """A question with both models' answers."""

    item: str
    """Id of the question, unique in the campaign."""

    question: str
    """What both were asked."""

    candidate: str
    """The candidate's answer, as it was generated."""

    baseline: str
    """The baseline's."""

    specialty: str = ""
    """Field whose experts judge it; empty for everyone."""

    system: str = ""
    """What both were told beforehand."""

    @property
    def is_identical(self) -> bool:
        """Whether there is nothing to judge."""
        return self.candidate == self.baseline


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found."""

    pairs: int
    """Pairs with two different answers."""

    identical: tuple[str, ...]
    """Ids of the questions answered alike."""

    empty: tuple[int, int]
    """Answers without a word: the candidate's, the baseline's."""

    names: tuple[Naming, ...]
    """Words that name a model."""

    apart: Apart | None
    """How well the texts tell the models apart; None where that cannot be told."""

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "pairs": self.pairs,
            "identical": list(self.identical),
            "empty": {"candidate": self.empty[0], "baseline": self.empty[1]},
            "identity_words": [one.as_dict() for one in self.names],
            "telling_apart": None if self.apart is None else self.apart.as_dict(),
        }

    @property
    def warnings(self) -> list[str]:
        """Each thing that lessens the campaign, in a sentence that does not tell which of the two models is which.

        Whoever opens a campaign may be an expert of it as well.
        """
        return [*self._sameness(), *map(_named, self.names), _told(self.apart, self.pairs)]

    def _sameness(self) -> list[str]:
        whole = self.pairs + len(self.identical)
        same = f"{len(self.identical):,} of {whole:,} pairs have the same answer twice: set aside as ties"
        empty = f"answers without a word: {_of_both(*self.empty)}"
        return [same] * bool(self.identical) + [empty] * any(self.empty)


def look(pairs: Sequence[StoredPair], own_names: Iterable[str] = (), *, seed: int = 0) -> Findings:
    """Look at the answers of a campaign; `own_names` are the models' runs and folders."""
    differing = [pair for pair in pairs if not pair.is_identical]
    return Findings(
        pairs=len(differing),
        identical=tuple(pair.item for pair in pairs if pair.is_identical),
        empty=(sum(not pair.candidate for pair in pairs), sum(not pair.baseline for pair in pairs)),
        names=tuple(find_names([(pair.item, pair.candidate, pair.baseline) for pair in differing], own_names)),
        apart=telling_apart([(pair.candidate, pair.baseline) for pair in differing], seed=seed),
    )


def _of_both(one: int, other: int) -> str:
    """Two counts, in an order that says nothing of whose they are."""
    return f"{max(one, other):,} of one model, {min(one, other):,} of the other"


def _named(word: Naming) -> str:
    items = f"{', '.join(word.items)}{' …' * (word.candidate + word.baseline > len(word.items))}"
    return f'"{word.word}" may name a model, in answers to {items}: {_of_both(word.candidate, word.baseline)}'


def _told(apart: Apart | None, pairs: int) -> str:
    if apart is None:
        few = f"{pairs:,} pair{'s' * (pairs != 1)}"
        return f"whether the texts alone tell the models apart cannot be said of {few}; it takes {LEAST} with words"
    short, long = sorted([apart.candidate_length, apart.baseline_length])
    measured = (
        f"AUC {apart.auc:.2f} ({apart.low:.2f} to {apart.high:.2f}), as much by chance in {100 * apart.p:.1f} % of "
        f"swaps, lengths {short:,.0f} and {long:,.0f}"
    )
    if not apart.is_told:
        return f"the texts alone do not tell the models apart: {measured}"
    runs = "; ".join(f'"{one.text}", {_of_both(one.candidate, one.baseline)}' for one in apart.telltales)
    return f"the texts alone tell the models apart: {measured}{', most of all by ' * bool(runs)}{runs}"
