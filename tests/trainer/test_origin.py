"""A run starts from a checkpoint of another one: as that one would have gone on, or as a new stage."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

import assay.cli
from store.artifacts import ArtifactError
from store.pins import held, pin
from store.runs import list_runs, show_run
from tests.trainer.seen import active, batches, checkpoints, events, learned, metric, weights
from trainer.config import LoraConfig
from trainer.errors import ModelError, ResumeError
from trainer.job import prepare
from trainer.origin import find_origin, forked_config
from trainer.session import fork_run, resume_run, start_run
from trainer.step import Engine

EVERY_TWO = {"checkpoint__every": 2, "checkpoint__keep": 9, "lora__dropout": 0.2}


@pytest.fixture
def whole(config_for, store):
    """A run of 8 steps, more than one pass over the data, with a checkpoint at every other."""

    def make(**settings):
        return start_run(config_for(**{**EVERY_TWO, "train__steps": 8, **settings}), store)

    return make


def fork(text, store, *settings):
    origin = find_origin(text, store)
    return fork_run(forked_config(origin, settings), origin, store)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_fork_is_bit_equal_to_what_it_left_and_proves_it(whole, store, method):
    whole(train__method=method)
    ended = fork("r@4", store)
    assert ended.name == "r-from-4"
    assert learned(checkpoints(store, "r-from-4")[-1]) == learned(checkpoints(store)[-1])
    loss = metric(store, "loss")
    assert metric(store, "loss", "r-from-4") == {(1, step): loss[1, step] for step in (5, 6, 7, 8)}
    (proof,) = events(store, "replay", "r-from-4")
    assert proof["message"] == "steps 5 to 8, done again, came to the same numbers, bit for bit"
    assert (proof["data"]["first"], proof["data"]["last"], proof["data"]["equal"]) == (5, 8, True)
    assert proof["level"] == "info"


def test_a_fork_names_its_parent_and_holds_it(whole, store):
    whole()
    fork("r@4", store, "run.name=child")
    assert store.rows("SELECT parent FROM run WHERE name = 'child'") == [{"parent": "r/1@4"}]
    (pin,) = held(store, "r/checkpoints/00000004-b1")
    assert (pin.holder_kind, pin.holder) == ("run", "child")
    (event,) = events(store, "fork", "child")
    assert event["message"] == "goes on from r/1@4"
    (sealed, *_) = checkpoints(store, "child")
    assert json.loads((sealed / "manifest.json").read_text())["parent"] == "r/checkpoints/00000004-b1"


def test_a_fork_at_another_rate_is_another_run_from_the_first_step_that_differs(whole, store):
    whole()
    fork("r@4", store, "optim.lr=1e-3")
    (proof,) = events(store, "replay", "r-from-4")
    # The rate of step 5 is felt in the loss of step 6.
    assert metric(store, "loss", "r-from-4")[1, 5] == metric(store, "loss")[1, 5]
    assert (proof["data"]["equal"], proof["data"]["last"], proof["level"]) == (False, 6, "warning")
    assert proof["message"].startswith("step 6, done again, came to a loss of ")
    assert show_run(store, "r-from-4")["config"]["optim"]["lr"] == 1e-3
    assert [row["rows"] for row in batches(store, "r-from-4")] == [row["rows"] for row in batches(store)[4:]]


def test_a_fork_reads_on_where_the_other_run_was(whole, store):
    whole()
    fork("r@4", store, "optim.lr=1e-3")
    assert metric(store, "epoch", "r-from-4") == {(1, step): step * 4 / 19 for step in (5, 6, 7, 8)}
    assert metric(store, "tokens", "r-from-4")[1, 8] == metric(store, "tokens")[1, 8]
    assert batches(store, "r-from-4")[0]["update"] == 5


@pytest.mark.parametrize(
    ("setting", "says"),
    [("train.batch_size=5", "batch_size was 4 and is 5"), ("train.seed=3", "seed was 0 and is 3"),
     ("data.validation=0.5", "samples was 19 and is 12")],
)  # fmt: skip
def test_a_fork_whose_data_would_come_in_another_order_is_refused(whole, store, setting, says):
    whole()
    with pytest.raises(ResumeError) as caught:
        fork("r@4", store, setting)
    assert f"({says})" in str(caught.value)
    assert str(caught.value).endswith("or start a new run from its weights with `assay train CONFIG --from RUN@STEP`")
    assert [run["run"] for run in list_runs(store)] == ["r"]
    assert not (store.root / "r-from-4").exists()


def test_a_fork_at_the_end_says_how_to_give_it_more_and_takes_it(whole, store):
    whole()
    with pytest.raises(ResumeError, match=r"^run r is at its end \(step 8 of 8\); give it more with --set train.steps"):
        fork("r@8", store)
    assert fork("r@8", store, "train.steps=9").outcome.state.step == 9


def test_a_fork_that_was_interrupted_goes_on_like_any_run(whole, store, monkeypatch):
    whole()
    measure, count = Engine.measure, iter(range(1, 99))

    def dying(*arguments, **options):
        if next(count) == 4:
            raise RuntimeError("the power failed")
        return measure(*arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="the power failed"):
        patch.setattr("trainer.step.Engine.measure", dying)
        fork("r@4", store)
    resume_run("r-from-4", (), store)
    assert learned(checkpoints(store, "r-from-4")[-1]) == learned(checkpoints(store)[-1])
    loss = active(store, "loss")
    assert active(store, "loss", "r-from-4") == {step: loss[step] for step in (5, 6, 7, 8)}


def test_a_bare_name_is_the_newest_checkpoint_and_an_unknown_step_lists_those_there_are(whole, store):
    whole()
    assert find_origin("r", store).manifest["step"] == 8
    with pytest.raises(ResumeError) as caught:
        find_origin("r@5", store)
    assert str(caught.value) == "run r has no sealed checkpoint at step 5; there are: 2, 4, 6, 8"


def test_a_checkpoint_of_an_abandoned_branch_can_be_named(whole, store):
    whole()
    # What lies on a branch that was left is cleared away, unless something holds it.
    for name in ("00000004-b1", "00000006-b1"):
        pin(store, f"r/checkpoints/{name}", target_kind="checkpoint", run_id=1, holder="v1", holder_kind="release")
    resume_run("r@2", ("train.steps=5",), store)
    named = {"r": "00000005-b2", "r@4": "00000004-b2", "r/1@4": "00000004-b1", "r/1@6": "00000006-b1", "r/1": "6-b1"}
    assert {text for text, name in named.items() if find_origin(text, store).folder.name.endswith(name)} == set(named)
    with pytest.raises(ResumeError, match=r"^run r has no sealed checkpoint at step 6; there are: 2, 4, 5$"):
        find_origin("r@6", store)
    with pytest.raises(ResumeError, match=r"^branch 2 of run r has no sealed checkpoint at step 6; there are: 4, 5$"):
        find_origin("r/2@6", store)
    fork("r/1@6", store, "train.steps=8", "run.name=child")
    assert (metric(store, "loss", "child")[1, 8], metric(store, "loss")[1, 8]) == (metric(store, "loss")[1, 8],) * 2
    assert store.rows("SELECT parent FROM run WHERE name = 'child'") == [{"parent": "r/1@6"}]
    # Step 5 of the branch that took over was another one: nothing is claimed of that.
    fork("r/1@4", store, "run.name=other")
    assert events(store, "replay", "other") == []


def test_a_damaged_checkpoint_is_no_origin(whole, store):
    whole()
    path = store.root / "r" / "checkpoints" / "00000004-b1" / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match=r"optimizer\.safetensors is damaged: its SHA-256 is not the sealed one"):
        fork("r@4", store)


# --- a new stage -------------------------------------------------------------------------------


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps({"text": f"{n} plus {n} makes {2 * n}."}) + "\n" for n in range(20)))
    return path


@pytest.fixture
def base(model_folder, tmp_path):
    """A model one can change."""
    return shutil.copytree(model_folder, tmp_path / "base")


@pytest.fixture
def train(store, capsys):
    """Runs `assay train` here; its exit code, and what it said."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            assay.cli.main(["train", *map(str, arguments), "--store", str(store.path)])
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return call


