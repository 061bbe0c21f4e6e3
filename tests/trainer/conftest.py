"""What the trainer's tests share: one tiny model with its tokenizer, and rows to learn from."""

import json

import pytest
import torch

from tests.trainer import started
from tests.trainer.asked import make_suites
from tests.trainer.preferred import SHORT, written
from trainer.config_file import config_from
from trainer.demo.tiny import make_model

ROWS = [
    {
        "id": f"r{number}",
        "instruction": f"What is {number} plus {number}?",
        "input": "",
        "output": f"It is {2 * number}.",
    }
    for number in range(24)
]


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    # Tests share the machine with others: a second thread mostly waits.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A two-layer Llama of width 32 with a vocabulary of 400."""
    folder = tmp_path_factory.mktemp("model")
    texts = [row["instruction"] + row["output"] for row in ROWS]
    make_model(folder, texts, seed=0, vocabulary=400, width=32, layers=2)
    return folder


@pytest.fixture
def data_file(tmp_path):
    """24 Alpaca rows."""
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def config_for(model_folder, data_file):
    """Makes a configuration of a short run; arguments are `section__key=value`."""

    def make(**settings):
        tables = {
            "model": {"path": str(model_folder)},
            "data": {"train": str(data_file), "validation": 0.2},
            "train": {"steps": 6, "batch_size": 4, "eval_every": 3, "device": "cpu"},
            "checkpoint": {"every": 3},
            "run": {"name": "r"},
            "optim": {"lr": 5e-3},
            "record": {"system_seconds": 0},
            "eval": {"samples": 0},
        }
        for name, value in settings.items():
            section, key = name.split("__")
            tables.setdefault(section, {})[key] = value
        return config_from(tables)

    return make


@pytest.fixture
def dpo(config_for, tmp_path):
    """Makes a configuration of a short stage of preferences."""
    path = written(tmp_path / "preferences.jsonl")

    def make(**settings):
        return config_for(**{**SHORT, "data__train": path, **settings})

    return make


@pytest.fixture
def suites(tmp_path):
    """Suites of choice questions, open questions and texts."""
    return make_suites(tmp_path)


@pytest.fixture
def assay():
    """Runs the command line in a process of its own and returns what it printed."""
    return started.run
