"""A store whose checkpoint `triage@400` passes the gate by the policy below: trained on `handbook@80`, scored, judged
blind by two experts, its folder built. No model is loaded; files of weights hold a few words.

    made = passing_store(folder)            copied(made, other) to change it
    look(made.store, made.li, made.candidate, environment="prod").decision            'pass'
    sign(made, made.li); sign(made, made.zhao)                          both leads approve
    made = next_candidate(made)             `triage@600`, judged against `triage@400`, which must be live
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import assay
from assay.recording import Run
from evals.gate.approvals import approve
from evals.gate.evidence import BESIDE
from evals.gate.looking import look
from evals.gate.proposals import Proposal, add_proposal, newest_proposal
from evals.review.draft import CampaignDraft, Contender
from evals.review.findings import Findings, StoredPair
from evals.review.opening import make_campaign
from evals.review.results import settle
from evals.review.service import begin_sitting, close_sitting, guess, next_pair, submit
from evals.review.types import Answer, PairView
from store.access import Actor
from store.artifacts import announce, digest, seal, temporary_for
from store.database import Store
from store.evaluations import Evaluation, ItemRow, ItemText, ScoreRow, keep
from store.loading import load_spools
from store.model_digest import model_sha256
from store.pins import hold
from store.users import NewUser, add_user

__all__ = [
    "BASE_FOLDER", "POLICY", "Passing", "base_of", "copied", "evaluate", "export_folder", "judge", "new_campaign",
    "next_candidate", "passing_store", "record_proposal", "sign",
]  # fmt: skip

COMMAND = Actor("command", None, "root")

ISSUER = "https://login.example.org"

POLICY = """[review]
n_max = 40
criteria = ["accurate"]
critical_limit = 0.3

[approval]
approvals_required = 2
"""
"""Eleven wins decide, and nine pairs without an error show that critical errors are within the limit."""

PAIRS = 12

BASE_FOLDER = "handbook/checkpoints/00000080-b1"
"""Checkpoint that `triage` began with, relative to the store's root."""

WEIGHTS = {"config.json": '{"model_type": "llama"}', "model.safetensors": "weights of the handbook"}

EXPORTED = {
    "adapter_config.json": '{"base_model_name_or_path": "handbook"}', "tokenizer.json": '{"version": "1.0"}',
    "tokenizer_config.json": "{}", "chat_template.jinja": "{{ messages }}",
    "generation_config.json": '{"do_sample": false}',
}  # fmt: skip
"""What every folder to be released holds besides its adapter."""


class Passing(NamedTuple):
    """The store and who is in it."""

    store: Store
    """The store."""

    candidate: str
    """The checkpoint that passes, as RUN@STEP."""

    campaign: int
    """Number of the campaign that judged it."""

    li: Actor
    """A lead."""

    zhao: Actor
    """Another lead."""

    sun: Actor
    """A third one."""

    wang: Actor
    """An expert, who judged."""

    xu: Actor
    """Another expert, who judged."""

    chen: Actor
    """The engineer, whose run it is ([run] owner)."""

    qian: Actor
    """An auditor."""

    @property
    def proposal(self) -> Proposal:
        """The folder that was built from the candidate, the newest one."""
        sha256 = digest(self.checkpoint)
        found = self.store.snapshot(lambda snapshot: newest_proposal(snapshot, sha256))
        assert found is not None
        return found

    @property
    def checkpoint(self) -> Path:
        """Folder of the checkpoint."""
        run, _, step = self.candidate.partition("@")
        return self.store.root / run / "checkpoints" / f"{int(step):08}-b1"

    @property
    def folder(self) -> Path:
        """Folder that would be released."""
        return self.store.root / self.proposal.path


def passing_store(folder: Path, *, demo: bool = False, policy: str = POLICY) -> Passing:
    """Make the store in a folder that is empty or not there yet."""
    store = Store.at(folder / "assay.duckdb")
    store.create(demo=demo)
    _train(store)
    people = _people(store)
    made = Passing(store, "triage@400", 0, *people)
    for step in (None, 400):
        evaluate(store, step)
    load_spools(store)
    campaign = new_campaign(made, policy=policy)
    made = made._replace(campaign=campaign)
    for expert in (made.wang, made.xu):
        judge(store, expert, campaign)
    settle(store, campaign)
    record_proposal(made, export_folder(store, made.candidate), [campaign])
    return made


