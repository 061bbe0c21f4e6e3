"""What cannot be exported is said in a sentence, and leaves nothing."""

import hashlib
import json
import shutil

import pytest

from assay.errors import AssayError
from tests.trainer.exported import (
    answers,
    answers_here,
    exported,
    load,
    train,
)
from trainer.errors import ModelError
from trainer.export import source_of

# peft asks transformers under an old name, as anyone who loads an adapter sees.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


@pytest.fixture(scope="module")
def trained(model_folder, tmp_path_factory):
    """A store with a run of an adapter and one of all weights."""
    root = tmp_path_factory.mktemp("trained")
    train(root, model_folder, "r")
    return train(root, model_folder, "f", train__method="full", optim__lr=1e-2)


def refused(store, text, folder, **options):
    with pytest.raises(AssayError) as caught:
        exported(store, text, folder, **options)
    assert not folder.exists()
    assert list(folder.parent.glob(".tmp-*")) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_model_has_nothing_to_merge(trained, tmp_path):
    said = refused(trained, "f@6", tmp_path / "out", merge=True)
    assert said == "f@6 has all weights of a model already; leave out --merge"


def test_a_folder_that_is_no_checkpoint_is_not_exported(trained, model_folder, tmp_path):
    said = refused(trained, str(model_folder), tmp_path / "out")
    assert said == f"{model_folder} is no checkpoint; an export is made of RUN@STEP"


@pytest.fixture
def own(trained, model_folder, tmp_path):
    """A store and a base to spoil."""
    base = tmp_path / "base"
    shutil.copytree(model_folder, base)
    return train(tmp_path, base), base


def test_an_adapter_on_a_quantised_base_is_not_merged(own, tmp_path):
    store, base = own
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gptq"}}))
    checkpoint = store.root / "r" / "checkpoints" / "00000006-b1"
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["base"]["model_sha256"] = None  # as of a model whose files are not ours
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))
    said = refused(store, "r@6", tmp_path / "out", merge=True)
    assert said.startswith(f"the model in {base} is quantised, and an adapter in its rounded weights would not be the")
    assert said.endswith("leave out --merge")


def test_a_base_that_was_swapped_is_noticed(own, tmp_path):
    store, base = own
    with (base / "config.json").open("a") as file:
        file.write(" ")
    for merge in (False, True):
        said = refused(store, "r@6", tmp_path / "out", merge=merge)
        assert said.startswith(f"the model in {base} is not the one that the adapter in ")


def test_a_base_that_is_gone_is_named(own, tmp_path):
    store, base = own
    shutil.rmtree(base)
    said = refused(store, "r@6", tmp_path / "out")
    assert said == f"r@6 is an adapter of the model in {base}, which is not there; put it back"


def test_a_checkpoint_with_a_changed_byte_is_not_exported(own, tmp_path):
    store, _ = own
    weights = store.root / "r" / "checkpoints" / "00000006-b1" / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert "is damaged: its SHA-256 is not the sealed one" in refused(store, "r@6", tmp_path / "out")


@pytest.mark.filterwarnings("ignore:Model has .tie_word_embeddings=True:UserWarning")
def test_layers_that_share_their_weights_are_not_merged(model_folder, tmp_path):
    store = train(tmp_path, model_folder, lora__target=["q_proj", "lm_head"])
    said = refused(store, "r@6", tmp_path / "out", merge=True)
    assert "changes the first or the last layer of its model, and those share their weights" in said
    done = exported(store, "r@6", tmp_path / "adapter")
    assert answers(*load(done.folder)) == answers_here(store, "r@6")


def test_a_disk_that_refuses_leaves_nothing(trained, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("store.artifacts.os.fsync", refuse)
    said = refused(trained, "r@6", tmp_path / "out")
    assert said == f"cannot write {tmp_path / 'out'}: No space left on device; make room there, or name another place"


def test_what_is_stopped_leaves_nothing(trained, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trainer.export.copy_tokenizer", stop)
    with pytest.raises(KeyboardInterrupt):
        exported(trained, "r@6", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_code_that_comes_with_a_model_is_neither_run_nor_passed_on(own, tmp_path, monkeypatch):
    store, _ = own
    source = source_of("r@6", store)
    assert source.local.trust_remote_code is False

    def needs_code(config):
        raise ModelError("Python code comes with it")

    checkpoint = store.root / "r" / "checkpoints" / "00000006-b1"
    config = checkpoint / "config.toml"
    config.write_text(config.read_text().replace("trust_remote_code = false", "trust_remote_code = true"))
    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["files"]["config.toml"] = {
        "sha256": hashlib.sha256(config.read_bytes()).hexdigest(), "bytes": config.stat().st_size,
    }  # fmt: skip
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))
    assert answers(*load(exported(store, "r@6", tmp_path / "fine").folder))
    monkeypatch.setattr("trainer.export.longest_input", needs_code)
    said = refused(store, "r@6", tmp_path / "out")
    assert said.startswith("r@6 stands on a model that needs Python code of its own ([model] trust_remote_code)")
