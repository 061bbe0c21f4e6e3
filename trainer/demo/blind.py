"""The demo's blind review: the fine-tuned desk against what it began with, on complaints it never read."""

from pathlib import Path

from evals.review.demo_panel import REFERENCES
from store.access import Actor
from store.artifacts import read_manifest
from store.database import Store
from store.users import account
from trainer.campaign import CampaignOrder, open_campaign
from trainer.demo.material import SAMPLE, Material, Row, write_file

__all__ = ["PAIRS", "open_review"]

PAIRS = 48
"""Complaints that are asked; three of them are for practice. A newcomer judges fifteen, a panel the rest."""

TITLE = "分诊台：哪个回答更好？"

TOKENS = 32


def open_review(store: Store, place: Path, material: Material, triage: Path, seed: int) -> int:
    """Open the review of a checkpoint, or find the one that was opened before; its number. Raises AssayError."""
    candidate = f"{triage.parents[1].name}@{read_manifest(triage)['step']}"
    known = store.rows("SELECT id FROM campaign WHERE candidate = $candidate", {"candidate": candidate})
    if known:
        return known[0]["id"]
    # A copy beside the questions: the policy that decides is there to be read.
    policy = place / "demo_policy.toml"
    policy.write_text((SAMPLE / policy.name).read_text(encoding="utf-8"), encoding="utf-8")
    order = CampaignOrder(
        candidate=candidate, baseline="base", questions=_questions(place, material.held_out[:PAIRS]), policy=policy,
        title=TITLE, language="zh", seed=seed, tokens=TOKENS,
        facts={REFERENCES: {row["question"]: row["reference"] for row in material.held_out[:PAIRS]}},
    )  # fmt: skip
    opened = open_campaign(store, Actor("command", None, account()), order, progress=_silent)
    assert opened.campaign is not None, "it was not only looked at"
    return opened.campaign


def _questions(place: Path, rows: list[Row]) -> Path:
    file = place / "review.jsonl"
    write_file(file, [{"id": row["id"], "question": row["question"]} for row in rows])
    return file


def _silent(_model: str, _done: int, _of: int) -> None:
    """It takes a second."""