SHORT = ("--set", "train.steps=2", "--set", "train.batch_size=4", "--set", "run.name=next")


def stage_before(config_for, store, text_file, **settings):
    return start_run(config_for(train__stage="cpt", data__train=str(text_file), run__name="cpt", **settings), store)


def test_an_adapter_is_trained_on_the_weights_of_a_stage_before(config_for, store, text_file, data_file, train):
    stage_before(config_for, store, text_file, train__method="full")
    code, _, err = train("--from", "cpt@3", "--data", data_file, *SHORT)
    assert (code, err.count("Traceback")) == (0, 0)
    run = show_run(store, "next")
    assert (run["parent"], run["stage"], run["step"]) == ("cpt/1@3", "sft", 2)
    begun = checkpoints(store, "cpt")[0]
    assert run["config"]["model"]["path"] == str(begun)
    assert [pin.holder for pin in held(store, "cpt/checkpoints/00000003-b1")] == ["next"]
    base = json.loads((checkpoints(store, "next")[-1] / "adapter_config.json").read_text())
    assert base["base_model_name_or_path"] == str(begun)
    assert events(store, "replay", "next") == []
    # Step 1 is the first of this data, not the fourth.
    assert [row["step"] for row in batches(store, "next")] == [1, 2]


def test_an_adapter_of_a_stage_before_is_trained_on_in_its_own_shape(config_for, store, text_file, data_file, train):
    stage_before(config_for, store, text_file, lora__rank=3, lora__alpha=5.0, lora__target=["q_proj", "v_proj"])
    code, _, err = train("--from", "cpt@6", "--data", data_file, *SHORT, "--set", "optim.lr=1e-9")
    assert (code, err.count("Traceback")) == (0, 0)
    run = show_run(store, "next")
    lora = run["config"]["lora"]
    assert (lora["rank"], lora["alpha"], sorted(lora["target"])) == (3, 5.0, ["q_proj", "v_proj"])
    assert (run["parent"], run["stage"]) == ("cpt/1@6", "sft")
    before, after = (weights(checkpoints(store, name)[-1]) for name in ("cpt", "next"))
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-7) for name in before)
    assert any(tensor.abs().max() > 1e-3 for name, tensor in before.items() if "lora_B" in name)
    assert [pin.holder for pin in held(store, "cpt/checkpoints/00000006-b1")] == ["next"]