def copied(made: Passing, folder: Path) -> Passing:
    """The same in a folder that is not there yet: to be changed, for one test."""
    shutil.copytree(made.store.root, folder)
    return made._replace(store=Store.at(folder / made.store.path.name))


def sign(made: Passing, actor: Actor, reason: str = "", environment: str = "prod") -> int:
    """Let a lead approve the candidate; the approval's number."""
    return approve(made.store, actor, look(made.store, actor, made.candidate, environment=environment), reason)


def next_candidate(made: Passing, *, policy: str = POLICY) -> Passing:
    """`triage@600`, which passes against `triage@400` once that is live."""
    after = made._replace(candidate="triage@600")
    evaluate(made.store, 600)
    load_spools(made.store)
    campaign = new_campaign(after, baseline=made.candidate, policy=policy)
    for expert in (made.wang, made.xu):
        judge(made.store, expert, campaign)
    settle(made.store, campaign)
    record_proposal(after, export_folder(made.store, after.candidate), [campaign])
    return after._replace(campaign=campaign)


def evaluate(store: Store, step: int | None, *, lost: int = 0, suites: tuple[str, ...] = ("letters", "facts")) -> None:
    """Put a checkpoint of `triage`, or its base, to the suites: 30 letters learned, 150 facts kept but for `lost`."""
    for suite in suites:
        evaluation, texts = _letters(store, step) if suite == "letters" else _facts(store, step, lost)
        keep(store.root, evaluation, texts)


def new_campaign(
    made: Passing, baseline: str = "the start of triage", *, policy: str = POLICY, pairs: int = PAIRS
) -> int:
    """Open a campaign of the candidate; its number."""
    first = made.store.rows("SELECT count(*) AS n FROM pair")[0]["n"]
    draft = CampaignDraft(
        candidate=_contender(made.store, made.candidate),
        baseline=_baseline(made.store, baseline),
        pairs=[_pair(number) for number in range(first, first + pairs)], policy=policy,
    )  # fmt: skip
    return make_campaign(made.store, COMMAND, draft, Findings(pairs, (), (0, 0), (), None))


