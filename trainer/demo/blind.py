"""The demo's blind reviews, on complaints that no model here ever read: one for each release, no complaint twice."""

from pathlib import Path
from typing import NamedTuple

from evals.gate.live import ENVIRONMENT, live_in
from evals.review.demo_panel import REFERENCES, WANTED
from store.access import Actor
from store.artifacts import read_manifest
from store.database import Store
from store.story import PART, SECOND
from trainer.campaign import CampaignOrder, open_campaign
from trainer.demo.material import SAMPLE, Material, Row, write_file

__all__ = ["FIRST", "PAIRS", "POLICY", "Asked", "first_review", "named", "open_review", "second_review"]

PAIRS = 48
"""Complaints that the review of the newest checkpoint asks, three of them for practice. A newcomer judges fifteen, a
panel the rest."""

FIRST = 36
"""Complaints that the review of the first release asks: all that are left."""

POLICY = "demo_policy.toml"
"""The policy that decides in the demo, in the folder of its material."""

TOKENS = 32


class Asked(NamedTuple):
    """What is asked."""

    file: str
    """Name of the file of its questions."""

    title: str
    """As experts read it."""

    rows: list[Row]
    """The complaints, with the wanted answers."""

    part: str
    """Which part of the story it is."""


def first_review(material: Material) -> Asked:
    """What is asked before the first release."""
    return Asked(
        "review_first.jsonl", "分诊台：哪个回答更好？（一）", material.held_out[PAIRS : PAIRS + FIRST], "first"
    )


def second_review(material: Material) -> Asked:
    """What is asked of the newest checkpoint."""
    return Asked("review.jsonl", "分诊台：哪个回答更好？", material.held_out[:PAIRS], SECOND)


def open_review(store: Store, actor: Actor, place: Path, checkpoint: Path, asked: Asked, seed: int) -> int:
    """Open the review of a checkpoint against what is live, or what its run began with where nothing is; its number.

    The one that was opened before is found again. Raises AssayError.
    """
    candidate = named(checkpoint)
    known = store.rows("SELECT id FROM campaign WHERE candidate = $candidate", {"candidate": candidate})
    if known:
        return known[0]["id"]
    live = store.snapshot(lambda snapshot: live_in(snapshot, ENVIRONMENT))
    order = CampaignOrder(
        candidate=candidate, baseline="released" if live else "base", questions=_questions(place, asked),
        policy=_policy(place), title=asked.title, language="zh", seed=seed, tokens=TOKENS,
        facts={
            PART: asked.part, REFERENCES: {row["question"]: row["reference"] for row in asked.rows},
            WANTED: {row["question"]: row["department"] for row in asked.rows},
        },
    )  # fmt: skip
    opened = open_campaign(store, actor, order, progress=_silent)
    assert opened.campaign is not None, "it was not only looked at"
    return opened.campaign


def named(checkpoint: Path) -> str:
    """RUN@STEP of a checkpoint's folder."""
    return f"{checkpoint.parents[1].name}@{read_manifest(checkpoint)['step']}"


def _policy(place: Path) -> Path:
    """A copy beside the questions: the policy that decides is there to be read."""
    policy = place / POLICY
    policy.write_text((SAMPLE / POLICY).read_text(encoding="utf-8"), encoding="utf-8")
    return policy


def _questions(place: Path, asked: Asked) -> Path:
    file = place / asked.file
    write_file(file, [{"id": row["id"], "question": row["question"]} for row in asked.rows])
    return file


def _silent(_model: str, _done: int, _of: int) -> None:
    """It takes a second."""
