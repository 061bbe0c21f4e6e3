"""The model an adapter stands on: known by the digest that training gave it, whole, and found where the store is."""

import hashlib

import pytest

from evals.gate.proposals import Proposal
from evals.release.base import base_folder, base_missing, needs_base, require_base
from evals.release.errors import RefusedError
from store.model_digest import model_sha256
from trainer.config import ModelConfig
from trainer.model import fingerprint


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    for name, text in (("config.json", "{}"), ("model.safetensors", "weights"), (".hidden", "not counted")):
        (folder / name).write_text(text)
    return folder


def proposal(folder, *, merged=False, here=None, **digests):
    known = {"base": model_sha256(folder), "adapter": "a" * 64, "weights": None, **digests}
    data = {"base": {"path": str(folder)}, **({"base_checkpoint": here} if here else {})}
    return Proposal(1, "t@4", 1, 4, "t/checkpoints/4", "c" * 64, ".exports/t", "e" * 64, merged, known, [], data)


def test_its_digest_is_the_one_that_training_gives(model, tmp_path):
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    empty = hashlib.sha256(b"{}").hexdigest()
    lines = f"config.json {empty}\nmodel.safetensors {hashlib.sha256(b'weights').hexdigest()}\n"
    for adapter, text in (("", lines), (tmp_path / "adapter", f"{lines}adapter_config.json {empty}\n")):
        expected = hashlib.sha256(text.encode()).hexdigest()
        assert model_sha256(*(folder for folder in (model, adapter) if folder)) == expected
        assert fingerprint(ModelConfig(path=str(model), adapter=str(adapter))) == expected


def test_only_an_adapter_needs_one(model):
    assert needs_base(proposal(model))
    assert not needs_base(proposal(model, merged=True))
    assert not needs_base(proposal(model, adapter=None, weights="w" * 64))
    assert base_missing(model, proposal(model, merged=True)) == ""


def test_a_base_that_is_a_checkpoint_of_the_store_is_found_where_the_store_is(model):
    assert base_folder(model.parent, proposal(model, here="base")) == model
    require_base(model.parent, proposal(model, here="base"))


def test_a_base_that_is_gone_or_another_one_or_unknown_is_said(model):
    made = proposal(model)
    require_base(model.parent, made)
    (model / "model.safetensors").write_text("Weights")
    assert base_missing(model.parent, made) == ""
    with pytest.raises(RefusedError, match="is not the one it was trained on; put that one back"):
        require_base(model.parent, made)
    (model / "model.safetensors").unlink()
    with pytest.raises(RefusedError, match="its base is gone from"):
        require_base(model.parent, made)
    with pytest.raises(RefusedError, match="was never known, so nobody can tell whether it is the same"):
        require_base(model.parent, proposal(model, base=None))
