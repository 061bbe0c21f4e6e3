"""What the demo's models learn and keep, and what the gate says of them, over several seeds.

    python -m bench.demo_story                  five minutes a seed, on two cores
    python -m bench.demo_story --seeds 0 1 2 --json FILE

Trains the whole story of `assay demo --no-serve` for each seed in a folder that is removed again, and prints the share
of questions each model answers rightly, and what came of each step after that. Targets: the base at least 90 % of the
facts, both halves; after fine-tuning the right department in at least 60 % of the held-out questions, where the base
has at most 15 %; the gate passes v1 and v2.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from store.database import Store
from trainer.demo.story import tell


def main() -> None:
    """Run the story for each seed and print a row a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = []
    print("seed  model      facts A  facts B  department")
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as root:
            store = Store.at(Path(root) / "assay.duckdb")
            store.create(demo=True)
            began = time.perf_counter()
            told = tell(store, steps=options.steps, seed=seed, say=lambda _: None, to_its_end=True)
        for stage, marks in told.marks.items():
            print(f"{seed:<6}{stage:<10}{marks.facts_a:8.1%}{marks.facts_b:9.1%}{marks.department:12.1%}", flush=True)
            found.append({"seed": seed, "model": stage, **marks._asdict()})
        ends = ", ".join(f"{mode} {loss:.2f}" for mode, loss in told.ends.items() if loss is not None)
        for line in told.lines:
            print(f"{seed:<6}{line}", flush=True)
        print(f"{seed:<6}{time.perf_counter() - began:.0f} s; validation loss in trouble: {ends}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
