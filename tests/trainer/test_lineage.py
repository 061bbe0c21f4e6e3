"""A run that starts from a checkpoint names it and keeps it from being deleted."""

from store.artifacts import sealed_folders
from store.pins import held
from store.runs import show_run
from trainer.lineage import parent_of
from trainer.session import start_run


def test_a_child_run_names_its_parent_and_pins_it(config_for, store):
    base = start_run(config_for(train__method="full", run__name="base"), store)
    first, last = sealed_folders(base.folder / "checkpoints")
    start_run(config_for(model__path=str(last), run__name="child", train__steps=1), store)
    assert show_run(store, "child")["parent"] == "base/1@6"
    assert [(pin.holder_kind, pin.holder) for pin in held(store, "base/checkpoints/00000006-b1")] == [("run", "child")]
    assert held(store, "base/checkpoints/00000003-b1") == []
    assert first.exists()


def test_a_model_from_elsewhere_has_no_parent(model_folder, store):
    assert parent_of(str(model_folder), store) is None


def test_a_damaged_store_does_not_keep_a_child_from_training(config_for, store):
    base = start_run(config_for(train__method="full", run__name="base"), store)
    last = sealed_folders(base.folder / "checkpoints")[-1]
    store.path.write_bytes(b"no database" * 100)
    ended = start_run(config_for(model__path=str(last), run__name="child", train__steps=1), store)
    assert ended.outcome.state.step == 1