def test_a_stage_of_an_adapter_can_be_resumed(config_for, store, text_file, data_file, train):
    stage_before(config_for, store, text_file, lora__rank=3)
    train("--from", "cpt@6", "--data", data_file, *SHORT)
    assert resume_run("next", ("train.steps=3",), store).outcome.state.step == 3
    (path,) = (path for path in checkpoints(store, "cpt")[-1].glob("adapter_model*"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ResumeError, match="has changed since the run began"):
        resume_run("next", ("train.steps=4",), store)


def test_an_adapter_is_not_trained_on_upon_another_base(config_for, store, text_file, data_file, train, base):
    stage_before(config_for, store, text_file, model__path=str(base))
    code, _, err = train("--from", "cpt@6", "--data", data_file, *SHORT)
    assert (code, err.count("Traceback")) == (0, 0)
    weights_of_base = base / "model.safetensors"
    was = weights_of_base.read_bytes()
    weights_of_base.write_bytes(was[:-4] + b"\0\0\0\0")
    for origin, run in (("cpt@6", "cpt"), ("next@2", "next")):
        for method in ("lora", "full"):
            more = ("--set", f"train.method={method}", "--set", "run.name=third")
            adapter = checkpoints(store, run)[-1]
            says = f"assay: the model in {base} is not the one that the adapter in {adapter} was trained on; "
            says += "put that one back, or name its folder\n"
            assert train("--from", origin, "--data", data_file, *SHORT, *more) == (2, "", says)
    assert not (store.root / "third").exists()
    weights_of_base.write_bytes(was)
    assert train("--from", "next@2", "--data", data_file, *SHORT, "--set", "run.name=third")[0] == 0


def test_an_adapter_is_put_on_the_same_base_in_another_folder(config_for, store, text_file, base, tmp_path):
    stage_before(config_for, store, text_file, model__path=str(base))
    moved = base.rename(tmp_path / "moved")
    adapter = str(checkpoints(store, "cpt")[-1])
    ended = start_run(config_for(model__path=str(moved), model__adapter=adapter, train__steps=1), store)
    assert ended.outcome.state.step == 1


def test_an_adapter_is_taken_into_the_weights_of_a_full_run(
    config_for, store, text_file, data_file, train, model_folder
):
    stage_before(config_for, store, text_file, optim__lr=5e-2)
    last = checkpoints(store, "cpt")[-1]
    full = prepare(config_for(model__adapter=str(last), train__method="full"))
    adapted = prepare(config_for(model__adapter=str(last)))
    plain = prepare(config_for())
    examples = full.data.validation
    merged, on_top, without = (
        job.engine.evaluate(examples, micro_batch=4) for job in (full, adapted, plain)
    )  # fmt: skip
    assert merged == pytest.approx(on_top, rel=1e-5)
    assert merged != pytest.approx(without, rel=1e-4)
    trained, all_of_them = full.parameters
    assert trained == all_of_them
    code, _, err = train("--from", "cpt@6", "--data", data_file, *SHORT, "--set", "train.method=full")
    assert (code, err.count("Traceback")) == (0, 0)
    assert metric(store, "val_loss", "next")[1, 0] < 100
    saved = checkpoints(store, "next")[-1]
    assert set(load_file(saved / "model.safetensors")) == set(load_file(model_folder / "model.safetensors"))
    assert resume_run("next", ("train.steps=3",), store).outcome.state.step == 3


def test_the_shape_of_an_adapter_is_read_from_its_folder(config_for, store, tmp_path):
    start_run(config_for(lora__rank=4, lora__alpha=7.0, lora__dropout=0.3, train__steps=1), store)
    (folder,) = checkpoints(store)
    found = prepare(config_for(model__adapter=str(folder))).config.lora
    assert (found.rank, found.alpha, found.dropout) == (4, 7.0, 0.3)
    assert {name.rpartition(".")[2] for name in found.target} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    assert prepare(config_for(model__adapter=str(folder), train__method="full")).config.lora == LoraConfig()


def test_what_an_origin_cannot_be_named_with_is_refused(config_for, store, data_file, model_folder, train, capsys):
    start_run(config_for(train__steps=1), store)
    before = sorted(path.name for path in store.root.iterdir() if path.is_dir())
    capsys.readouterr()
    refused = [
        train("--from", "r@1", "--data", data_file, "--model", model_folder),
        train("--from", "r@7"),
        train("--from", "r@7", "--data", data_file),
        train("--from", "ghost"),
        train("--from", "r@1", "--resume", "r"),
        train("--from", "r@x"),
    ]
    assert [code for code, _, _ in refused] == [2] * 6
    assert {out for _, out, _ in refused} == {""}
    assert [err.count("\n") for _, _, err in refused] == [1] * 6
    assert refused[0][2] == "assay: --from r names the model to start from; leave out --model and model.path\n"
    assert refused[1][2] == refused[2][2] == "assay: run r has no sealed checkpoint at step 7; there are: 1\n"
    assert sorted(path.name for path in store.root.iterdir() if path.is_dir()) == before


def test_a_store_named_by_a_relative_path_is_forked_in_too(config_for, store, monkeypatch, capsys):
    start_run(config_for(train__steps=2, checkpoint__every=1), store)
    monkeypatch.chdir(store.root.parent)
    with pytest.raises(SystemExit) as ended:
        assay.cli.main(["train", "--from", "r@1", "--store", store.root.name])
    assert ended.value.code in (0, None)
    assert store.rows("SELECT parent FROM run WHERE name = 'r-from-1'") == [{"parent": "r/1@1"}]


def test_an_adapter_that_is_none_is_named(config_for, tmp_path):
    with pytest.raises(ModelError, match=f"^{tmp_path} is no LoRA adapter: "):
        prepare(config_for(model__adapter=str(tmp_path)))
