"""TRL's SFTTrainer with a guard that acts: `python trl_sft.py MODEL ROWS.jsonl STEPS`."""

import sys

from datasets import load_dataset
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

from trainer.adapters import AssayCallback, AssayMixin


class GuardedTrainer(AssayMixin, SFTTrainer):
    """Each step is seen, and the guard may skip it or go back."""


folder, file, steps = sys.argv[1:]
rows = load_dataset("json", data_files=file, split="train")
arguments = SFTConfig("out", max_steps=int(steps), save_steps=4, bf16=False, report_to="none")
guard = AssayCallback("guarded", mode="act")
GuardedTrainer(folder, arguments, train_dataset=rows, peft_config=LoraConfig(), callbacks=[guard]).train()
