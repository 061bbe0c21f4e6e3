"""What a run does differently than an undisturbed one: declared, part of its state, recorded where it begins.

A remedy is in effect from the first step on (`guard.remedies.from_start`), or from the branch on that
the guard opened with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from trainer.config import RemediesConfig

__all__ = ["SHALLOW", "Remedies"]

SHALLOW = ("embed", "first")
"""Groups of layers that count as shallow."""


@dataclass(frozen=True)
class Remedies:
    """The remedies in effect; the defaults change nothing."""

    lr: float = 1.0
    """Factor of the learning rate."""

    rewarm_after: int | None = None
    """Step after which the learning rate rises from nothing again."""

    rewarm: int = 0
    """Steps it takes to."""

    shallow_update: float = 1.0
    """Factor of the update of the embeddings and the first layers."""

    shallow_gradient: float = 1.0
    """Factor of their gradient, before clipping."""

    embedding_gradient: float = 1.0
    """Factor of the gradient that reaches the input embeddings."""

    eps: float | None = None
    """Adam's epsilon; None for the configured one."""

    loss_scale: float | None = None
    """Loss scale that was begun again with."""

    loss_scale_interval: int | None = None
    """Steps without overflow after which the loss scale doubles; None for torch's own."""

    left_out: tuple[tuple[int, int], ...] = ()
    """Ranges of steps, first and last, whose samples are not trained on."""

    @classmethod
    def at_start(cls, config: RemediesConfig, before: Self | None = None) -> Self:
        """Those a run begins with; `before` are those of the run it goes on from."""
        changed = replace(before or cls(), **{name: getattr(config, name) for name in config.from_start})
        left_out = [*changed.left_out, *((first, last) for first, last in config.leave_out)]
        return replace(changed, left_out=_joined(left_out))

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Those a checkpoint or a branch was written with; see `as_dict`."""
        known = {entry.name for entry in fields(cls)}
        left_out = tuple((first, last) for first, last in kept.get("left_out", ()))
        return cls(
            **{name: value for name, value in kept.items() if name in known and name != "left_out"}, left_out=left_out
        )

    def as_dict(self) -> dict[str, Any]:
        """Those that change something, for JSON."""
        nothing = Remedies()
        return {name: value for name, value in asdict(self).items() if value != getattr(nothing, name)}

    def leaves_out(self, step: int) -> bool:
        """Whether the samples of a step are not trained on."""
        return any(first <= step <= last for first, last in self.left_out)

    def leaving_out(self, first: int, last: int) -> Self:
        """These, and a range of steps left out."""
        return replace(self, left_out=_joined([*self.left_out, (first, last)]))

    def slower(self, config: RemediesConfig, after: int, times: int = 1) -> Self:
        """These, with the learning rate made smaller so many times; it rises again after a step."""
        return replace(self, lr=self.lr * config.lr**times, rewarm_after=after, rewarm=config.rewarm)

    def with_all(self, config: RemediesConfig) -> Self:
        """These, and all that are configured beside the learning rate."""
        names = ("shallow_update", "shallow_gradient", "embedding_gradient", "eps", "loss_scale", "loss_scale_interval")
        given = {name: getattr(config, name) for name in names}
        return replace(self, **{name: value for name, value in given.items() if value is not None})

    def rate(self, lr: float, step: int) -> float:
        """The learning rate of a step that would be `lr` without remedies.

        >>> [Remedies(lr=0.5, rewarm_after=100, rewarm=4).rate(1.0, step) for step in (100, 101, 103, 104, 500)]
        [0.5, 0.125, 0.375, 0.5, 0.5]
        """
        if self.rewarm_after is None or not 0 < step - self.rewarm_after < self.rewarm:
            return lr * self.lr
        return lr * self.lr * (step - self.rewarm_after) / self.rewarm

    def told(self) -> str:
        """What is changed, in words; empty where nothing is.

        >>> Remedies(lr=0.5, rewarm_after=100, rewarm=50, left_out=((101, 130),)).told()
        'steps 101 to 130 left out, learning rate × 0.5, rising again over 50 steps'
        """
        return ", ".join(_told(self))


def _told(applied: Remedies) -> Iterable[str]:
    for first, last in applied.left_out:
        yield f"step {first} left out" if first == last else f"steps {first} to {last} left out"
    if applied.lr != 1.0:
        yield f"learning rate × {applied.lr:g}"
    if applied.rewarm_after is not None and applied.rewarm:
        yield f"rising again over {applied.rewarm} steps"
    for name, words in _WORDS.items():
        value = getattr(applied, name)
        if value not in (None, 1.0):
            yield f"{words} {value:g}"


_WORDS = {
    "shallow_update": "update of the embeddings and the first layers ×",
    "shallow_gradient": "gradient of the embeddings and the first layers ×",
    "embedding_gradient": "gradient of the input embeddings ×",
    "eps": "Adam's epsilon",
    "loss_scale": "loss scale begun again at",
    "loss_scale_interval": "loss scale doubled only after steps without overflow:",
}


def _joined(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges in order, those that touch made one.

    >>> _joined([(8, 9), (1, 3), (4, 6)])
    ((1, 6), (8, 9))
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)
