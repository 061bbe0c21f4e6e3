"""A checkpoint as a folder: it loads elsewhere with transformers and peft alone, and answers as it did here."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.errors import AssayError
from evals.gate.evidence import BESIDE
from evals.gate.proposals import DIGESTS
from store.artifacts import digest, read_manifest, verify
from tests.trainer.exported import (
    QUESTIONS,
    TOKENIZER,
    answers,
    answers_here,
    by_hand,
    exported,
    load,
    logits,
    say,
    train,
)
from trainer.asked import find_asked
from trainer.export_files import copy_adapter
from trainer.export_words import proposed_readme, trial_readme

# peft asks transformers under an old name, as anyone who loads an adapter sees.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


@pytest.fixture(scope="module")
def trained(model_folder, tmp_path_factory):
    """A store with a run of an adapter and one of all weights."""
    root = tmp_path_factory.mktemp("trained")
    train(root, model_folder, "r")
    return train(root, model_folder, "f", train__method="full", optim__lr=1e-2)


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_adapter_is_what_peft_loads_with_the_tokenizer_and_nothing_of_the_training(trained, model_folder, tmp_path):
    done = exported(trained, "r@6", tmp_path / "out")
    assert names(done.folder) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja",
        "generation_config.json", "manifest.json", *TOKENIZER,
    ]  # fmt: skip
    for name in TOKENIZER:
        assert (done.folder / name).read_bytes() == (model_folder / name).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(("text", "merge"), [("r@6", True), ("f@6", False)])
def test_a_whole_model_has_its_weights_and_no_adapter(trained, tmp_path, text, merge):
    done = exported(trained, text, tmp_path / "out", merge=merge)
    assert names(done.folder) == [
        "README.md", "chat_template.jinja", "config.json", "generation_config.json", "manifest.json",
        "model.safetensors", *TOKENIZER,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["r@6", "r@3", "f@6"])
def test_loaded_elsewhere_it_gives_the_same_greedy_answers(trained, tmp_path, text):
    done = exported(trained, text, tmp_path / "out")
    said = answers(*load(done.folder))
    assert said == answers_here(trained, text)
    assert len(set(said)) > 1


def test_merged_it_gives_the_same_answers_and_the_same_logits_but_for_rounding(trained, tmp_path):
    one = exported(trained, "r@6", tmp_path / "adapter")
    other = exported(trained, "r@6", tmp_path / "merged", merge=True)
    apart, merged = load(one.folder), load(other.folder)
    assert answers(*merged) == answers(*apart)
    for row in QUESTIONS:
        there, here = logits(*apart, row["question"]), logits(*merged, row["question"])
        assert torch.allclose(there, here, atol=1e-4)
    assert not torch.equal(
        logits(*apart, "What?"), logits(*load(exported(trained, "r@3", tmp_path / "3").folder), "What?")
    )


def test_merged_weights_keep_the_type_of_the_base(model_folder, tmp_path):
    base = tmp_path / "half"
    shutil.copytree(model_folder, base)
    half = {name: tensor.bfloat16() for name, tensor in load_file(base / "model.safetensors").items()}
    save_file(half, base / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}))
    store = train(tmp_path, base)
    done = exported(store, "r@6", tmp_path / "out", merge=True)
    assert {tensor.dtype for tensor in load_file(done.folder / "model.safetensors").values()} == {torch.bfloat16}
    assert next(load(done.folder)[0].parameters()).dtype == torch.bfloat16


def test_every_byte_is_sealed_but_for_what_lies_beside(trained, tmp_path):
    done = exported(trained, "r@6", tmp_path / "out", facts={"released": False})
    manifest = verify(done.folder, done.sha256, beside=BESIDE)
    assert manifest == done.manifest
    assert "README.md" not in manifest["files"]
    (done.folder / "README.md").write_text("another page")
    assert verify(done.folder, done.sha256, beside=BESIDE)["released"] is False
    with (done.folder / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(AssayError, match=r"tokenizer\.json has \d+ bytes, \d+ were sealed"):
        verify(done.folder, beside=BESIDE)


def test_the_same_checkpoint_makes_the_same_folder(trained, tmp_path):
    for merge in (False, True):
        pair = [exported(trained, "r@6", tmp_path / f"{n}{merge}", merge=merge) for n in range(2)]
        assert pair[0].sha256 == pair[1].sha256


def test_the_manifest_says_what_it_is_made_of(trained, model_folder, tmp_path):
    done = exported(trained, "r/1@6", tmp_path / "out")
    facts, checkpoint = done.manifest, trained.root / "r" / "checkpoints" / "00000006-b1"
    assert (facts["kind"], facts["candidate"], facts["run"], facts["branch"], facts["step"]) == (
        "export",
        "r@6",
        "r",
        1,
        6,
    )
    assert facts["checkpoint_sha256"] == digest(checkpoint)
    assert facts["base"] == read_manifest(checkpoint)["base"]
    assert facts["base"]["path"] == str(model_folder)
    assert set(facts["versions"]) == {"assay", "torch", "transformers", "peft", "safetensors"}


def test_digests_are_those_of_the_files_of_each_part(trained, tmp_path):
    done = exported(trained, "r@6", tmp_path / "out")
    known = read_manifest(trained.root / "r" / "checkpoints" / "00000006-b1")
    assert tuple(sorted(done.manifest["digests"])) == tuple(sorted(DIGESTS))
    assert done.manifest["digests"] == {
        "base": known["base"]["model_sha256"], "data": known["data"]["sha256"], "weights": None,
        "tokenizer": by_hand(done.folder, *TOKENIZER),
        "adapter": by_hand(done.folder, "adapter_config.json", "adapter_model.safetensors"),
        "chat_template": by_hand(done.folder, "chat_template.jinja"),
        "generation_config": by_hand(done.folder, "generation_config.json"),
    }  # fmt: skip
    whole = exported(trained, "f@6", tmp_path / "whole").manifest["digests"]
    assert whole["adapter"] is None
    assert whole["weights"] == by_hand(tmp_path / "whole", "config.json", "model.safetensors")
    assert whole["base"] == known["base"]["sha256"]


def test_an_adapter_names_its_base_and_loads_from_any_folder(trained, model_folder, tmp_path, monkeypatch):
    done = exported(trained, "r@6", tmp_path / "out")
    moved = tmp_path / "elsewhere" / "copy"
    shutil.copytree(done.folder, moved)
    monkeypatch.chdir(tmp_path / "elsewhere")
    named = json.loads((moved / "adapter_config.json").read_bytes())["base_model_name_or_path"]
    assert named == str(model_folder)
    assert answers(*load(moved)) == answers_here(trained, "r@6")


def test_an_adapter_that_named_another_place_names_the_one_it_was_trained_on(trained, model_folder, tmp_path):
    """peft writes down where the model was read from, which need not be where the run says it is."""
    (tmp_path / "made").mkdir()
    copy_adapter(trained.root / "r" / "checkpoints" / "00000006-b1", tmp_path / "made", "/models/base")
    found = json.loads((tmp_path / "made" / "adapter_config.json").read_bytes())
    assert (found["base_model_name_or_path"], found["r"]) == ("/models/base", 16)


@pytest.mark.parametrize("merge", [False, True])
def test_the_page_says_how_to_load_it_and_that_works(trained, tmp_path, merge):
    done = exported(trained, "r@6", tmp_path / "out", merge=merge)
    page = (done.folder / "README.md").read_text()
    code = page.split("```python\n")[1].split("```")[0].replace('"."', repr(str(done.folder)))
    known = {}
    exec(code, known)
    assert say(known["model"], known["tokenizer"], QUESTIONS[0]["question"]) == answers_here(trained, "r@6")[0]


def test_the_page_of_a_trial_and_of_a_proposal_say_that_nothing_is_released(trained, tmp_path):
    facts = exported(trained, "r@6", tmp_path / "out").manifest
    trial, proposed = trial_readme(facts), proposed_readme(facts)
    assert "# r@6, not released\n\nNot released. This is checkpoint r@6, exported to be tried elsewhere." in trial
    assert "# r@6, proposed, not released\n\nProposed, not released." in proposed
    for page in (trial, proposed):
        assert page.startswith(
            "---\nlibrary_name: peft\npipeline_tag: text-generation\ntags:\n- assay\n- not-released\n"
        )
        assert facts["digests"]["adapter"] in page


def test_an_export_can_be_asked_like_any_model_and_every_byte_of_it_is_checked(trained, tmp_path):
    for text, merge in (("r@6", False), ("r@6", True), ("f@6", False)):
        done = exported(trained, text, tmp_path / f"{text[0]}{merge}", merge=merge)
        assert answers_here(trained, str(done.folder)) == answers_here(trained, text)
    with (done.folder / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(AssayError, match=r"config\.json has"):
        find_asked(str(done.folder), trained)
