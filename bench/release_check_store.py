"""The store of `bench.release_check`: many long runs, one checkpoint with its folder, suites, and campaigns judged."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from bench.live_page_store import LONG, fill
from evals.gate.evidence import BESIDE
from evals.gate.proposals import Proposal, add_proposal
from evals.review.draft import CampaignDraft, Contender
from evals.review.findings import Findings, StoredPair
from evals.review.opening import make_campaign
from evals.review.rehearsal import judge_all
from evals.review.types import Answer, PairView
from store.access import Actor
from store.artifacts import digest, seal, temporary_for
from store.clock import utc_now
from store.database import Store, Transaction
from store.users import NewUser, add_user

__all__ = ["BENCH", "Sizes", "filled"]

BENCH = Actor("command", None, "bench")
"""Who does everything."""

BASE = "b" * 64
GRADERS = 3

POLICY = """[review]
alpha = 0.000001
futility = 0.000001
criteria = ["accurate", "professional", "useful"]
"""
"""Nothing is decided before the last pair, so that all of them are reckoned with."""


class Sizes(NamedTuple):
    """How large it is."""

    runs: int
    """Runs."""

    steps: int
    """Steps of each."""

    checkpoints: int
    """Checkpoints of each."""

    campaigns: int
    """Campaigns of the candidate."""

    pairs: int
    """Pairs of each, all judged."""

    items: int
    """Items of each suite, put to every checkpoint of the candidate's run."""


def filled(folder: Path, sizes: Sizes) -> tuple[Store, str]:
    """Make the store; also the candidate, as RUN@STEP."""
    store = Store.at(folder / "runs" / "assay.duckdb")
    fill(store, sizes.steps, sizes.runs - 1, sizes.steps)
    checkpoint = _sealed(store, sizes.steps)
    store.transaction(lambda transaction: _checkpoints(transaction, sizes, digest(checkpoint)))
    store.transaction(lambda transaction: _evaluations(transaction, sizes))
    candidate = f"{LONG}@{sizes.steps}"
    # A store's first person is an admin.
    add_user(store, BENCH, NewUser("Root", "admin"))
    numbers = [
        _campaign(store, candidate, digest(checkpoint), number, sizes.pairs) for number in range(sizes.campaigns)
    ]
    _propose(store, candidate, checkpoint, numbers, sizes)
    return store, candidate


def _sealed(store: Store, step: int) -> Path:
    final = store.root / LONG / "checkpoints" / f"{step:08}-b1"
    temporary = temporary_for(final)
    (temporary / "adapter_model.safetensors").write_bytes(b"adapter")
    seal(temporary, final, {"kind": "checkpoint", "branch": 1, "step": step})
    return final


def _checkpoints(transaction: Transaction, sizes: Sizes, candidate: str) -> None:
    """As many of each run, the candidate the last one of the long run."""
    transaction.execute("DELETE FROM checkpoint")
    now = utc_now()
    rows: list[dict[str, Any]] = []
    for run in transaction.rows("SELECT id, name FROM run ORDER BY id"):
        for number in range(1, sizes.checkpoints + 1):
            step = sizes.steps * number // sizes.checkpoints
            last = run["name"] == LONG and number == sizes.checkpoints
            rows.append({
                "run_id": run["id"], "branch": 1, "step": step, "state": "stable",
                "path": f"{run['name']}/checkpoints/{step:08}-b1", "bytes": 13_451_368, "created": now, "changed": now,
                "sha256": candidate if last else _sha256(f"{run['name']}@{step}"), "data": "{}",
            })  # fmt: skip
    transaction.insert("checkpoint", pa.Table.from_pylist(rows))


def _evaluations(transaction: Transaction, sizes: Sizes) -> None:
    """Two suites put to the base and to each checkpoint of the candidate's run."""
    found = transaction.rows(_OF_LONG, {"name": LONG})
    asked = [{"sha256": BASE, "run_id": None, "branch": None, "step": None}, *found]
    number = 0
    for one in asked:
        for suite, measures, kind in (("letters", "learned", "open"), ("facts", "kept", "choice")):
            number += 1
            transaction.insert(
                "eval_run", pa.Table.from_pylist([_evaluation(number, one, suite, measures, kind, sizes)])
            )
            transaction.insert("item_result", _items(number, sizes.items, kind, better=one["sha256"] != BASE))


