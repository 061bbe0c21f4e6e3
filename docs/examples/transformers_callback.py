"""transformers.Trainer with the callback alone: `python transformers_callback.py MODEL ROWS.jsonl STEPS`."""

import sys

from datasets import load_dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
)

from trainer.adapters import AssayCallback

folder, file, steps = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
rows = load_dataset("json", data_files=file, split="train").map(lambda row: tokenizer(row["text"]))
arguments = TrainingArguments("out", max_steps=int(steps), save_steps=4, logging_steps=1, report_to="none")
collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)
model = AutoModelForCausalLM.from_pretrained(folder)
Trainer(model, arguments, collator, rows, callbacks=[AssayCallback("called")]).train()
