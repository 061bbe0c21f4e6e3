"""A campaign that is to be opened: whose answers, by which rules, in which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from evals.review.errors import CampaignError
from evals.review.findings import StoredPair
from evals.review.identity_words import names_in
from evals.review.wording import INSTRUCTIONS, LANGUAGES, Language

__all__ = ["DAYS", "CampaignDraft", "Contender", "check_words"]

DAYS = 30
"""Days until invites to a campaign end."""

LONGEST_NAME = 80
LONGEST_TITLE = 120
LONGEST_INSTRUCTIONS = 4000


class Contender(NamedTuple):
    """One of the two models."""

    name: str
    """RUN@STEP, or the start of a run."""

    sha256: str
    """Its digest."""

    checkpoint: str = ""
    """Folder of the checkpoint, relative to the store's root; empty where it is none of this store."""

    run: str = ""
    """Run that the checkpoint is of; empty where it is of none."""


@dataclass(frozen=True, slots=True)
class CampaignDraft:
    """All that a campaign is made of."""

    candidate: Contender
    """The model that may be released."""

    baseline: Contender
    """What it is judged against."""

    pairs: Sequence[StoredPair]
    """Questions that are judged, with both answers."""

    practice: Sequence[StoredPair] = ()
    """Those to practise on."""

    policy: str = ""
    """Text of the policy's file; empty for every default."""

    name: str = ""
    """Name for leads and commands; empty for one made of the two models' names."""

    title: str = ""
    """What experts read above their pairs; empty for a number."""

    instructions: str = ""
    """What experts are told first; empty for ours."""

    language: Language = "en"
    """Language that the page begins in."""

    seed: int = 0
    """Of the order of the pairs and of the overlap."""

    days: int = DAYS
    """Days until invites end."""

    simulated: bool = False
    """Whether a program makes the verdicts up; in demo stores alone."""

    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """How the answers were made: decoding, versions, files."""

    own_names: Sequence[str] = ()
    """Names of runs and folders by which a text would name a model."""

    warnings: Sequence[str] = ()
    """What was seen while the answers were made; sentences that do not tell which model is which."""

    @property
    def told(self) -> str:
        """What experts are told first."""
        return self.instructions.strip() or INSTRUCTIONS[self.language]


def check_words(
    *, name: str, title: str, instructions: str, language: str, seed: int, days: int, own_names: Sequence[str]
) -> None:
    """Raise CampaignError for words that are too long, or that tell experts what they judge."""
    for what, text, longest in (
        ("name", name, LONGEST_NAME), ("title", title, LONGEST_TITLE),
        ("instructions", instructions, LONGEST_INSTRUCTIONS),
    ):  # fmt: skip
        if len(text) > longest:
            raise CampaignError(f"the campaign's {what} has {len(text):,} characters; {longest:,} are the most")
        if what != "name" and (found := names_in(text, own_names)):
            raise CampaignError(f"the {what} says {found[0]!r}, which tells experts what they judge; leave it out")
    if name.strip().isdigit():
        raise CampaignError(
            f"a campaign called {name.strip()} would be taken for a number; give it a name with letters"
        )
    if language not in LANGUAGES:
        raise CampaignError(f"a campaign's language is {' or '.join(LANGUAGES)}, and not {language!r}")
    if not 0 <= seed < 2**63:
        raise CampaignError("a campaign's seed is a whole number from 0 to 2^63 - 1")
    if not 1 <= days <= 366:
        raise CampaignError(f"a campaign's invites last 1 to 366 days, and not {days:,}")