def _evaluation(number: int, one: dict[str, Any], suite: str, measures: str, kind: str, sizes: Sizes) -> dict[str, Any]:
    data = {"settings": {"name": suite, "metrics": ["bleu"]}, "leak": {"status": "clean"}}
    return {
        "id": number, "key": _sha256(f"{one['sha256']}/{suite}"), "run_id": one["run_id"], "branch": one["branch"],
        "step": one["step"], "artifact": one["sha256"], "model": "bench", "suite": suite,
        "suite_sha256": _sha256(suite), "measures": measures, "kind": kind, "scorer": "assay-eval 1",
        "base": None if one["sha256"] == BASE else BASE, "n": sizes.items, "created": utc_now(),
        "of": sizes.items, "seconds": 1.0, "data": json.dumps(data),
    }  # fmt: skip


def _items(number: int, items: int, kind: str, *, better: bool) -> pa.Table:
    values = np.random.default_rng(number).normal(80 if better else 40, 5, items)
    is_choice = kind == "choice"
    return pa.Table.from_pylist([
        {
            "eval_id": number, "item": f"item-{place:05}", "correct": True if is_choice else None, "leaked": False,
            "scores": None if is_choice else json.dumps({"bleu": float(value)}),
        }
        for place, value in enumerate(values)
    ])  # fmt: skip


def _campaign(store: Store, candidate: str, sha256: str, number: int, pairs: int) -> int:
    """A campaign, judged to its last pair."""
    experts = [NewUser(f"expert {number}/{each}", "expert") for each in range(GRADERS)]
    graders = [Actor("oidc", add_user(store, BENCH, expert)) for expert in experts]
    draft = CampaignDraft(
        candidate=Contender(candidate, sha256), baseline=Contender("the start of long", BASE), name=f"bench {number}",
        policy=POLICY,
        pairs=[
            StoredPair(f"{number}-{each}", f"{number}: what of {each}?", f"Fresh {each}.", f"Stale {each}.")
            for each in range(pairs)
        ],
    )  # fmt: skip
    made = make_campaign(store, BENCH, draft, Findings(pairs, (), (0, 0), (), None))
    judge_all(store, made, graders, _judge, seed=number)
    return made


def _judge(pair: PairView, chance: random.Random) -> Answer:
    choice = chance.choice(("left", "right", "tie"))
    return Answer(choice, dict.fromkeys(pair.criteria, choice))


def _propose(store: Store, candidate: str, checkpoint: Path, campaigns: list[int], sizes: Sizes) -> None:
    final = store.root / ".exports" / candidate
    temporary = temporary_for(final)
    for name in ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "generation_config.json"):
        (temporary / name).write_text(name)
    seal(temporary, final, {"kind": "export", "candidate": candidate}, beside=BESIDE)
    digests = dict.fromkeys(("base", "tokenizer", "adapter", "data", "generation_config"), BASE)
    answers = [
        {"campaign": number, "n": sizes.pairs, "differing": 0, "share": 0.0, "items": []} for number in campaigns
    ]
    run_id = store.rows("SELECT id FROM run WHERE name = $name", {"name": LONG})[0]["id"]
    made = Proposal(
        run_id, candidate, 1, sizes.steps, checkpoint.relative_to(store.root).as_posix(), digest(checkpoint),
        final.relative_to(store.root).as_posix(), digest(final), False, digests, answers, {},
    )  # fmt: skip
    store.transaction(lambda transaction: add_proposal(transaction, BENCH, "engineer", made))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_OF_LONG = """
SELECT c.sha256, c.run_id, c.branch, c.step FROM checkpoint c JOIN run r ON r.id = c.run_id WHERE r.name = $name
ORDER BY c.step
"""
