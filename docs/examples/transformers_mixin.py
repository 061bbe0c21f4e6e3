"""transformers.Trainer with callback and mixin: `python transformers_mixin.py MODEL ROWS.jsonl STEPS`."""

import sys

from datasets import load_dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
)

from trainer.adapters import AssayCallback, AssayMixin


class WatchedTrainer(AssayMixin, Trainer):
    """Each step is seen."""


folder, file, steps = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
rows = load_dataset("json", data_files=file, split="train").map(lambda row: tokenizer(row["text"]))
arguments = TrainingArguments("out", max_steps=int(steps), save_steps=4, logging_steps=10, report_to="none")
collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)
model = AutoModelForCausalLM.from_pretrained(folder)
WatchedTrainer(model, arguments, collator, rows, callbacks=[AssayCallback("watched", data=file)]).train()
