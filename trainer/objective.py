"""What a step learns from: the loss of each of its examples, from how likely the model finds their answers.

Answers are learned for themselves, by the tokens of all of them. A preference is learned by direct preference
optimisation (Rafailov et al. 2023, arXiv 2305.18290, equation 7): with y the answer that was chosen and z the other,

    h = log p(y|x)/q(y|x) - log p(z|x)/q(z|x)        loss = -log sigmoid(beta * h)

where p is the model, q the same model before the stage, and log p(y|x) the sum over the tokens of an answer, its end of
turn among them. Where a share e of the preferences is taken to be the wrong way round (Mitchell 2023, "A note on DPO
with noisy preferences", equation 3), it is -(1 - e) log sigmoid(beta * h) - e log sigmoid(-beta * h).
"""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple, Protocol

import torch
from torch.nn import functional

from assay.spikes.settings import Settings
from trainer.batch import Batch, collate, pack
from trainer.config import Config, DpoConfig
from trainer.examples import Example

__all__ = ["Answers", "Losses", "Objective", "Preferences", "objective_of", "rules_of"]

ONE_WRONG = 5.0
"""Nats; docs/design/0023-preferences.md says why."""


class Losses(NamedTuple):
    """What examples that were read together came to."""

    of_examples: torch.Tensor
    """Loss of each, summed over what it counts for, float32 [examples]."""

    seen: torch.Tensor
    """Numbers that `signals` is made of, detached, float32 [rows, examples]."""


class Objective(Protocol):
    """How examples become a loss."""

    def batch(self, examples: Sequence[Example]) -> Batch:
        """What the model reads of them, at once."""
        ...

    def counts(self, batch: Batch) -> list[int]:
        """For how much each example counts in the mean."""
        ...

    def losses(self, sums: torch.Tensor, examples: Sequence[Example]) -> Losses:
        """Their losses; `sums` has -log p of the answers of each row of their batch, float32 [rows of the batch]."""
        ...

    def signals(self, seen: Sequence[Sequence[float]], examples: Sequence[Example]) -> dict[str, float]:
        """What there is to record of a step besides its loss; `seen` is in the order of the examples."""
        ...


class Answers:
    """Every answer token counts the same."""

    def __init__(self) -> None:
        """A row an example."""
        self.capacity: int | None = None
        """Tokens of a row in which examples are laid end to end; None where each has a row."""

    def batch(self, examples: Sequence[Example]) -> Batch:
        """All examples, in as many rows as they take."""
        return pack(examples, self.capacity) if self.capacity else collate(examples)

    def counts(self, batch: Batch) -> list[int]:
        """Answer tokens of each."""
        return list(batch.counts)

    def losses(self, sums: torch.Tensor, examples: Sequence[Example]) -> Losses:
        """The sums themselves."""
        return Losses(sums, sums.new_zeros(0, len(examples)))

    def signals(self, seen: Sequence[Sequence[float]], examples: Sequence[Example]) -> dict[str, float]:  # noqa: ARG002 - other objectives need them
        """Nothing more."""
        return {}


class Preferences:
    """Every pair counts the same; see above for its loss."""

    def __init__(self, config: DpoConfig) -> None:
        """Know no reference yet."""
        self.config = config
        self.reference: dict[int, tuple[float, float]] = {}
        """log q of the answers that were chosen and rejected, by the pair's row; filled before the first step."""

    def batch(self, examples: Sequence[Example]) -> Batch:
        """Two rows a pair: first the answers that were chosen, then those that were rejected."""
        others = [item.rejected for item in examples]
        rejected = [
            Example(item.row, item.source, *other) for item, other in zip(examples, others, strict=True) if other
        ]
        assert len(rejected) == len(examples), "pairs only"
        return collate([*examples, *rejected])

    def counts(self, batch: Batch) -> list[int]:
        """One a pair."""
        return [1] * (len(batch.ids) // 2)

    def losses(self, sums: torch.Tensor, examples: Sequence[Example]) -> Losses:
        """See above; what is seen is log p of the answers that were chosen, and of those that were rejected."""
        logps = -sums.view(2, -1)
        known = torch.tensor([self.reference[item.row] for item in examples], device=sums.device).T
        chosen, rejected = logps - known
        logits = self.config.beta * (chosen - rejected)
        flipped = self.config.label_smoothing
        right = (1 - flipped) * functional.logsigmoid(logits)
        return Losses(-right - flipped * functional.logsigmoid(-logits) if flipped else -right, logps.detach())

    def signals(self, seen: Sequence[Sequence[float]], examples: Sequence[Example]) -> dict[str, float]:
        """Means over the pairs: the rewards beta * log p/q of both answers, their difference, the share of pairs in
        which it is above 0, and log p.
        """
        known = [self.reference[item.row] for item in examples]
        rewards = [
            [self.config.beta * (said - reference[which]) for said, reference in zip(seen[which], known, strict=True)]
            for which in (0, 1)
        ]
        margins = [chosen - rejected for chosen, rejected in zip(*rewards, strict=True)]
        return {
            "rewards/chosen": fmean(rewards[0]), "rewards/rejected": fmean(rewards[1]),
            "rewards/margin": fmean(margins), "rewards/accuracy": fmean(margin > 0 for margin in margins),
            "logps/chosen": fmean(seen[0]), "logps/rejected": fmean(seen[1]),
        }  # fmt: skip


def rules_of(config: Config) -> Settings | None:
    """By what rules a stage's loss is high; None for the usual ones.

    A batch of pairs is never high up to what a coin has, and one pair of `ONE_WRONG` more: most pairs come to lie near
    0, where one that is the other way round is ten times the loss and no spike.
    """
    if config.train.stage != "dpo":
        return None
    return Settings(loss_floor=math.log(2) + ONE_WRONG / config.train.batch_size)


def objective_of(config: Config) -> Answers | Preferences:
    """What a run's stage learns from."""
    return Preferences(config.dpo) if config.train.stage == "dpo" else Answers()
