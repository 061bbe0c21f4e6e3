"""`assay export`: a folder to be tried elsewhere, plainly not released."""

import json
import resource
import signal
import time

import pytest

import assay.cli
from evals.gate.evidence import BESIDE
from store.artifacts import verify
from tests.trainer.exported import train
from tests.trainer.started import run, start
from trainer.demo.tiny import make_model


@pytest.fixture(scope="module")
def trained(model_folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    train(root, model_folder, "r")
    return train(root, model_folder, "f", train__method="full", optim__lr=1e-2)


@pytest.fixture
def export(trained, capsys):
    """Calls `assay export`; its exit status, and what it said on stdout and on stderr."""

    def call(*arguments, store=trained):
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["export", *map(str, arguments), "--store", str(store.path)])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def test_it_says_what_it_wrote_and_that_it_is_not_released(export, trained, model_folder, tmp_path):
    out = tmp_path / "out"
    status, said, noted = export("r@6", "--out", out)
    manifest = verify(out, beside=BESIDE)
    assert status == 0
    first, second = said.splitlines()
    assert first == f"not released: r@6 is in {out}, to be tried elsewhere"
    assert second == f"digest: {json.loads(export('r@6', '--out', tmp_path / 'b', '--json')[1])['sha256']}"
    base = manifest["digests"]["base"][:12]
    assert noted == f"it is an adapter, and loads where the model in {model_folder} (digest {base}) is\n"
    assert manifest["released"] is False
    assert "Not released." in (out / "README.md").read_text()


def test_json_is_one_document_with_everything(export, tmp_path):
    status, said, noted = export("r@6", "--out", tmp_path / "out", "--merge", "--json")
    assert (status, noted) == (0, "")
    found = json.loads(said)
    assert (found["candidate"], found["run"], found["branch"], found["step"]) == ("r@6", "r", 1, 6)
    assert (found["released"], found["merged"], found["out"]) == (False, True, str(tmp_path / "out"))
    assert (found["digests"]["adapter"], len(found["digests"]["weights"])) == (None, 64)
    assert found["files"] == [
        "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    assert found["bytes"] == sum((tmp_path / "out" / name).stat().st_size for name in found["files"])
    verify(tmp_path / "out", found["sha256"], beside=BESIDE)


def test_an_empty_folder_is_filled(export, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert export("f@6", "--out", out)[0] == 0
    assert (out / "model.safetensors").is_file()


def test_a_bare_run_is_its_newest_checkpoint(export, tmp_path):
    assert export("r", "--out", tmp_path / "out")[1].startswith("not released: r@6 is in ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("f@6", "--merge"), "f@6 has all weights of a model already; leave out --merge"),
        (("r@4",), "run r has no sealed checkpoint at step 4; there are: 3, 6"),
        (("nobody@4",), "there is no run nobody in {root}, and no folder nobody@4; `assay runs ls` lists the runs"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(export, trained, tmp_path, arguments, sentence):
    status, said, noted = export(*arguments, "--out", tmp_path / "out")
    assert (status, said, noted) == (2, "", f"assay: {sentence.format(root=trained.root)}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_is_refused_before_anything_is_loaded(export, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.export_command.torch_module", lambda name: pytest.fail(f"{name} was loaded"))
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    file.touch()
    (full / "note").touch()
    inside = trained.root / "r" / "out"
    for place, sentence in (
        (full, f"{full} is there and not empty; name a new folder with --out"),
        (file, f"{file} is a file; name a new folder with --out"),
        (tmp_path / "a" / "b", f"there is no folder {tmp_path / 'a'} to make b in; make it first"),
        (inside, f"{inside} is among the runs in {trained.root}; name a folder elsewhere with --out"),
    ):
        assert export("r@6", "--out", place) == (2, "", f"assay: {sentence}\n")


LIMIT = 1 << 20


def small_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_a_full_disk_leaves_nothing_and_is_said_in_a_sentence(tmp_path):
    """The operating system itself refuses: no file may grow beyond 1 MiB, and the weights need more."""
    model = tmp_path / "large"
    make_model(model, ["one two three"], seed=0, vocabulary=400, width=128, layers=3)
    store = train(tmp_path, model, "r", train__steps=1, lora__rank=2)
    assert (model / "model.safetensors").stat().st_size > LIMIT
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    done = run("export", "r@1", "--merge", "--out", out, "--store", store.path, before=small_disk)
    noted = done.stderr
    assert (done.returncode, done.stdout) == (2, "")
    assert noted.startswith(f"assay: cannot write {out}: ")
    assert "File too large" in noted
    assert noted.endswith("make room there, or name another place\n")
    assert noted.count("\n") == 1
    assert list(out.parent.iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path):
    model = tmp_path / "large"
    make_model(model, ["one two three"], seed=0, vocabulary=400, width=256, layers=8)
    store = train(tmp_path, model, "r", train__steps=1, lora__rank=2)
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    running = start("export", "r@1", "--merge", "--out", out, "--store", store.path)
    for _ in range(4000):
        if any(out.parent.iterdir()):
            break
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    said, noted = running.communicate()
    assert (said, noted.strip(), running.returncode) == ("", "assay: stopped", 130)
    assert list(out.parent.iterdir()) == []
