"""Processes with a part of the model each learn what one process learns, and seal the same checkpoints."""

import json
from dataclasses import replace

import pytest
import torch

from evals.choice import score_items
from evals.suite import read_suite
from store.artifacts import verify
from store.database import Store
from store.runs import show_run
from tests.trainer.asked import places, results
from tests.trainer.parallel.launched import launch, train_together
from tests.trainer.parallel.test_ddp import same_curves
from tests.trainer.seen import active, checkpoints, learned, said, weights
from trainer.asked import find_asked, load_asked
from trainer.config_file import to_toml
from trainer.session import start_run

FSDP = {"train__parallel": "fsdp"}


def settled(path):
    """What a JSON file says, its lists without an order, as peft writes sets."""
    found = json.loads(path.read_text())
    return {name: sorted(value) if isinstance(value, list) else value for name, value in found.items()}


@pytest.mark.parametrize("settings", [
    {"train__method": "full", "train__batch_size": 3, "train__micro_batch": 1},
    pytest.param({"train__stage": "cpt"}, marks=pytest.mark.slow),
], ids=["full, uneven", "lora, packed"])  # fmt: skip
def test_two_processes_with_half_a_model_each_learn_what_one_learns(config_for, trained, store, tmp_path, settings):
    settings = {"lora__dropout": 0.0, **settings}
    start_run(config_for(**settings), store)
    several = trained(harm=f"shows_parts:{tmp_path / 'parts'}", **settings, **FSDP)
    same_curves(store, several)
    parts = [json.loads((tmp_path / f"parts.{rank}").read_text()) for rank in (0, 1)]
    for name, (kind, shape, first) in parts[0].items():
        second = parts[1][name][2]
        assert kind == "DTensor", name
        assert [first[0] + second[0], *first[1:]] == shape, name
    one, two = checkpoints(store)[-1], checkpoints(several)[-1]
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in two.iterdir())
    assert verify(two)["processes"] == {"world_size": 2, "parallel": "fsdp"}
    here, there = weights(one), weights(two)
    assert here.keys() == there.keys()
    for name, weight in here.items():
        torch.testing.assert_close(there[name], weight, rtol=1e-3, atol=1e-4)
    for name in ("config.json", "adapter_config.json"):
        if (one / name).exists():
            assert settled(one / name) == settled(two / name)


@pytest.fixture
def broken_off(written, tmp_path):
    """A run in parts, one process of which died; its store."""
    place = tmp_path / "broken"
    settings = {"train__steps": 8, "lora__dropout": 0.2, **FSDP}
    ended = launch(tmp_path, written(**settings), "--store", place, harm="dies_in_step:1:6").wait()
    assert ended[0].code == 2
    return Store.at(place / "assay.duckdb")


def test_a_run_in_parts_goes_on_to_the_bits(broken_off, trained, tmp_path):
    whole = trained("whole", train__steps=8, lora__dropout=0.2, **FSDP)
    assert [one.code for one in launch(tmp_path, "--resume", "r", "--store", broken_off.root).wait()] == [0, 0]
    assert learned(checkpoints(broken_off)[-1]) == learned(checkpoints(whole)[-1])
    assert active(broken_off, "loss") == active(whole, "loss")
    assert said(broken_off, "replay") == ["steps 4 to 5, done again, came to the same numbers, bit for bit"]


@pytest.mark.parametrize(("harm", "says"), [
    ("part_flips:1:2", "process 1 holds another part of "),
    pytest.param("part_flips:1:2:moment", "exp_avg than was gathered of it: memory or a link", marks=pytest.mark.slow),
    pytest.param("a_link_garbles:0:1", "process 1 holds another part of ", marks=pytest.mark.slow),
], ids=["weight", "moment", "link"])  # fmt: skip
def test_parts_that_are_not_those_that_were_gathered_are_not_sealed(written, tmp_path, harm, says):
    place = tmp_path / "several"
    ended = launch(tmp_path, written(**FSDP), "--store", place, harm=harm).wait()
    assert ended[0].code == 2
    assert says in ended[0].err
    sealed = [folder.name for folder in checkpoints(Store.at(place / "assay.duckdb"))]
    assert sealed == ([] if harm.endswith("garbles:0:1") else ["00000003-b1"])


@pytest.mark.slow
def test_parts_become_copies_or_one_process_only_where_that_is_declared(broken_off, tmp_path):
    copies = ("--resume", "r", "--store", broken_off.root, "--set", "train.parallel=ddp")
    refused = launch(tmp_path, *copies).wait()
    assert "by 2 processes (fsdp), and this is 2 processes (ddp)" in refused[0].err
    assert [one.code for one in launch(tmp_path, *copies, "--reshard").wait()] == [0, 0]
    alone = ("--from", "r@3", "--store", broken_off.root)
    assert "and this is one process" in launch(tmp_path, *alone, size=1).wait()[0].err
    assert launch(tmp_path, *alone, "--reshard", size=1).wait()[0].code == 0
    assert active(broken_off, "loss", "r-from-3")[4] == pytest.approx(active(broken_off, "loss")[4], rel=0.05)


def test_parts_go_back_together_and_are_asked_as_a_whole(trained, suites):
    store = trained(harm="not_a_number:1:5:7", train__steps=10, eval__suites=suites, **FSDP)
    assert [branch["reason"] for branch in show_run(store, "r")["branches"]] == ["start", "replay"]
    assert sorted(active(store, "loss")) == [*range(1, 11)]
    assert places(store, "facts") == [("facts", None, None), *[("facts", 1, step) for step in (3, 6)],
                                      *[("facts", 2, step) for step in (6, 9, 10)]]  # fmt: skip
    # As the checkpoint answers that was sealed then, which one process reads.
    asked = results(store, "facts")[-1]
    model, tokenizer = load_asked(find_asked("r@10", store))
    scores = score_items(model, tokenizer, read_suite(suites[0]).items)
    assert [row.lls for row in asked.items] == [pytest.approx(score.lls, abs=1e-4) for score in scores]


@pytest.mark.slow
def test_preferences_are_learned_in_parts(dpo, trained, store, tmp_path):
    config = dpo()
    start_run(config, store)
    path = tmp_path / "dpo.toml"
    path.write_text(to_toml(replace(config, train=replace(config.train, parallel="fsdp"))))
    train_together(tmp_path, path, "--store", tmp_path / "several")
    several = Store.at(tmp_path / "several" / "assay.duckdb")
    for name in ("loss", "rewards/margin", "logps/chosen", "val_loss"):
        assert active(several, name) == pytest.approx(active(store, name), rel=2e-3, abs=1e-5), name
