"""Hosts for the adapters' tests: transformers' and TRL's trainers on a tiny model, and ways to shake them."""

import math

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

from store.loading import load_spools
from store.runs import show_run
from trainer.adapters import AssayCallback, AssayMixin

SENTENCES = [f"What is {number} plus {number}? It is {2 * number}." for number in range(64)]

SHORT = {
    "max_steps": 12, "per_device_train_batch_size": 4, "logging_steps": 3, "save_steps": 4, "report_to": [],
    "use_cpu": True, "learning_rate": 1e-3, "disable_tqdm": True,
}  # fmt: skip
"""Twelve steps of four rows."""


class Seen(AssayMixin, Trainer):
    """transformers' trainer with the mixin."""


class Shaken(Trainer):
    """At some steps something happens: `nan` to the loss, or `noise` to all weights."""

    shaken_at = (45,)
    how = "nan"
    times = math.inf

    def compute_loss(self, model, inputs, *arguments, **options):
        happens = self.model.training and self.state.global_step + 1 in self.shaken_at and self.times > 0
        self.times -= happens
        if happens and self.how == "noise":
            generator = torch.Generator().manual_seed(0)
            with torch.no_grad():
                for item in model.parameters():
                    item.add_(torch.randn(item.shape, generator=generator))
        found = super().compute_loss(model, inputs, *arguments, **options)
        return found * float("nan") if happens and self.how == "nan" else found


class SeenShaken(AssayMixin, Shaken):
    """The same with the mixin."""


def rows_of(tokenizer):
    """Rows of token ids."""
    return [{"input_ids": tokenizer(text)["input_ids"]} for text in SENTENCES]


def collate(features):
    """A padded batch in which every token is learned."""
    longest = max(len(item["input_ids"]) for item in features)
    ids = torch.tensor([item["input_ids"] + [0] * (longest - len(item["input_ids"])) for item in features])
    lengths = torch.tensor([len(item["input_ids"]) for item in features])
    mask = (torch.arange(longest)[None] < lengths[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}


def host(kind, model_folder, output, *callbacks, **settings):
    """A trainer of a class, ready to train."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    rows = rows_of(tokenizer)
    arguments = TrainingArguments(output_dir=str(output), **{**SHORT, **settings})
    return kind(
        model=model, args=arguments, train_dataset=rows, eval_dataset=rows[:8], data_collator=collate,
        processing_class=tokenizer, callbacks=list(callbacks),
    )  # fmt: skip


def recorded(store, name="r", **options):
    """A callback that records into a store."""
    return AssayCallback(name, store=str(store.root), **options)


def shown(store, name="r"):
    """A run as the store has it once its spools are loaded."""
    load_spools(store)
    return show_run(store, name)


def weights(trainer):
    """Everything a trainer's model has learned."""
    return {name: item.detach().clone() for name, item in trainer.model.state_dict().items()}


def are_equal(first, second):
    """Whether two models are the same to the bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
