"""Runs whose checkpoints are exported in tests, and their folders loaded as anyone would, without Assay."""

import hashlib
import json
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from evals.generate import reply
from evals.prompt import ChatTemplate
from evals.text.sample import Turn
from store.access import Actor
from store.database import Store
from store.loading import load_spools
from tests.trainer.asked import written
from trainer.asked import find_asked, load_asked
from trainer.campaign import CampaignOrder, open_campaign
from trainer.config_file import config_from
from trainer.export import export, source_of
from trainer.export_words import trial_readme
from trainer.session import start_run

ACTOR = Actor("command", None, "tester")

THINGS = ("apples", "boats", "clouds", "doors", "eggs", "forks", "goats", "hats", "islands", "jars", "kites", "lamps")

QUESTIONS = [
    {"id": f"q{n}", "question": f"How many {thing} are there if {n} more {thing} come to these {n}?"}
    for n, thing in enumerate(THINGS)
]  # fmt: skip


TOKENIZER = ["tokenizer.json", "tokenizer_config.json"]
"""Files of the tokenizer."""


def train(root: Path, model: Path, name: str = "r", **settings) -> Store:
    """A run of six steps with a checkpoint every three, in the store of `root`; settings are `section__key=value`."""
    rows = [{"instruction": f"What is {n} plus {n}?", "input": "", "output": f"It is {2 * n}."} for n in range(24)]
    tables = {
        "model": {"path": str(model)}, "data": {"train": str(written(root / "sums.jsonl", rows))},
        "train": {"steps": 6, "batch_size": 4, "device": "cpu", "method": "lora"}, "checkpoint": {"every": 3},
        "run": {"name": name}, "optim": {"lr": 2e-2}, "record": {"system_seconds": 0}, "eval": {"samples": 0},
    }  # fmt: skip
    for key, value in settings.items():
        section, field = key.split("__")
        tables.setdefault(section, {})[field] = value
    store = Store.at(root / "runs" / "assay.duckdb")
    store.create()
    start_run(config_from(tables), store)
    load_spools(store)
    return store


def campaign(store: Store, folder: Path, candidate: str = "r@6", questions=None, **changes) -> int:
    """Open a campaign of twelve questions, or others; its number."""
    file = written(folder / f"questions-{changes.get('seed', 0)}.jsonl", questions or QUESTIONS)
    order = CampaignOrder(**{"candidate": candidate, "baseline": "base", "questions": file, "tokens": 8, **changes})
    opened = open_campaign(store, ACTOR, order, progress=lambda *_: None)
    assert opened.campaign is not None
    return opened.campaign


def load(folder: Path):
    """Model and tokenizer of an export, as transformers and peft load them; its decoding is the model's default."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    adapter = folder / "adapter_config.json"
    place = json.loads(adapter.read_bytes())["base_model_name_or_path"] if adapter.exists() else folder
    model = AutoModelForCausalLM.from_pretrained(place, dtype="auto", local_files_only=True)
    if adapter.exists():
        model = PeftModel.from_pretrained(model, str(folder))
    model.generation_config = GenerationConfig.from_pretrained(folder)
    return model.eval(), tokenizer


def say(model, tokenizer, question: str, tokens: int = 8) -> str:
    """What a plain server answers to a question: the folder's chat template, its defaults, and a longest answer."""
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        said = model.generate(**ids, max_new_tokens=tokens)
    return tokenizer.decode(said[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip()


def logits(model, tokenizer, question: str) -> torch.Tensor:
    """What the model makes of every token of a question."""
    ids = tokenizer(question, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        return model(input_ids=ids).logits[0].float()


def exported(store: Store, text: str, folder: Path, **options):
    """The checkpoint as a folder."""
    return export(source_of(text, store), folder, readme=trial_readme, **options)


def answers(model, tokenizer) -> list[str]:
    """What a plain server answers to all questions."""
    return [say(model, tokenizer, row["question"]) for row in QUESTIONS]


def answers_here(store, text):
    """As a campaign asks them."""
    model, tokenizer = load_asked(find_asked(text, store))
    turns = [[Turn("user", row["question"])] for row in QUESTIONS]
    return reply(model, tokenizer, ChatTemplate(tokenizer), turns, max_new_tokens=8)


def by_hand(folder, *files):
    """A digest as the documentation defines it."""
    lines = "".join(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()
