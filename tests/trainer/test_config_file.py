"""Configurations: what is not understood is said, with the nearest right word."""

import dataclasses

import pytest

from trainer.config import Config
from trainer.config_file import SECTIONS, as_dict, config_from, read_toml, to_toml, with_settings
from trainer.errors import ConfigError

NAMED = {"model": {"path": "m"}, "data": {"train": "d.jsonl"}}


def refusal(action, *arguments):
    with pytest.raises(ConfigError) as caught:
        action(*arguments)
    return str(caught.value)


def test_the_defaults_are_those_of_the_design():
    config = config_from(NAMED)
    assert (config.train.stage, config.train.method, config.lr, config.optim.clip) == ("sft", "lora", 1e-4, 1.0)
    assert config_from({**NAMED, "train": {"method": "full"}}).lr == 2e-5
    assert config_from({**NAMED, "train": {"stage": "pretrain", "method": "full"}}).lr == 1e-3
    assert config_from({**NAMED, "optim": {"lr": 0.5}}).lr == 0.5


def test_every_key_has_a_default_and_says_what_it_means():
    for section, make in SECTIONS.items():
        source = make.__doc__
        assert source.startswith(f"[{section}]")
        for field in dataclasses.fields(make):
            assert field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"trian": {}}, "there is no section called trian; did you mean train?"),
        ({"train": {"epoch": 3}}, "there is no key in [train] called epoch; did you mean epochs?"),
        ({"train": {"lr": 1e-4}}, "there is no key in [train] called lr; did you mean optim.lr?"),
        ({"train": 3}, "[train] must be a section, not a value"),
        ({"train": {"steps": 2.5}}, "train.steps must be a whole number, and is 2.5"),
        ({"train": {"steps": True}}, "train.steps must be a whole number, and is true"),
        ({"train": {"batch_size": 0}}, "train.batch_size must be above 0, and is 0"),
        ({"optim": {"lr": "fast"}}, 'optim.lr must be a number, and is "fast"'),
        ({"optim": {"lr": -1}}, "optim.lr must be above 0, and is -1.0"),
        ({"optim": {"schedule": "cosin"}}, 'optim.schedule must be cosine, linear or constant, and is "cosin"'),
        ({"lora": {"target": [1]}}, "lora.target must be a list of texts or text, and is [1]"),
        ({"data": {"validation": 1.0}}, "data.validation must be a file, or a share of the rows below 1, and is 1.0"),
        ({"checkpoint": {"keep": 0}}, "checkpoint.keep must be above 0, and is 0"),
        ({"record": {"system_seconds": 0.01}},
         "record.system_seconds must be 0 for none, or 0.1 to 86400, and is 0.01"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_in_a_sentence(tables, said):
    assert refusal(config_from, {**NAMED, **tables}) == said


def test_an_unknown_key_far_from_all_others_lists_those_there_are():
    assert refusal(config_from, {**NAMED, "lora": {"zzz": 1}}) == (
        "there is no key in [lora] called zzz; known are rank, alpha, dropout, target, new_tokens"
    )


def test_a_missing_model_or_data_says_how_to_name_it():
    assert refusal(config_from, {}) == "no model is named; give [model] path, or --model DIR"
    assert refusal(config_from, {"model": {"path": "m"}}) == "no data is named; give [data] train, or --data FILE"


def test_settings_are_read_by_the_type_of_their_key():
    settings = [
        "optim.lr=2e-5", "train.steps=7", "run.name=12", "run.tags=['a', 'b']", "data.validation=0.1",
        "lora.target=q_proj", "model.allow_download=true", "train.steps = 8",
    ]  # fmt: skip
    config = config_from(with_settings(NAMED, settings))
    assert (config.optim.lr, config.train.steps, config.run.name, config.run.tags) == (2e-5, 8, "12", ["a", "b"])
    assert (config.data.validation, config.lora.target, config.model.allow_download) == (0.1, "q_proj", True)


def test_an_owner_is_text_as_users_are_known_by_name_or_number_and_nobody_unless_named():
    assert config_from(NAMED).run.owner == ""
    assert config_from(with_settings(NAMED, ["run.owner=12"])).run.owner == "12"
    assert config_from({**NAMED, "run": {"owner": "林"}}).run.owner == "林"
    assert refusal(config_from, {**NAMED, "run": {"owner": 12}}) == "run.owner must be text, and is 12"


def test_settings_do_not_change_what_they_are_applied_to():
    with_settings(NAMED, ["model.path=other"])
    assert NAMED["model"] == {"path": "m"}


@pytest.mark.parametrize("setting", ["optim.lr", "lr=3", "=3", ".a=1", "a.=1"])
def test_a_setting_in_no_form_we_know_shows_the_form(setting):
    assert refusal(with_settings, NAMED, [setting]) == (
        f"--set {setting}: write --set section.key=value, as in --set optim.lr=2e-5"
    )


def test_a_setting_of_an_unknown_key_names_the_nearest():
    assert refusal(with_settings, NAMED, ["optim.learning=3"]).startswith(
        "there is no key in [optim] called learning; "
    )
    assert refusal(with_settings, NAMED, ["optin.lr=3"]) == "there is no section called optin; did you mean optim?"


def test_paths_in_a_file_are_relative_to_the_file(tmp_path):
    (tmp_path / "rows.jsonl").touch()
    (tmp_path / "job.toml").write_text('[model]\npath = "elsewhere"\n[data]\ntrain = "rows.jsonl"\n')
    tables = read_toml(tmp_path / "job.toml")
    assert tables == {"model": {"path": "elsewhere"}, "data": {"train": str(tmp_path / "rows.jsonl")}}


def test_files_that_cannot_be_read_are_named(tmp_path):
    missing, broken = tmp_path / "no.toml", tmp_path / "broken.toml"
    broken.write_text("[run\n")
    assert refusal(read_toml, missing) == f"there is no configuration file {missing}"
    assert refusal(read_toml, broken).startswith(f"{broken} is no valid TOML: ")


def test_a_configuration_comes_back_from_toml_as_it_took_effect(tmp_path):
    tables = {
        **NAMED,
        "run": {"name": '试金 "x"', "tags": ["a"]},
        "lora": {"target": ["q", "v"]},
        "train": {"steps": 5},
    }
    config = config_from(tables)
    (tmp_path / "config.toml").write_text(to_toml(config), encoding="utf-8")
    again = config_from(read_toml(tmp_path / "config.toml"))
    assert as_dict(again) == as_dict(config)
    assert again.optim.lr == 1e-4
    assert isinstance(again, Config)
