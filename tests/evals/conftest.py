"""What the tests that ask a model share: a tiny one with its tokenizer."""

import pytest
import torch
from transformers import AutoTokenizer

from trainer.demo.tiny import make_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("model")
    make_model(path, ["What is 2 plus 2? It is four. 二加二等于四。"], seed=0, vocabulary=320, width=32, layers=2)
    return path


@pytest.fixture
def tokenizer(folder):
    return AutoTokenizer.from_pretrained(folder)
