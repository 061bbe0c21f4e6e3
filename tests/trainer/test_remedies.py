"""Each remedy changes what it says and nothing else; from the start on, or where the guard declares it."""

import json

import pytest
import torch

from tests.trainer.seen import active, checkpoints, state_of
from trainer.config_file import config_from, read_toml, to_toml, with_settings
from trainer.errors import ConfigError
from trainer.groups import group_of, layers_of
from trainer.job import prepare
from trainer.optim import adjust
from trainer.remedies import SHALLOW, Remedies
from trainer.session import resume_run, start_run
from trainer.step import seed_step

FULL = {"train__method": "full", "data__validation": 0.0, "optim__clip": 0.0}


def gradients(job, remedies):
    job.engine.remedies = remedies
    seed_step(0, 1)
    examples = job.data.train[:4]
    found = job.engine.measure(job.optimizer, examples, micro_batch=4, clip=job.config.optim.clip)
    taken = {name: item.grad.clone() for name, item in job.model.named_parameters() if item.grad is not None}
    job.optimizer.zero_grad(set_to_none=True)
    return found, taken


def is_shallow(job, name):
    return group_of(name, layers_of(other for other, _ in job.model.named_parameters())) in SHALLOW


def test_the_shallow_gradient_is_scaled_and_no_other_and_the_norm_recorded_is_the_one_before(config_for):
    job = prepare(config_for(**FULL))
    before, plain = gradients(job, Remedies())
    after, scaled = gradients(job, Remedies(shallow_gradient=0.125))
    assert after.grad_norm == before.grad_norm
    assert after.group_norms == before.group_norms
    for name, gradient in plain.items():
        assert scaled[name].equal(gradient * 0.125 if is_shallow(job, name) else gradient)


def test_the_shallow_gradient_acts_before_clipping(config_for):
    job = prepare(config_for(**{**FULL, "optim__clip": 0.01}))
    _, scaled = gradients(job, Remedies(shallow_gradient=0.125))
    norm = torch.linalg.vector_norm(torch.stack([item.norm() for item in scaled.values()]))
    assert norm.item() == pytest.approx(0.01, rel=1e-3)


def test_the_embedding_gradient_is_that_of_glm(config_for):
    job = prepare(config_for(**FULL))
    found, scaled = gradients(job, Remedies(embedding_gradient=0.25))
    embedding = job.model.get_input_embeddings()

    def shrunk(_module, _inputs, output):
        return 0.25 * output + 0.75 * output.detach()

    hook = embedding.register_forward_hook(shrunk)
    same, expected = gradients(job, Remedies())
    hook.remove()
    assert found.loss == pytest.approx(same.loss, abs=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(scaled[name], gradient, rtol=1e-4, atol=1e-6)
    _, plain = gradients(job, Remedies())
    (table,) = (name for name in plain if "embed_tokens" in name)
    assert not torch.allclose(plain[table], scaled[table])


def test_the_shallow_update_scales_what_adam_adds_and_nothing_else(config_for):
    moved = {}
    for factor in (1.0, 0.125):
        job = prepare(config_for(**FULL))
        before = {name: item.detach().clone() for name, item in job.model.named_parameters()}
        seed_step(0, 1)
        job.engine.measure(job.optimizer, job.data.train[:4], micro_batch=4, clip=0.0)
        adjust(job.optimizer, job.config.optim, Remedies(shallow_update=factor), 1e-3)
        job.optimizer.step()
        moved[factor] = {name: item.detach() - before[name] for name, item in job.model.named_parameters()}
    for name, change in moved[1.0].items():
        if is_shallow(job, name):
            torch.testing.assert_close(moved[0.125][name], change * 0.125, rtol=0, atol=1e-6)
        else:
            assert moved[0.125][name].equal(change)


def test_epsilon_is_set_and_put_back(config_for):
    job = prepare(config_for(optim__eps=1e-6))
    adjust(job.optimizer, job.config.optim, Remedies(eps=1e-12), 1e-3)
    assert {group["eps"] for group in job.optimizer.param_groups} == {1e-12}
    adjust(job.optimizer, job.config.optim, Remedies(), 1e-3)
    assert {group["eps"] for group in job.optimizer.param_groups} == {1e-6}


def test_remedies_from_the_start_are_in_effect_recorded_and_kept_on_resume(config_for, store):
    remedies = {"guard.remedies__lr": 0.25, "guard.remedies__from_start": ["lr", "shallow_update"]}
    start_run(config_for(run__name="plain", optim__schedule="constant"), store)
    start_run(config_for(**remedies, optim__schedule="constant"), store)
    assert set(active(store, "lr").values()) == {5e-3 * 0.25}
    kept = {"lr": 0.25, "shallow_update": 0.1}
    folder = checkpoints(store)[-1]
    assert state_of(folder)["remedies"] == kept
    assert json.loads((folder / "manifest.json").read_text())["interventions"] == kept
    resume_run("r", ["train.steps=8"], store)
    assert state_of(checkpoints(store)[-1])["remedies"] == kept


def test_steps_left_out_from_the_start_are_counted_and_not_learned(config_for, store):
    start_run(config_for(**{"guard.remedies__leave_out": [[2, 3], [6, 6]]}), store)
    rows = store.rows("SELECT step, verdict, update, len(losses) AS losses FROM step_batch ORDER BY step")
    assert [row["verdict"] for row in rows] == ["commit", "left-out", "left-out", "commit", "commit", "left-out"]
    assert [row["update"] for row in rows] == [1, 1, 1, 2, 3, 3]
    assert [row["losses"] for row in rows] == [4, 0, 0, 4, 4, 0]
    assert state_of(checkpoints(store)[-1])["step"] == 6


def test_a_loss_scale_is_begun_with_and_kept(config_for, store):
    remedies = {"guard.remedies__loss_scale": 8.0, "guard.remedies__loss_scale_interval": 2}
    config = config_for(
        **remedies, train__precision="fp16", **{"guard.remedies__from_start": ["loss_scale", "loss_scale_interval"]}
    )
    start_run(config, store)
    scales = list(active(store, "loss_scale").values())
    assert scales[0] == 8.0
    assert scales[-1] > scales[0]
    assert state_of(checkpoints(store)[-1])["loss_scale"]["growth_interval"] == 2


def test_settings_reach_the_inner_section_from_a_file_and_from_the_command_line(config_for, tmp_path):
    config = config_for(**{"guard.remedies__eps": 1e-10})
    path = tmp_path / "config.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert "[guard.remedies]\n" in path.read_text(encoding="utf-8")
    again = config_from(with_settings(read_toml(path), ["guard.remedies.lr=0.25", "guard.mode=watch"]))
    assert (again.remedies.eps, again.remedies.lr, again.guard.mode) == (1e-10, 0.25, "watch")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"guard__mode": "on"}, "guard.mode must be act or watch"),
        ({"guard.remedies__lr": 2.0}, "guard.remedies.lr must be above 0 and at most 1"),
        ({"guard.remedies__from_start": ["esp"]}, "guard.remedies.from_start must be a list of some of lr"),
        ({"guard.remedies__from_start": ["eps"]}, "from_start names eps, and guard.remedies.eps is not given"),
        ({"guard.remedies__leave_out": [[5, 2]]}, "guard.remedies.leave_out must be pairs of steps from 1 up"),
        ({"guard.remedies__leave_out": [5]}, "guard.remedies.leave_out must be a list of pairs of steps"),
        ({"guard.remedies__shalow_update": 0.1}, "did you mean shallow_update"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(config_for, settings, sentence):
    with pytest.raises(ConfigError, match=sentence.replace(".", r"\.")):
        config_for(**settings)