def judge(store: Store, expert: Actor, campaign: int, say: str = "fresh") -> int:
    """Judge all there is for someone, and guess at half of it right and wrong in turn; how many pairs that was."""
    begin_sitting(store, expert, campaign, 40)
    judged = 0
    while isinstance(pair := next_pair(store, expert, campaign), PairView):
        sides = ("left", "right") if pair.left.startswith("Fresh") else ("right", "left")
        side = sides[say != "fresh"] if say in ("fresh", "stale") else say
        submit(store, expert, pair.token, Answer(side, dict.fromkeys(pair.criteria, side)))
        if judged % 2 == 0:
            guess(store, expert, pair.token, sides[judged // 2 % 2])
        judged += 1
    close_sitting(store, expert, campaign)
    return judged


def base_of(store: Store) -> str:
    """Digest by which the base is known in scores, campaigns and checkpoints."""
    return model_sha256(store.root / BASE_FOLDER)


def export_folder(
    store: Store, candidate: str, *, suffix: str = "", digests: Mapping[str, str | None] | None = None, **changed: str
) -> Path:
    """Write and seal the folder of a checkpoint; `changed` are texts of files, by name with `_` for the dot."""
    place = _contender(store, candidate)
    run, _, step = candidate.partition("@")
    final = store.root / ".exports" / f"{candidate}-{place.sha256[:12]}{suffix}"
    temporary = temporary_for(final)
    files = {**EXPORTED, "adapter_model.safetensors": f"adapter of {candidate}"}
    for name, text in files.items():
        (temporary / name).write_text(changed.get(name.replace(".", "_"), text))
    (temporary / "README.md").write_text(f"# {candidate}, proposed, not released\n")
    parts = {
        "base": base_of(store), "tokenizer": _sha256(files["tokenizer.json"]), "weights": None, "data": "d" * 64,
        "adapter": _sha256(files["adapter_model.safetensors"]),
        "chat_template": _sha256(files["chat_template.jinja"]),
        "generation_config": _sha256(files["generation_config.json"]), **(digests or {}),
    }  # fmt: skip
    facts = {
        "kind": "export", "candidate": candidate, "run": run, "branch": 1, "step": int(step),
        "checkpoint_sha256": place.sha256, "merged": False, "digests": parts, "base": _base_facts(store),
        "versions": {"assay": "0.1.0", "torch": "2.13.0"},
    }  # fmt: skip
    seal(temporary, final, facts, beside=BESIDE)
    return final


def record_proposal(made: Passing, folder: Path, campaigns: list[int], differing: int = 0) -> int:
    """Put a folder into the store, as one that gave all answers of these campaigns again but for `differing`."""
    store, facts = made.store, json.loads((folder / "manifest.json").read_text())
    path = folder.relative_to(store.root).as_posix()
    checkpoint = _contender(store, made.candidate)

    def put(transaction) -> int:
        run_id = transaction.rows("SELECT id FROM run WHERE name = $run", {"run": facts["run"]})[0]["id"]
        answers = [
            {"campaign": number, "n": PAIRS, "differing": differing, "share": differing / PAIRS, "items": []}
            for number in campaigns
        ]
        number = add_proposal(transaction, made.chen, "engineer", Proposal(
            run_id, made.candidate, facts["branch"], facts["step"], checkpoint.checkpoint, checkpoint.sha256, path,
            digest(folder), facts["merged"], facts["digests"], answers,
            {"base": facts["base"], "base_checkpoint": BASE_FOLDER, "versions": facts["versions"], "owner": "Chen"},
        ))  # fmt: skip
        for target, kind in ((checkpoint.checkpoint, "checkpoint"), (path, "export"), (BASE_FOLDER, "checkpoint")):
            held = {"target_kind": kind, "run_id": run_id, "holder": str(number), "holder_kind": "proposal"}
            hold(transaction, target, **held)
        return number

    return store.transaction(put)


def _people(store: Store) -> list[Actor]:
    wanted = {
        "Root": "admin", "Li": "lead", "Zhao": "lead", "Sun": "lead", "Dr Wang": "expert", "Dr Xu": "expert",
        "Chen": "engineer", "Qian": "auditor",
    }  # fmt: skip
    found = [
        Actor("oidc", add_user(store, COMMAND, NewUser(name, role, ISSUER, name.lower().replace(" ", "-"))))
        for name, role in wanted.items()
    ]
    return found[1:]


def _train(store: Store) -> None:
    _run(store, "handbook", 80, (80,), stage="cpt", provenance={"model": {"path": "base-8b", "sha256": "a" * 64}})
    _run(
        store, "triage", 620, (200, 400, 600), stage="sft", parent="handbook/1@80",
        config={"run": {"name": "triage", "owner": "Chen"}, "data": {"train": "letters.jsonl"}},
        provenance={
            "account": "chen", "accounts": ["chen"], "model": {"path": BASE_FOLDER, "sha256": base_of(store)},
        },
    )  # fmt: skip


def _run(store: Store, name: str, steps: int, saved: tuple[int, ...], **facts: Any) -> None:
    run = assay.run(name, store=store.root, total_steps=steps)
    run.facts(**facts)
    run.record("dataset", path="/data/letters.jsonl", sha256="d" * 64, rows=1200, role="train", first_row=0)
    for step in range(1, steps + 1):
        run.log(step, loss=3.0 - step / 400)
        if step in saved:
            _checkpoint(store, run, step)
    run.finish()
    load_spools(store)


def _checkpoint(store: Store, run: Run, step: int) -> None:
    final = run.folder / "checkpoints" / f"{step:08}-b1"
    temporary = temporary_for(final)
    whole = run.folder.name == "handbook"
    files = WEIGHTS if whole else {
        "adapter_config.json": '{"r": 8}', "adapter_model.safetensors": f"adapter of {run.folder.name}@{step}",
        "optimizer.safetensors": f"moments after {step}", "state.json": f'{{"step": {step}}}',
    }  # fmt: skip
    for name, text in files.items():
        (temporary / name).write_text(text)
    base = {"path": "base-8b", "sha256": "a" * 64, "model_sha256": "a" * 64} if whole else _base_facts(store)
    facts = {"kind": "checkpoint", "branch": 1, "step": step, "base": base, "data": {"sha256": "d" * 64}}
    seal(temporary, final, facts)
    announce(run, final, "stable", step=step, branch=1, data={"val_loss": 3.0 - step / 400})


def _base_facts(store: Store) -> dict[str, str]:
    base = base_of(store)
    return {"path": str(store.root / BASE_FOLDER), "sha256": base, "model_sha256": base}


def _contender(store: Store, candidate: str) -> Contender:
    run, _, step = candidate.partition("@")
    path = f"{run}/checkpoints/{int(step):08}-b1"
    return Contender(candidate, digest(store.root / path), path, run)


def _baseline(store: Store, named: str) -> Contender:
    return _contender(store, named) if "@" in named else Contender(named, base_of(store), BASE_FOLDER)


def _pair(number: int) -> StoredPair:
    return StoredPair(
        f"q{number:03}", f"What would you do in case {number * 7919}?", f"Fresh advice {number}.",
        f"Stale advice {number}.",
    )  # fmt: skip


def _letters(store: Store, step: int | None) -> tuple[Evaluation, list[ItemText]]:
    """Open questions: 40 points of the base, 80 of the checkpoints, two more at each later one."""
    level = 40.0 if step is None else 80.0 + (step - 400) / 100
    texts = [ItemText(f"letter-{n:02}", f"Write letter {n}.", "en", "", f"Letter {n}") for n in range(30)]
    rows = [ItemRow(text.id, answer=text.question, scores={"bleu": level + n % 5}) for n, text in enumerate(texts)]
    settings = {"name": "letters", "measures": "learned", "kind": "open", "metrics": ["bleu"], "lang": "en"}
    return _evaluation(store, step, settings, rows, [ScoreRow("bleu", level + 2, level, level + 4, 30)]), texts


def _facts(store: Store, step: int | None, lost: int) -> tuple[Evaluation, list[ItemText]]:
    """Choice questions that all are answered right, but for the first ones that were lost."""
    texts = [ItemText(f"fact-{n:03}", f"Fact {n}?", "en", "", "yes", ("no", "yes"), 1) for n in range(150)]
    right = [step is None or n >= lost for n in range(150)]
    rows = [
        ItemRow(text.id, known, int(known), (-2.0, -1.0) if known else (-1.0, -2.0))
        for text, known in zip(texts, right, strict=True)
    ]
    settings = {"name": "facts", "measures": "kept", "kind": "choice", "margin": 0.03, "metrics": []}
    share = sum(right) / 150
    return _evaluation(store, step, settings, rows, [ScoreRow("acc", share, share - 0.05, 1.0, 150)]), texts


def _evaluation(
    store: Store, step: int | None, settings: dict[str, Any], rows: list[ItemRow], scores: list[ScoreRow]
) -> Evaluation:
    name = settings["name"]
    return Evaluation(
        artifact=base_of(store) if step is None else _contender(store, f"triage@{step}").sha256,
        model="base" if step is None else f"triage@{step}", suite=name, suite_sha256=name.ljust(64, "0"),
        measures=settings["measures"], kind=settings["kind"], scorer="assay-eval 1", of=len(rows),
        created=1_790_000_000.0 + (step or 0), seconds=1.5, scores=tuple(scores), items=tuple(rows),
        run=None if step is None else "triage", branch=None if step is None else 1, step=step,
        base=None if step is None else base_of(store),
        data={"settings": settings, "leak": {"status": "clean", "rows": 1200, "leaked": []}, "device": "cpu"},
    )  # fmt: skip


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
