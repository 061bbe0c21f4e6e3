"""`assay review open`: ask both models every question, look at the answers, and open the campaign.

One model is in memory at a time. Nothing is written to the store before all answers are there; those that are there
already are kept, so that a second try goes on where the first was stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import torch

from assay.version import VERSION
from evals.gate.live import ENVIRONMENT, live_in
from evals.gate.proposals import newest_proposal
from evals.review.draft import DAYS, CampaignDraft, Contender, check_words
from evals.review.errors import CampaignError
from evals.review.expected import expectations
from evals.review.findings import Findings, StoredPair, look
from evals.review.opening import make_campaign, require_free_name, require_openable
from evals.review.policy import DEFAULT_FILE, read_policy
from evals.review.questions import Question, draw_practice, read_practice, read_questions
from evals.review.used import require_unused
from evals.review.wording import language_of
from store.access import Actor, require
from store.artifacts import digest
from store.database import Snapshot, Store
from trainer.answers import Answered, answers_file, answers_of
from trainer.asked import Asked, find_asked, require_base
from trainer.lineage import parent_of
from trainer.subjects import start_of, subject_of

__all__ = ["TOKENS", "CampaignOrder", "Opened", "open_campaign"]

TOKENS = 512
"""Longest answer, in tokens."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class CampaignOrder:
    """What was asked for."""

    candidate: str
    """RUN or RUN@STEP."""

    baseline: str
    """base, released (what is live), RUN or RUN@STEP."""

    questions: Path
    """File of the questions."""

    policy: Path | None = None
    """File of the policy; None for the one that Assay brings."""

    practice: Path | None = None
    """File of questions to practise on; None to draw them from the questions."""

    name: str = ""
    """As `CampaignDraft` has it."""

    title: str = ""
    """Likewise."""

    instructions: str = ""
    """Likewise."""

    language: str = ""
    """zh or en; empty for that of most questions."""

    seed: int = 0
    """Likewise."""

    days: int = DAYS
    """Likewise."""

    tokens: int = TOKENS
    """Longest answer, in tokens."""

    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What is kept with the campaign besides, as plain JSON."""


class Opened(NamedTuple):
    """What came of it."""

    campaign: int | None
    """Number of the campaign; None where it was only looked at."""

    draft: CampaignDraft
    """What it was made of."""

    findings: Findings
    """What was found in the answers."""

    @property
    def warnings(self) -> list[str]:
        """What lessens the campaign, a sentence each, none of which tells which model is which."""
        return [*self.draft.warnings, *self.findings.warnings]


class _Side(NamedTuple):
    """One of the two models."""

    asked: Asked
    """As it is loaded."""

    contender: Contender
    """As the campaign names it."""

    artifacts: tuple[str | None, ...]
    """Digests that its answers hang on."""


def open_campaign(
    store: Store, actor: Actor, order: CampaignOrder, *, progress: Progress, only_look: bool = False
) -> Opened:
    """Open a campaign, or with `only_look` stop before that.

    `progress` is told which model answers, how many questions it has answered, and of how many. Raises AssayError
    for whatever cannot be, OSError where an answer cannot be kept.
    """
    policy, text, _ = read_policy(order.policy or DEFAULT_FILE)
    practice, asked = _questions(order)
    candidate = _candidate(order.candidate, store)
    baseline = _baseline(order.baseline, candidate.asked, store)
    draft = CampaignDraft(
        candidate=candidate.contender, baseline=baseline.contender, pairs=(), policy=text, name=order.name,
        title=order.title, instructions=order.instructions, seed=order.seed, days=order.days,
        language="zh" if (order.language or language_of([one.question for one in asked])) == "zh" else "en",
        own_names=_own_names([candidate, baseline], order), facts=_facts(order),
    )  # fmt: skip
    _check(store, actor, order, draft, [*practice, *asked])
    said = [_answers(side, [*practice, *asked], order, store, progress) for side in (candidate, baseline)]
    pairs = [
        StoredPair(one.id, one.question, first.text, other.text, one.specialty, one.system)
        for one, first, other in zip([*practice, *asked], *said, strict=True)
    ]
    judged = pairs[len(practice) :]
    findings = look(judged, draft.own_names, seed=draft.seed)
    draft = replace(
        draft, pairs=judged, practice=pairs[: len(practice)],
        warnings=[*_cut_off(said, [*practice, *asked], order.tokens), *expectations(findings.pairs, policy)],
    )  # fmt: skip
    require_openable(draft)
    return Opened(None if only_look else make_campaign(store, actor, draft, findings), draft, findings)


def _questions(order: CampaignOrder) -> tuple[list[Question], list[Question]]:
    if order.practice is None:
        return draw_practice(read_questions(order.questions), order.seed)
    asked = read_questions(order.questions, least=1)
    return read_practice(order.practice, asked), asked


def _candidate(text: str, store: Store) -> _Side:
    asked = find_asked(text, store)
    if asked.folder is None or parent_of(str(asked.folder), store) is None:
        raise CampaignError(f"{text} is no checkpoint of a run in {store.root}; a candidate is RUN@STEP")
    return _side(asked, store)


def _baseline(text: str, candidate: Asked, store: Store) -> _Side:
    if text == "released":
        return _side(_released(store), store)
    found = candidate.base if text == "base" else find_asked(text, store)
    if found is None:
        raise CampaignError(f"{candidate.name} does not say what it began with; name a RUN@STEP after --baseline")
    return _side(found, store)


def _released(store: Store) -> Asked:
    """The checkpoint that what is live was built from; the folder beside it answers as it does."""
    live = store.snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT))
    if live is None:
        raise CampaignError("nothing is released yet; compare the candidate with --baseline base, or with RUN@STEP")
    made = store.snapshot(lambda snapshot: newest_proposal(snapshot, live.checkpoint_sha256))
    folder = store.root / made.checkpoint if made else None
    parent = parent_of(str(folder), store) if folder else None
    if folder is None or parent is None or digest(folder) != live.checkpoint_sha256:
        raise CampaignError(
            f"the checkpoint of what is released ({live.candidate}) is not in {folder or store.root} as it was; put it "
            "back, or compare the candidate with another RUN@STEP"
        )
    return find_asked(parent.reference, store)._replace(name=live.candidate)


def _side(asked: Asked, store: Store) -> _Side:
    require_base(asked)
    subject = subject_of(asked) if asked.folder else start_of(asked.config, store)
    parent = parent_of(asked.config.adapter or asked.config.path, store)
    contender = Contender(asked.name, subject.artifact, parent.path if parent else "", parent.run if parent else "")
    return _Side(asked, contender, (subject.artifact, subject.base))


def _own_names(sides: Sequence[_Side], order: CampaignOrder) -> list[str]:
    """By what a text would name one of the two models: runs, and names of folders."""
    names: list[str] = []
    for asked, contender, _ in sides:
        places = [asked.config.path, asked.start.path if asked.start else ""]
        names += [contender.name, contender.run, *(Path(place).name for place in places)]
    return sorted({name for name in [*names, order.candidate, order.baseline] if name not in ("", "base", "released")})


def _check(store: Store, actor: Actor, order: CampaignOrder, draft: CampaignDraft, questions: list[Question]) -> None:
    """Refuse what can be refused before anything is generated."""
    if order.tokens < 1:
        raise CampaignError(f"answers have one token at least, and not {order.tokens}")
    check_words(
        name=draft.name, title=draft.title, instructions=draft.instructions, language=order.language or draft.language,
        seed=draft.seed, days=draft.days, own_names=draft.own_names,
    )  # fmt: skip
    candidate, baseline = draft.candidate, draft.baseline
    if candidate.sha256 == baseline.sha256:
        raise CampaignError(f"{candidate.name} and {baseline.name} are the same model; compare it with another one")

    def look_up(snapshot: Snapshot) -> None:
        require(snapshot, actor, "campaign:open")
        require_free_name(snapshot, draft.name.strip())
        require_unused(snapshot, questions)

    store.snapshot(look_up)


def _answers(
    side: _Side, questions: Sequence[Question], order: CampaignOrder, store: Store, progress: Progress
) -> list[Answered]:
    file = answers_file(store.root, side.artifacts, order.tokens)
    found = answers_of(side.asked, questions, file, tokens=order.tokens, progress=partial(progress, side.asked.name))
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return found


def _cut_off(said: Sequence[Sequence[Answered]], questions: Sequence[Question], tokens: int) -> list[str]:
    full = sorted((sum(answer.is_full for answer in answers) for answers in said), reverse=True)
    cut = [
        question.id for question, *both in zip(questions, *said, strict=True) if any(answer.is_cut for answer in both)
    ]
    warnings: list[str] = []
    if any(full):
        warnings.append(
            f"answers as long as {tokens:,} tokens allow, and cut there: {full[0]:,} of one model, {full[1]:,} of the "
            "other; allow more with --tokens"
        )
    if cut:
        listed = f"{', '.join(cut[:5])}{' …' * (len(cut) > 5)}"
        warnings.append(f"questions longer than a model reads, and cut at their start: {listed}")
    return warnings


def _facts(order: CampaignOrder) -> dict[str, Any]:
    return {
        **order.facts,
        "decoding": {"method": "greedy", "max_new_tokens": order.tokens},
        "versions": {"assay": VERSION, "torch": version("torch"), "transformers": version("transformers")},
        "questions": {
            "file": order.questions.name, "sha256": sha256(order.questions.read_bytes()).hexdigest(),
        },
    }  # fmt: skip
