"""How long `assay plan` takes for many rows, from the command to its last line.

    python -m bench.plan_time [--rows 100000] [--length 150] [--times 3] [--json FILE]

Question and answer pairs of characters drawn from the 3,000 that Unicode has first for Chinese, and a tiny
model with a tokenizer learned from some of them. Each time is that of a fresh process.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from bench.common import ROOT, Report, offline, parser, temp_folder
from trainer.demo.tiny import make_model

SEED = 20261130


def main() -> None:
    """Make the rows and the model, plan some times, print the seconds."""
    made = parser(__doc__ or "", peers=False)
    made.add_argument("--rows", type=int, default=100_000, help="rows of the data (%(default)s)")
    made.add_argument("--length", type=int, default=150, help="characters of an answer (%(default)s)")
    made.add_argument("--times", type=int, default=3, help="how often (%(default)s)")
    arguments = made.parse_args()
    report = Report(__doc__ or "", arguments)
    with temp_folder() as name:
        folder = Path(name)
        data = _data(folder, arguments.rows, arguments.length)
        rows = [_planned(folder / "model", data) for _ in range(arguments.times)]
    report.table(f"assay plan --json of {arguments.rows:,} rows", rows)
    slowest = max(row["seconds"] for row in rows)
    report.target(f"seconds for {arguments.rows:,} rows", "< 10", slowest, met=slowest < 10)
    report.finish()


def _data(folder: Path, rows: int, length: int) -> Path:
    draw = random.Random(SEED)
    path = folder / "rows.jsonl"
    sample: list[str] = []
    with path.open("w", encoding="utf-8") as file:
        for _ in range(rows):
            row = {"instruction": _text(draw, length // 3), "output": _text(draw, length)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            if len(sample) < 500:
                sample.append(row["instruction"] + row["output"])
    make_model(folder / "model", sample, seed=0, vocabulary=2000, width=32, layers=2)
    return path


def _text(draw: random.Random, length: int) -> str:
    return "".join(map(chr, draw.choices(range(0x4E00, 0x4E00 + 3000), k=length)))


def _planned(model: Path, data: Path) -> dict[str, float | int]:
    command = [sys.executable, "-m", "assay", "plan", "--model", model, "--data", data, "--gpu", "24GB", "--json"]
    begin = time.perf_counter()
    done = subprocess.run([*map(str, command)], cwd=ROOT, env=offline(), capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "rows": json.loads(done.stdout)["stages"][0]["rows"]}


if __name__ == "__main__":
    main()
