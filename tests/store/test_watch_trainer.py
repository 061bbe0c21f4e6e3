"""A real Hugging Face trainer, stopped and resumed, followed by its states and by its TensorBoard events."""

import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli import main
from store.database import Store

TRAINER = """
import sys, torch
from transformers import Trainer, TrainingArguments

class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def forward(self, x=None, labels=None):
        guess = self.layer(x).squeeze(-1)
        return {"loss": ((guess - labels) ** 2).mean(), "logits": guess}

rows = [{"x": torch.randn(2), "labels": torch.tensor(1.0)} for _ in range(16)]
folder, steps, *resume = sys.argv[1:]
arguments = TrainingArguments(folder, max_steps=int(steps), logging_steps=1, save_steps=2, eval_steps=2,
    eval_strategy="steps", report_to=["tensorboard"], per_device_train_batch_size=4, use_cpu=True, disable_tqdm=True)
trainer = Trainer(Line(), arguments, train_dataset=rows, eval_dataset=rows)
trainer.train(resume_from_checkpoint=resume[0] if resume else None)
trainer.save_state()
"""


def train(folder: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", TRAINER, str(folder), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def steps(root: Path, run: str, metric: str) -> list[tuple[int, list[int]]]:
    rows = Store.at(root / "assay.duckdb").rows(
        "SELECT branch, list(step ORDER BY step) AS steps FROM metric m JOIN run r ON r.id = m.run_id "
        "JOIN metric_name n ON n.id = m.metric_id WHERE r.name = $run AND n.name = $metric GROUP BY ALL ORDER BY ALL",
        {"run": run, "metric": metric},
    )
    return [(row["branch"], row["steps"]) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["", "runs"])
def test_a_real_trainer_is_followed_through_its_resumption(root, tmp_path, part):
    pytest.importorskip("transformers", reason="needs transformers and torch")
    train(tmp_path / "out", "6")
    source = tmp_path / "out" / part
    if part:
        [source] = source.iterdir()
    for _ in range(2):
        main_once(root, source)
    name = source.name
    assert steps(root, name, "loss") == [(1, [1, 2, 3, 4, 5, 6])]
    assert steps(root, name, "val_loss") == [(1, [2, 4, 6])]
    assert steps(root, name, "train_loss") == []
    assert Store.at(root / "assay.duckdb").rows("SELECT status, total_steps FROM run") == [
        {"status": "finished", "total_steps": 6}
    ]
    train(tmp_path / "out", "9", str(tmp_path / "out" / "checkpoint-4"))
    main_once(root, tmp_path / "out" if not part else source)
    resumed = [(1, [1, 2, 3, 4, 5, 6]), (2, [5, 6, 7, 8, 9])]
    assert steps(root, name, "loss") == (resumed if not part else resumed[:1])
    assert steps(root, name, "lr") == (resumed if not part else resumed[:1])


@pytest.mark.slow
def test_a_real_trainers_events_before_its_first_checkpoint_and_after_it_began_anew_are_one_run(root, tmp_path):
    pytest.importorskip("transformers", reason="needs transformers and torch")
    train(tmp_path / "out", "3")
    for path in [*(tmp_path / "out").glob("checkpoint-*/*"), tmp_path / "out" / "trainer_state.json"]:
        path.unlink()
    for path in (tmp_path / "out").glob("checkpoint-*"):
        path.rmdir()
    main_once(root, tmp_path / "out")
    assert steps(root, "out", "loss") == [(1, [1, 2, 3])]
    train(tmp_path / "out", "4")
    main_once(root, tmp_path / "out")
    assert steps(root, "out", "loss") == [(1, [1, 2, 3]), (2, [1, 2, 3, 4])]


def main_once(root: Path, source: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["watch", str(source), "--once", "--store", str(root)])
    assert ended.value.code == 0
