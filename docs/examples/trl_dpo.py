"""TRL's DPOTrainer, recorded pair by pair: `python trl_dpo.py MODEL PREFERENCES.jsonl STEPS`."""

import sys

from datasets import load_dataset
from peft import LoraConfig
from trl import DPOConfig, DPOTrainer

from trainer.adapters import AssayCallback, AssayMixin


class WatchedTrainer(AssayMixin, DPOTrainer):
    """Each step is seen."""


folder, file, steps = sys.argv[1:]
rows = load_dataset("json", data_files=file, split="train")
arguments = DPOConfig("out", max_steps=int(steps), save_steps=4, bf16=False, report_to="none")
recorder = AssayCallback("preferred", data=file)
WatchedTrainer(folder, args=arguments, train_dataset=rows, peft_config=LoraConfig(), callbacks=[recorder]).train()
