"""The lists an expert picks from, and what an expert is told when something cannot be done, in both languages."""

from dashboard.language import t
from dashboard.texts import TEXTS
from evals.review import sentences
from evals.review.answers import ERROR_TYPES

__all__ = ["FLAGS", "REASONS", "SKIPS", "criterion", "kinds_of_error", "listed", "refusal"]

REASONS = (
    "more-accurate", "safer", "clearer", "more-complete", "shorter", "follows-the-question", "better-language",
)  # fmt: skip
"""Why one answer is better; kept with the verdict by these names."""

SKIPS = ("not-my-field", "cannot-decide", "question-unclear", "no-time")
"""Why a pair is passed on."""

FLAGS = ("question-faulty", "names-its-model", "text-broken", "should-not-be-shown")
"""What may be wrong with a pair."""

_NAMES = {getattr(sentences, name): name.lower() for name in sentences.__all__}


def listed(prefix: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names with the words for them, for the page."""
    return [(name, t(f"{prefix}.{name}")) for name in names]


def kinds_of_error() -> list[tuple[str, str]]:
    """Kinds of critical errors, with their words."""
    return listed("review.error", ERROR_TYPES)


def criterion(name: str) -> str:
    """A criterion of the policy in the reader's language where it is one of ours, else as the policy has it."""
    key = f"review.criterion.{name}"
    return t(key) if key in TEXTS else name


def refusal(sentence: str) -> str:
    """What the service says, in the reader's language."""
    name = _NAMES.get(sentence)
    return sentence if name is None else t(f"review.refused.{name}")
